// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Cash
/// @notice The dollar of the economy, with 6 decimals. It comes in by `mint` and leaves by `burn`, and nobody can move or
/// burn what another holds.
/// @dev Every change is told by ERC-20's `Transfer`, a mint from and a burn to the zero address.
contract Cash is ERC20, AccessControl {
    /// @notice Who may mint.
    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");

    /// @notice `mintMany` was given lists of different lengths.
    error Cash__LengthMismatch(uint256 recipients, uint256 amounts);

    /// @notice Names who is in charge.
    /// @param admin May mint and say who else may.
    constructor(address admin) ERC20("Terrarium Dollar", "TUSD") {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(MINTER_ROLE, admin);
    }

    /// @notice Mints `amount` to `to`.
    /// @param to Who gets it.
    /// @param amount In millionths of a dollar.
    function mint(address to, uint256 amount) external onlyRole(MINTER_ROLE) {
        _mint(to, amount);
    }

    /// @notice Mints `amounts[i]` to `to[i]`: one transaction onboards many.
    /// @param to Who gets it, [n].
    /// @param amounts In millionths of a dollar, [n].
    function mintMany(address[] calldata to, uint256[] calldata amounts) external onlyRole(MINTER_ROLE) {
        if (to.length != amounts.length) revert Cash__LengthMismatch(to.length, amounts.length);
        for (uint256 i; i < to.length; ++i) {
            _mint(to[i], amounts[i]);
        }
    }

    /// @notice Burns `amount` of the caller's own.
    /// @param amount In millionths of a dollar.
    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
