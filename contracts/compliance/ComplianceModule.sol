// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModule} from "../interfaces/ITrex.sol";

/// @title ComplianceModule
/// @notice What every T-REX module does alike: remember which compliance contracts have added it.
/// @dev Anybody may deploy a compliance contract and bind it; a module must stay safe against the calls of any of them.
abstract contract ComplianceModule is IModule {
    /// @inheritdoc IModule
    mapping(address compliance => bool) public isComplianceBound;

    /// @notice Compliance contracts bind and unbind themselves only.
    error ComplianceModule__NotCompliance(address caller);
    /// @notice The compliance contract is bound already.
    error ComplianceModule__AlreadyBound(address compliance);
    /// @notice The caller is not a bound compliance contract.
    error ComplianceModule__NotBound(address caller);

    modifier onlyBoundCompliance() {
        if (!isComplianceBound[msg.sender]) revert ComplianceModule__NotBound(msg.sender);
        _;
    }

    /// @inheritdoc IModule
    function bindCompliance(address compliance) external {
        if (msg.sender != compliance) revert ComplianceModule__NotCompliance(msg.sender);
        if (isComplianceBound[compliance]) revert ComplianceModule__AlreadyBound(compliance);
        isComplianceBound[compliance] = true;
        emit ComplianceBound(compliance);
    }

    /// @inheritdoc IModule
    function unbindCompliance(address compliance) external onlyBoundCompliance {
        if (msg.sender != compliance) revert ComplianceModule__NotCompliance(msg.sender);
        isComplianceBound[compliance] = false;
        emit ComplianceUnbound(compliance);
    }

    /// @inheritdoc IModule
    function canComplianceBind(address) external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IModule
    function isPlugAndPlay() external pure returns (bool) {
        return true;
    }
}
