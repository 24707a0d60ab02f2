// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IModularCompliance, IModule} from "../interfaces/ITrex.sol";
import {ComplianceModule} from "./ComplianceModule.sol";

/// @title HaltModule
/// @notice A switch that stops transfers of a token, or of every token that has added the module. T-REX asks compliance on
/// `transfer` and `transferFrom`, so a halt also stops swaps and liquidity on Uniswap pairs that know nothing of it.
/// @dev What a halt leaves alone, on purpose:
///
/// - Transfers from or to an **exempt** venue. With Morpho exempt, collateral still moves in a halt: positions can be topped up,
///   released and liquidated. Without it a halt would keep bad debt from being cleared.
/// - Mints (T-REX asks compliance with `from` zero), burns and forced transfers: a halt stops trade, not the issuer's work.
///   T-REX's own `pause` draws the line in the same place.
contract HaltModule is ComplianceModule, AccessControl {
    /// @notice Who may halt and unhalt.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    /// @notice Whether every token is halted.
    bool public allHalted;
    /// @notice Whether a token was halted by itself.
    mapping(address token => bool) public tokenHalted;
    /// @notice Venues whose transfers pass.
    mapping(address account => bool) public isExempt;

    /// @notice Transfers of a token have stopped.
    /// @param token The token.
    /// @param guardian Who halted it.
    event Halted(address indexed token, address indexed guardian);
    /// @notice The halt of a token is over; a market-wide one may go on.
    /// @param token The token.
    /// @param guardian Who ended it.
    event Unhalted(address indexed token, address indexed guardian);
    /// @notice Transfers of every token have stopped.
    /// @param guardian Who halted them.
    event AllHalted(address indexed guardian);
    /// @notice The market-wide halt is over; tokens halted by themselves stay so.
    /// @param guardian Who ended it.
    event AllUnhalted(address indexed guardian);
    /// @notice Transfers from and to a venue pass in a halt, or no longer do.
    /// @param account The venue.
    /// @param exempt Whether they pass.
    event ExemptSet(address indexed account, bool exempt);

    /// @notice `token` (zero: the market) is halted already.
    error HaltModule__AlreadyHalted(address token);
    /// @notice `token` (zero: the market) is not halted.
    error HaltModule__NotHalted(address token);

    /// @notice Names who is in charge.
    /// @param admin Names guardians and exempt venues.
    /// @param guardian May halt; zero for nobody yet.
    constructor(address admin, address guardian) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        if (guardian != address(0)) _grantRole(GUARDIAN_ROLE, guardian);
    }

    /* GUARDIAN */

    /// @notice Stops transfers of a token.
    /// @param token The token.
    function halt(address token) external onlyRole(GUARDIAN_ROLE) {
        if (tokenHalted[token]) revert HaltModule__AlreadyHalted(token);
        tokenHalted[token] = true;
        emit Halted(token, msg.sender);
    }

    /// @notice Lets transfers of a token go on.
    /// @param token The token.
    function unhalt(address token) external onlyRole(GUARDIAN_ROLE) {
        if (!tokenHalted[token]) revert HaltModule__NotHalted(token);
        tokenHalted[token] = false;
        emit Unhalted(token, msg.sender);
    }

    /// @notice Stops transfers of every token.
    function haltAll() external onlyRole(GUARDIAN_ROLE) {
        if (allHalted) revert HaltModule__AlreadyHalted(address(0));
        allHalted = true;
        emit AllHalted(msg.sender);
    }

    /// @notice Ends the market-wide halt.
    function unhaltAll() external onlyRole(GUARDIAN_ROLE) {
        if (!allHalted) revert HaltModule__NotHalted(address(0));
        allHalted = false;
        emit AllUnhalted(msg.sender);
    }

    /* ADMIN */

    /// @notice Lets transfers from and to a venue pass in a halt, or no longer.
    /// @param account The venue.
    /// @param exempt Whether they pass.
    function setExempt(address account, bool exempt) external onlyRole(DEFAULT_ADMIN_ROLE) {
        isExempt[account] = exempt;
        emit ExemptSet(account, exempt);
    }

    /* COMPLIANCE */

    // T-REX calls these on every module; a switch has nothing to do in them.
    // solhint-disable no-empty-blocks

    /// @inheritdoc IModule
    /// @dev Changes nothing.
    function moduleTransferAction(address, address, uint256) external view onlyBoundCompliance {}

    /// @inheritdoc IModule
    /// @dev Changes nothing.
    function moduleMintAction(address, uint256) external view onlyBoundCompliance {}

    /// @inheritdoc IModule
    /// @dev Changes nothing.
    function moduleBurnAction(address, uint256) external view onlyBoundCompliance {}

    /// @inheritdoc IModule
    function moduleCheck(address from, address to, uint256, address compliance) external view returns (bool) {
        if (from == address(0) || !isHalted(IModularCompliance(compliance).getTokenBound())) return true;
        return isExempt[from] || isExempt[to];
    }

    /// @notice Whether transfers of a token are stopped, by its own halt or the market's.
    /// @param token The token.
    /// @return Whether only exempt venues' transfers pass.
    function isHalted(address token) public view returns (bool) {
        return allHalted || tokenHalted[token];
    }

    /// @inheritdoc IModule
    function name() external pure returns (string memory) {
        return "HaltModule";
    }
}
