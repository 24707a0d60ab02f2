// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// @title AlertBoard
/// @notice The monitor's outbox. What it sees reaches agents only as events of this board, like everything else they know.
contract AlertBoard is AccessControl {
    /// @notice Who may post.
    bytes32 public constant MONITOR_ROLE = keccak256("MONITOR_ROLE");

    /// @notice The monitor has raised an alert.
    /// @param rule See `post`.
    /// @param subject See `post`.
    /// @param severity See `post`.
    /// @param value Times 1e6.
    /// @param threshold Times 1e6.
    event Posted(bytes32 indexed rule, address indexed subject, uint8 indexed severity, int256 value, int256 threshold);

    /// @notice Names who is in charge.
    /// @param admin Says who may post.
    /// @param monitor May post; zero for nobody yet.
    constructor(address admin, address monitor) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        if (monitor != address(0)) _grantRole(MONITOR_ROLE, monitor);
    }

    /// @notice Posts an alert.
    /// @param rule The rule that fired: its name as bytes32, padded with zeros on the right.
    /// @param subject What it fired on: a token, a feed, an account; zero for the whole market.
    /// @param severity 0 information, 1 warning, 2 critical; higher levels are the monitor's to define.
    /// @param value What was measured, times 1e6.
    /// @param threshold The level it crossed, times 1e6.
    function post(bytes32 rule, address subject, uint8 severity, int256 value, int256 threshold)
        external
        onlyRole(MONITOR_ROLE)
    {
        emit Posted(rule, subject, severity, value, threshold);
    }
}
