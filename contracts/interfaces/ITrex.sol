// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Their authors document these in full; here stands what ours rely on, one file a protocol.
// solhint-disable use-natspec, one-contract-per-file

/// @title IModule
/// @notice What T-REX 4.1.6 (ERC-3643) asks of a compliance module. Selectors and events are its own.
interface IModule {
    /// @notice A compliance contract has added the module.
    event ComplianceBound(address indexed _compliance);

    /// @notice A compliance contract has removed the module.
    event ComplianceUnbound(address indexed _compliance);

    /// @notice Binds `compliance`, which must be the caller.
    function bindCompliance(address compliance) external;

    /// @notice Unbinds `compliance`, which must be the caller and bound.
    function unbindCompliance(address compliance) external;

    /// @notice Called by a bound compliance after `value` units went from `from` to `to`.
    function moduleTransferAction(address from, address to, uint256 value) external;

    /// @notice Called by a bound compliance after `value` units were minted to `to`.
    function moduleMintAction(address to, uint256 value) external;

    /// @notice Called by a bound compliance after `value` units of `from` were burned.
    function moduleBurnAction(address from, uint256 value) external;

    /// @notice Whether the module lets `value` units go from `from` (zero: a mint) to `to`.
    function moduleCheck(address from, address to, uint256 value, address compliance) external view returns (bool);

    /// @notice Whether `compliance` is bound.
    function isComplianceBound(address compliance) external view returns (bool);

    /// @notice Whether `compliance` may bind; only asked of modules that are not plug and play.
    function canComplianceBind(address compliance) external view returns (bool);

    /// @notice Whether the module may be bound without set-up.
    function isPlugAndPlay() external pure returns (bool);

    /// @notice The module's name.
    function name() external pure returns (string memory);
}

/// @title IModularCompliance
/// @notice The part of T-REX's compliance that the modules ask.
interface IModularCompliance {
    /// @notice The token whose transfers this compliance judges; zero when none.
    function getTokenBound() external view returns (address);
}

/// @title ISecurityToken
/// @notice The part of a T-REX token that the modules ask.
interface ISecurityToken {
    /// @notice Units held by `account`.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Units in existence.
    function totalSupply() external view returns (uint256);

    /// @notice The compliance contract the token calls on every balance change.
    function compliance() external view returns (address);
}

/// @title IIdentityRegistry
/// @notice The part of T-REX's identity registry that the lens asks.
interface IIdentityRegistry {
    /// @notice Whether `account` has an identity with every claim the token asks for.
    function isVerified(address account) external view returns (bool);
}
