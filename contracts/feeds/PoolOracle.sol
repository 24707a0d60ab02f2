// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IOracle} from "../interfaces/IMorpho.sol";
import {IUniswapV2Pair} from "../interfaces/IUniswapV2.sol";

/// @title PoolOracle
/// @notice Lets a Morpho market lend against the price in a Uniswap V2 pair, as it is at this moment.
/// @dev For studying what this does, not for protecting anybody: liquidations that sell into the pair lower the very price that
/// sets off the next one, and whoever can move the pair for a moment can borrow too much or have others liquidated.
contract PoolOracle is IOracle {
    /// @notice The pair of collateral and loan token.
    IUniswapV2Pair public immutable PAIR;
    /// @notice Whether the collateral is the pair's first token.
    bool public immutable COLLATERAL_FIRST;

    /// @notice The collateral is neither of the pair's tokens.
    error PoolOracle__NotInPair(address collateral);
    /// @notice The pair holds nothing, and so has no price.
    error PoolOracle__Empty();

    /// @notice Fixes the pair and its direction.
    /// @param pair Collateral and loan token.
    /// @param collateral Token that is posted; the other one is lent.
    constructor(IUniswapV2Pair pair, address collateral) {
        COLLATERAL_FIRST = pair.token0() == collateral;
        if (!COLLATERAL_FIRST && pair.token1() != collateral) revert PoolOracle__NotInPair(collateral);
        PAIR = pair;
    }

    /// @inheritdoc IOracle
    /// @dev Rounded down: against the borrower.
    function price() external view returns (uint256) {
        // The time of the last update says nothing about the price of now.
        // slither-disable-next-line unused-return
        (uint256 units, uint256 cash,) = PAIR.getReserves();
        if (!COLLATERAL_FIRST) (units, cash) = (cash, units);
        if (units == 0 || cash == 0) revert PoolOracle__Empty();
        return cash * 1e36 / units;
    }
}
