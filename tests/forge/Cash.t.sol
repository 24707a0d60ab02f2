// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Cash} from "../../contracts/cash/Cash.sol";
import {Base} from "./Base.sol";

contract CashTest is Base {
    Cash internal cash = new Cash(address(this));
    address internal alice = _actor("alice");

    function test_isADollarWithSixDecimals() public view {
        vm.assertEq(cash.name(), "Terrarium Dollar");
        vm.assertEq(cash.symbol(), "TUSD");
        vm.assertEq(cash.decimals(), 6);
    }

    function test_mint(address to, uint256 amount) public {
        vm.assume(to != address(0));
        vm.expectEmit(address(cash));
        emit IERC20.Transfer(address(0), to, amount);
        cash.mint(to, amount);
        vm.assertEq(cash.balanceOf(to), amount);
        vm.assertEq(cash.totalSupply(), amount);
    }

    function test_mint_revertsUnlessMinter(address other) public {
        vm.assume(other != address(this));
        bytes memory reason =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, other, cash.MINTER_ROLE());
        vm.expectRevert(reason);
        vm.prank(other);
        cash.mint(alice, 1);
    }

    function test_mintMany(uint128[8] calldata amounts, uint256 count) public {
        count = _bound(count, 0, 8);
        address[] memory to = new address[](count);
        uint256[] memory list = new uint256[](count);
        uint256 total;
        for (uint256 i; i < count; ++i) {
            to[i] = address(uint160(0x1000 + i));
            list[i] = amounts[i];
            total += amounts[i];
        }
        cash.mintMany(to, list);
        vm.assertEq(cash.totalSupply(), total);
        for (uint256 i; i < count; ++i) {
            vm.assertEq(cash.balanceOf(to[i]), list[i]);
        }
    }

    function test_mintMany_revertsOnUnequalLists(uint8 recipients, uint8 amounts) public {
        vm.assume(recipients != amounts);
        vm.expectRevert(abi.encodeWithSelector(Cash.Cash__LengthMismatch.selector, recipients, amounts));
        cash.mintMany(new address[](recipients), new uint256[](amounts));
    }

    function test_mintMany_revertsUnlessMinter() public {
        bytes memory reason =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, alice, cash.MINTER_ROLE());
        vm.expectRevert(reason);
        vm.prank(alice);
        cash.mintMany(new address[](0), new uint256[](0));
    }

    function test_burn(uint256 held, uint256 amount) public {
        amount = _bound(amount, 0, held);
        cash.mint(alice, held);
        vm.expectEmit(address(cash));
        emit IERC20.Transfer(alice, address(0), amount);
        vm.prank(alice);
        cash.burn(amount);
        vm.assertEq(cash.balanceOf(alice), held - amount);
        vm.assertEq(cash.totalSupply(), held - amount);
    }

    function test_burn_revertsBeyondOwn(uint256 held, uint256 amount) public {
        held = _bound(held, 0, type(uint256).max - 1);
        amount = _bound(amount, held + 1, type(uint256).max);
        cash.mint(alice, held);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, held, amount));
        vm.prank(alice);
        cash.burn(amount);
    }
}

/// @notice Moves cash about at random and keeps its own books.
contract CashHandler is Base {
    Cash public immutable CASH;
    uint256 public minted;
    uint256 public burned;
    address[4] public holders;

    constructor(Cash cash) {
        CASH = cash;
        for (uint160 i; i < 4; ++i) {
            holders[i] = address(0x2000 + i);
        }
    }

    function mint(uint256 to, uint256 amount) external {
        amount = _bound(amount, 0, 1e30);
        minted += amount;
        CASH.mint(holders[to % 4], amount);
    }

    function mintMany(uint256 first, uint256 second, uint256 amount) external {
        address[] memory to = new address[](2);
        uint256[] memory amounts = new uint256[](2);
        (to[0], to[1]) = (holders[first % 4], holders[second % 4]);
        (amounts[0], amounts[1]) = (_bound(amount, 0, 1e30), _bound(amount, 0, 1e20));
        minted += amounts[0] + amounts[1];
        CASH.mintMany(to, amounts);
    }

    function burn(uint256 from, uint256 amount) external {
        address holder = holders[from % 4];
        amount = _bound(amount, 0, CASH.balanceOf(holder));
        burned += amount;
        vm.prank(holder);
        CASH.burn(amount);
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        address holder = holders[from % 4];
        amount = _bound(amount, 0, CASH.balanceOf(holder));
        vm.prank(holder);
        CASH.transfer(holders[to % 4], amount);
    }
}

contract CashInvariants is Base {
    Cash internal cash;
    CashHandler internal handler;

    function setUp() public {
        cash = new Cash(address(this));
        handler = new CashHandler(cash);
        cash.grantRole(cash.MINTER_ROLE(), address(handler));
    }

    /// @dev What forge calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice Cash comes in by mint only and leaves by burn only.
    function invariant_supplyIsMintedLessBurned() public view {
        vm.assertEq(cash.totalSupply(), handler.minted() - handler.burned());
    }

    /// @notice What is held adds up to what there is.
    function invariant_balancesAddUpToSupply() public view {
        uint256 held;
        for (uint256 i; i < 4; ++i) {
            held += cash.balanceOf(handler.holders(i));
        }
        vm.assertEq(cash.totalSupply(), held);
    }
}
