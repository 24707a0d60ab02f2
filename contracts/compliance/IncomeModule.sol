// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IModularCompliance, IModule, ISecurityToken} from "../interfaces/ITrex.sol";
import {IUniswapV2Pair} from "../interfaces/IUniswapV2.sol";
import {ComplianceModule} from "./ComplianceModule.sol";

/// @title IncomeModule
/// @notice Pays income (rent, royalty, harvest) in cash to the holders of tokens, pro rata to what they held when it came in.
/// One module serves many tokens.
/// @dev Income is accrued by an index per token: cash paid in so far for one unit, times 2**128. A holder is owed
/// units · (index now − index when last settled).
///
/// **The record.** The module pays on its own record of units, never on live balances. T-REX calls it after every balance change;
/// it then settles both accounts on the units it had on record and takes down their balance of now. Hence order, self-transfers,
/// mints and burns need no thought, and no token, compliance or hook that went missing can make it owe more than it was paid.
/// Should the record differ from the token (the module was added late, or taken off for a time), `distribute` refuses until
/// `record` has been called for the accounts concerned.
///
/// **To the wei.** For every token, exactly:
///
///     (distributed − paid) · 2**128 = Σ owed · 2**128 + Σ units · (index − their index) + carry
///
/// Holders are rounded down to whole units of cash; what is cut off is kept in `carry` and goes out with the next income.
///
/// **Excluded** accounts (Morpho, which cannot pass income on) earn nothing; their part goes to the rest.
/// **Pools** are paid like anybody and made to take the cash into their reserves at once, for their liquidity providers: cash
/// left lying in a Uniswap pair belongs to whoever calls `skim` first.
///
/// A wallet recovered by T-REX's `recoveryAddress` takes its units along, but what it was owed before stays with the old address.
contract IncomeModule is ComplianceModule, Ownable {
    using SafeERC20 for IERC20;

    /// @notice State of one token.
    /// @param index Cash paid in per eligible unit so far, times 2**128.
    /// @param carry Cash not yet given out, below one unit per settlement, times 2**128.
    /// @param eligible Units on record that earn.
    /// @param recorded Units on record.
    /// @param distributed Cash paid in so far.
    /// @param paid Cash paid out so far.
    struct Pot {
        uint256 index;
        uint256 carry;
        uint128 eligible;
        uint128 recorded;
        uint128 distributed;
        uint128 paid;
    }

    /// @dev An account's holding of one token: units on record, cash owed up to `index`.
    struct Holding {
        uint128 units;
        uint120 owed;
        bool excluded;
        uint256 index;
    }

    /// @notice What income is paid in.
    IERC20 public immutable CASH;

    /// @notice Accounts that are told to `sync` when they are paid.
    mapping(address account => bool) public isPool;

    mapping(address token => Pot) private _pots;
    mapping(address token => mapping(address account => Holding)) private _holdings;

    /// @notice Income was paid in.
    /// @param token The token whose holders it is for.
    /// @param payer Who paid.
    /// @param amount In units of cash.
    /// @param eligible Units of the token that share it.
    /// @param index The token's index after it (see `Pot`).
    event Distributed(address indexed token, address indexed payer, uint256 amount, uint256 eligible, uint256 index);
    /// @notice A holder was paid what it was owed.
    /// @param token The token it was owed for.
    /// @param holder Who was paid.
    /// @param amount In units of cash.
    event Claimed(address indexed token, address indexed holder, uint256 amount);
    /// @notice `record` has corrected an account. Hooks tell nothing: the token's own `Transfer` says it.
    /// @param token The token.
    /// @param account Whose units were wrong.
    /// @param units What it holds.
    event Recorded(address indexed token, address indexed account, uint256 units);
    /// @notice An account earns nothing from now on, or earns again.
    /// @param token The token it holds.
    /// @param account The account.
    /// @param excluded Whether it earns nothing.
    event ExcludedSet(address indexed token, address indexed account, bool excluded);
    /// @notice An account is told to `sync` when it is paid, or no longer.
    /// @param account A Uniswap V2 pair.
    /// @param pool Whether it is told.
    event PoolSet(address indexed account, bool pool);

    /// @notice The token's compliance has not added this module, so its holders are not on record.
    error IncomeModule__NotBound(address token);
    /// @notice There is nothing to distribute.
    error IncomeModule__ZeroAmount();
    /// @notice Nobody would earn: no units, or only excluded ones.
    error IncomeModule__NobodyEligible(address token);
    /// @notice Not every unit is on record: call `record` for the accounts that differ.
    error IncomeModule__RecordIncomplete(uint256 recorded, uint256 totalSupply);

    /// @notice Names who is in charge.
    /// @param admin Names excluded accounts and pools; cannot touch cash.
    /// @param cash What income is paid in.
    constructor(address admin, IERC20 cash) Ownable(admin) {
        CASH = cash;
    }

    /* INCOME */

    /// @notice Pays income in for all holders, from the caller's allowance.
    /// @param token The token whose holders share it.
    /// @param amount In units of cash.
    function distribute(address token, uint256 amount) external {
        if (amount == 0) revert IncomeModule__ZeroAmount();
        address compliance = ISecurityToken(token).compliance();
        if (!isComplianceBound[compliance] || IModularCompliance(compliance).getTokenBound() != token) {
            revert IncomeModule__NotBound(token);
        }
        Pot storage pot = _pots[token];
        uint256 eligible = pot.eligible;
        uint256 supply = ISecurityToken(token).totalSupply();
        if (pot.recorded != supply) revert IncomeModule__RecordIncomplete(pot.recorded, supply);
        if (eligible == 0) revert IncomeModule__NobodyEligible(token);

        // Bounds `distributed` by 2**120, and thereby every product below by 2**248.
        pot.distributed = SafeCast.toUint120(pot.distributed + amount);
        uint256 shared = (amount << 128) + pot.carry;
        pot.index += shared / eligible;
        pot.carry = shared % eligible;
        emit Distributed(token, msg.sender, amount, eligible, pot.index);

        CASH.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Pays holders what they are owed. Anyone may call, for anyone: cash goes to the holders only.
    /// @param token The token they are owed for.
    /// @param holders Who is paid, [n]; who is owed nothing is passed over.
    /// @return total Units of cash paid out; rounded down for every holder.
    function claimFor(address token, address[] calldata holders) external returns (uint256 total) {
        uint256[] memory amounts = new uint256[](holders.length);
        for (uint256 i; i < holders.length; ++i) {
            Holding storage holding = _holdings[token][holders[i]];
            _settle(_pots[token], holding);
            amounts[i] = holding.owed;
            if (amounts[i] == 0) continue;
            total += amounts[i];
            holding.owed = 0;
            emit Claimed(token, holders[i], amounts[i]);
        }
        _pots[token].paid += SafeCast.toUint128(total);

        for (uint256 i; i < holders.length; ++i) {
            if (amounts[i] == 0) continue;
            CASH.safeTransfer(holders[i], amounts[i]);
            // Only pairs the owner named; one that fails is left out by the caller.
            // slither-disable-next-line calls-loop
            if (isPool[holders[i]]) IUniswapV2Pair(holders[i]).sync();
        }
    }

    /// @notice Puts balances on record where they differ. Anyone may call. Needed only for a token that was held before the
    /// module was added, or while it was taken off.
    /// @param token The token.
    /// @param accounts Whose balances, [n].
    function record(address token, address[] calldata accounts) external {
        for (uint256 i; i < accounts.length; ++i) {
            if (_record(token, accounts[i])) emit Recorded(token, accounts[i], _holdings[token][accounts[i]].units);
        }
    }

    /* ADMIN */

    /// @notice Lets an account earn nothing from now on, or earn again. What it was owed stays owed.
    /// @param token The token it holds.
    /// @param account The account.
    /// @param excluded Whether it earns nothing.
    function setExcluded(address token, address account, bool excluded) external onlyOwner {
        Holding storage holding = _holdings[token][account];
        if (holding.excluded == excluded) return;
        Pot storage pot = _pots[token];
        _settle(pot, holding);
        holding.excluded = excluded;
        if (excluded) pot.eligible -= holding.units;
        else pot.eligible += holding.units;
        emit ExcludedSet(token, account, excluded);
    }

    /// @notice Makes an account `sync` whenever it is paid, or no longer.
    /// @param account A Uniswap V2 pair.
    /// @param pool Whether it is told.
    function setPool(address account, bool pool) external onlyOwner {
        isPool[account] = pool;
        emit PoolSet(account, pool);
    }

    /* COMPLIANCE */

    /// @inheritdoc IModule
    function moduleTransferAction(address from, address to, uint256) external onlyBoundCompliance {
        address token = IModularCompliance(msg.sender).getTokenBound();
        _record(token, from);
        _record(token, to);
    }

    /// @inheritdoc IModule
    function moduleMintAction(address to, uint256) external onlyBoundCompliance {
        _record(IModularCompliance(msg.sender).getTokenBound(), to);
    }

    /// @inheritdoc IModule
    function moduleBurnAction(address from, uint256) external onlyBoundCompliance {
        _record(IModularCompliance(msg.sender).getTokenBound(), from);
    }

    /// @inheritdoc IModule
    function moduleCheck(address, address, uint256, address) external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IModule
    function name() external pure returns (string memory) {
        return "IncomeModule";
    }

    /* VIEWS */

    /// @notice What `claimFor` would pay a holder now.
    /// @param token The token.
    /// @param holder The holder.
    /// @return Units of cash, rounded down.
    function accrued(address token, address holder) external view returns (uint256) {
        Holding storage holding = _holdings[token][holder];
        return holding.owed + (_earned(_pots[token], holding) >> 128);
    }

    /// @notice The books of a token.
    /// @param token The token.
    /// @return Its pot.
    function pots(address token) external view returns (Pot memory) {
        return _pots[token];
    }

    /// @notice What is on record for an account.
    /// @param token The token.
    /// @param account The account.
    /// @return units What it was last seen to hold.
    /// @return excluded Whether it earns nothing.
    function holdings(address token, address account) external view returns (uint256 units, bool excluded) {
        Holding storage holding = _holdings[token][account];
        return (holding.units, holding.excluded);
    }

    /* BOOKS */

    /// @dev Settles `account` on its units on record, then takes its balance down.
    function _record(address token, address account) private returns (bool changed) {
        // Read before anything is written: the token is not trusted. In a loop of the caller's own length.
        // slither-disable-next-line calls-loop
        uint128 balance = SafeCast.toUint128(ISecurityToken(token).balanceOf(account));
        Pot storage pot = _pots[token];
        Holding storage holding = _holdings[token][account];
        _settle(pot, holding);
        uint128 units = holding.units;
        changed = balance != units;
        if (!changed) return false;
        pot.recorded = pot.recorded - units + balance;
        if (!holding.excluded) pot.eligible = pot.eligible - units + balance;
        holding.units = balance;
    }

    /// @dev Moves what a holding has earned into what it is owed; the fraction goes back to the pot.
    function _settle(Pot storage pot, Holding storage holding) private {
        uint256 index = pot.index;
        if (holding.index == index) return;
        uint256 earned = _earned(pot, holding);
        holding.index = index;
        if (earned == 0) return;
        holding.owed = SafeCast.toUint120(holding.owed + (earned >> 128));
        pot.carry += earned & type(uint128).max;
    }

    /// @dev Cash times 2**128. Cannot overflow: the units were eligible in every distribution since, so the product is at most
    /// all cash ever distributed, times 2**128.
    function _earned(Pot storage pot, Holding storage holding) private view returns (uint256) {
        return holding.excluded ? 0 : holding.units * (pot.index - holding.index);
    }
}
