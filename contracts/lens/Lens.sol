// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IncomeModule} from "../compliance/IncomeModule.sol";
import {IAggregatorV3} from "../interfaces/IChainlink.sol";
import {IMorpho, Market} from "../interfaces/IMorpho.sol";
import {IIdentityRegistry} from "../interfaces/ITrex.sol";
import {IUniswapV2Pair} from "../interfaces/IUniswapV2.sol";

/// @title Lens
/// @notice Reads what thousands of accounts hold in one call. Holds nothing, changes nothing.
/// @dev **Packing.** Lists of addresses come in as `bytes`, 20 a piece and no padding: `uint8[n, 20].tobytes()` in numpy.
/// Numbers go out as `bytes`, 16 a piece, big-endian and unsigned, row by row:
///
///     np.frombuffer(out, ">u8").reshape(n, k, 2)      # [..., 0] is 2**64 times [..., 1]; zero in all but huge numbers
///
/// Flags go out one byte a piece, 0 or 1. A number beyond 128 bits, or below zero, is refused, never cut.
///
/// **Length.** 3,500 gas for a balance, 7,000 for an income, more behind proxies: 2,000 accounts a call fit any node's limit.
contract Lens {
    // Many calls in one are what a lens is for; nothing here can be stopped by one of them but the reading itself.
    // slither-disable-start calls-loop,unused-return

    uint256 private constant ADDRESS_BYTES = 20;
    uint256 private constant NUMBER_BYTES = 16;

    /// @notice A list of addresses is not a multiple of 20 bytes long.
    error Lens__BadLength(uint256 length);
    /// @notice A number is below zero or beyond 128 bits.
    error Lens__DoesNotFit(uint256 value);

    /// @notice Balances in a token.
    /// @param token The token.
    /// @param accounts Packed addresses, [n].
    /// @return out Rows [balance], n of them.
    function balances(IERC20 token, bytes calldata accounts) external view returns (bytes memory out) {
        uint256 n = _count(accounts);
        out = _numbers(n);
        for (uint256 i; i < n; ++i) {
            _put(out, i, token.balanceOf(_at(accounts, i)));
        }
    }

    /// @notice Total supplies.
    /// @param tokens Packed addresses, [n].
    /// @return out Rows [supply], n of them.
    function supplies(bytes calldata tokens) external view returns (bytes memory out) {
        uint256 n = _count(tokens);
        out = _numbers(n);
        for (uint256 i; i < n; ++i) {
            _put(out, i, IERC20(_at(tokens, i)).totalSupply());
        }
    }

    /// @notice Income that could be claimed.
    /// @param module Where it accrues.
    /// @param token The token it accrues on.
    /// @param accounts Packed addresses, [n].
    /// @return out Rows [cash], n of them.
    function incomes(IncomeModule module, address token, bytes calldata accounts)
        external
        view
        returns (bytes memory out)
    {
        uint256 n = _count(accounts);
        out = _numbers(n);
        for (uint256 i; i < n; ++i) {
            _put(out, i, module.accrued(token, _at(accounts, i)));
        }
    }

    /// @notice Who has a verified identity.
    /// @param registry Where it is registered.
    /// @param accounts Packed addresses, [n].
    /// @return out Flags, n of them.
    function verified(IIdentityRegistry registry, bytes calldata accounts) external view returns (bytes memory out) {
        uint256 n = _count(accounts);
        out = new bytes(n);
        for (uint256 i; i < n; ++i) {
            if (registry.isVerified(_at(accounts, i))) out[i] = 0x01;
        }
    }

    /// @notice Uniswap V2 pairs.
    /// @param pairs Packed addresses, [n].
    /// @return out Rows [reserve0, reserve1, shares in existence], n of them.
    function reserves(bytes calldata pairs) external view returns (bytes memory out) {
        uint256 n = _count(pairs);
        out = _numbers(3 * n);
        for (uint256 i; i < n; ++i) {
            IUniswapV2Pair pair = IUniswapV2Pair(_at(pairs, i));
            (uint112 reserve0, uint112 reserve1,) = pair.getReserves();
            _put(out, 3 * i, reserve0);
            _put(out, 3 * i + 1, reserve1);
            _put(out, 3 * i + 2, pair.totalSupply());
        }
    }

    /// @notice Positions in a Morpho market.
    /// @param morpho Morpho.
    /// @param id The market.
    /// @param accounts Packed addresses, [n].
    /// @return out Rows [supply shares, borrow shares, units of collateral], n of them.
    function positions(IMorpho morpho, bytes32 id, bytes calldata accounts) external view returns (bytes memory out) {
        uint256 n = _count(accounts);
        out = _numbers(3 * n);
        for (uint256 i; i < n; ++i) {
            (uint256 supplied, uint128 borrowed, uint128 collateral) = morpho.position(id, _at(accounts, i));
            _put(out, 3 * i, supplied);
            _put(out, 3 * i + 1, borrowed);
            _put(out, 3 * i + 2, collateral);
        }
    }

    /// @notice Totals of Morpho markets as stored, that is without interest since the last update.
    /// @param morpho Morpho.
    /// @param ids The markets, [n].
    /// @return out Rows [supply assets, supply shares, borrow assets, borrow shares, last update, fee], n of them.
    function markets(IMorpho morpho, bytes32[] calldata ids) external view returns (bytes memory out) {
        out = _numbers(6 * ids.length);
        for (uint256 i; i < ids.length; ++i) {
            Market memory market = morpho.market(ids[i]);
            _put(out, 6 * i, market.totalSupplyAssets);
            _put(out, 6 * i + 1, market.totalSupplyShares);
            _put(out, 6 * i + 2, market.totalBorrowAssets);
            _put(out, 6 * i + 3, market.totalBorrowShares);
            _put(out, 6 * i + 4, market.lastUpdate);
            _put(out, 6 * i + 5, market.fee);
        }
    }

    /// @notice Newest closed rounds of feeds.
    /// @param feeds Packed addresses, [n].
    /// @return out Rows [round id, answer, started at, updated at], n of them;
    /// all zero for a feed that has none yet (or fails).
    function rounds(bytes calldata feeds) external view returns (bytes memory out) {
        uint256 n = _count(feeds);
        out = _numbers(4 * n);
        for (uint256 i; i < n; ++i) {
            try IAggregatorV3(_at(feeds, i)).latestRoundData() returns (
                uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80
            ) {
                _put(out, 4 * i, id);
                // A negative answer becomes a huge number, which is refused.
                // forge-lint: disable-next-line(unsafe-typecast)
                _put(out, 4 * i + 1, uint256(answer));
                _put(out, 4 * i + 2, startedAt);
                _put(out, 4 * i + 3, updatedAt);
                // solhint-disable-next-line no-empty-blocks
            } catch {} // no round yet: zeros
        }
    }

    // slither-disable-end calls-loop,unused-return

    /* PACKING */

    function _count(bytes calldata list) private pure returns (uint256) {
        if (list.length % ADDRESS_BYTES != 0) revert Lens__BadLength(list.length);
        return list.length / ADDRESS_BYTES;
    }

    function _at(bytes calldata list, uint256 i) private pure returns (address) {
        return address(bytes20(list[ADDRESS_BYTES * i:]));
    }

    // numpy's packing is not Solidity's: only assembly writes it.
    // solhint-disable no-inline-assembly

    /// @dev Room for `n` numbers, and for the half word by which the last `_put` overshoots.
    function _numbers(uint256 n) private pure returns (bytes memory out) {
        out = new bytes(NUMBER_BYTES * n + NUMBER_BYTES);
        assembly ("memory-safe") {
            mstore(out, mul(NUMBER_BYTES, n))
        }
    }

    /// @dev Writes number `i` as the upper half of a word; the lower half is zero, and written by the next number. So in order,
    /// or into what is still zero.
    function _put(bytes memory out, uint256 i, uint256 value) private pure {
        if (value > type(uint128).max) revert Lens__DoesNotFit(value);
        assembly ("memory-safe") {
            mstore(add(add(out, 32), mul(NUMBER_BYTES, i)), shl(128, value))
        }
    }
}
