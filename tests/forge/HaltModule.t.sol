// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ComplianceModule} from "../../contracts/compliance/ComplianceModule.sol";
import {HaltModule} from "../../contracts/compliance/HaltModule.sol";
import {Economy} from "./Economy.sol";
import {ITrexCompliance, ITrexToken} from "./Outside.sol";

/// @notice The halt module on real T-REX tokens and an unmodified Uniswap pair.
contract HaltModuleTest is Economy {
    bytes internal constant REFUSED = abi.encodeWithSignature("Error(string)", "Transfer not possible");
    bytes internal constant POOL_IN_REFUSED =
        abi.encodeWithSignature("Error(string)", "TransferHelper: TRANSFER_FROM_FAILED");
    bytes internal constant POOL_OUT_REFUSED = abi.encodeWithSignature("Error(string)", "UniswapV2: TRANSFER_FAILED");

    ITrexToken internal house;
    ITrexToken internal farm;

    function setUp() public override {
        super.setUp();
        (house, farm) = (_token("HOUSE"), _token("FARM"));
        house.mint(alice, 100 * UNIT);
        farm.mint(alice, 100 * UNIT);
    }

    function _halt(ITrexToken token) internal {
        vm.prank(guardian);
        halts.halt(address(token));
    }

    function _haltAll() internal {
        vm.prank(guardian);
        halts.haltAll();
    }

    function _transfer(ITrexToken token, address from, address to) internal {
        vm.prank(from);
        token.transfer(to, UNIT);
    }

    function _swap(address from, address to) internal {
        address[] memory path = new address[](2);
        (path[0], path[1]) = (from, to);
        cash.mint(alice, 10 * DOLLAR);
        vm.startPrank(alice);
        cash.approve(address(router), 10 * DOLLAR);
        house.approve(address(router), 10 * UNIT);
        // The next call is the one a test expects to fail.
        _expectPoolRevert();
        router.swapExactTokensForTokens(10 * UNIT, 0, path, alice, block.timestamp);
        vm.stopPrank();
    }

    bytes internal expected;

    function _expectPoolRevert() internal {
        if (expected.length != 0) vm.expectRevert(expected);
        delete expected;
    }

    function test_isAPlugAndPlayModule() public view {
        vm.assertEq(halts.name(), "HaltModule");
        vm.assertTrue(halts.isPlugAndPlay());
        vm.assertTrue(halts.canComplianceBind(address(1)));
        vm.assertTrue(halts.isComplianceBound(house.compliance()));
    }

    /* HALT AND UNHALT */

    function test_halt_stopsTransfersOfTheToken() public {
        vm.expectEmit(address(halts));
        emit HaltModule.Halted(address(house), guardian);
        _halt(house);
        vm.assertTrue(halts.isHalted(address(house)));
        vm.assertEq(halts.isHalted(address(farm)), false);
        vm.expectRevert(REFUSED);
        _transfer(house, alice, bob);
        _transfer(farm, alice, bob);
    }

    function test_halt_stopsTransferFrom() public {
        vm.prank(alice);
        house.approve(bob, UNIT);
        _halt(house);
        vm.expectRevert(REFUSED);
        vm.prank(bob);
        house.transferFrom(alice, bob, UNIT);
    }

    function test_unhalt_letsTransfersGoOn() public {
        _halt(house);
        vm.expectEmit(address(halts));
        emit HaltModule.Unhalted(address(house), guardian);
        vm.prank(guardian);
        halts.unhalt(address(house));
        _transfer(house, alice, bob);
    }

    function test_haltAll_stopsEverything() public {
        vm.expectEmit(address(halts));
        emit HaltModule.AllHalted(guardian);
        _haltAll();
        vm.expectRevert(REFUSED);
        _transfer(house, alice, bob);
        vm.expectRevert(REFUSED);
        _transfer(farm, alice, bob);
    }

    function test_unhaltAll_leavesTokensHaltedByThemselves() public {
        _halt(house);
        _haltAll();
        vm.expectEmit(address(halts));
        emit HaltModule.AllUnhalted(guardian);
        vm.prank(guardian);
        halts.unhaltAll();
        _transfer(farm, alice, bob);
        vm.expectRevert(REFUSED);
        _transfer(house, alice, bob);
    }

    function test_halt_revertsTwice() public {
        _halt(house);
        vm.expectRevert(abi.encodeWithSelector(HaltModule.HaltModule__AlreadyHalted.selector, house));
        _halt(house);
        _haltAll();
        vm.expectRevert(abi.encodeWithSelector(HaltModule.HaltModule__AlreadyHalted.selector, address(0)));
        _haltAll();
    }

    function test_unhalt_revertsWhenNotHalted() public {
        vm.startPrank(guardian);
        vm.expectRevert(abi.encodeWithSelector(HaltModule.HaltModule__NotHalted.selector, house));
        halts.unhalt(address(house));
        vm.expectRevert(abi.encodeWithSelector(HaltModule.HaltModule__NotHalted.selector, address(0)));
        halts.unhaltAll();
    }

    function test_guardianActs_revertForOthers(address other) public {
        vm.assume(other != guardian);
        bytes memory reason = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, other, halts.GUARDIAN_ROLE()
        );
        vm.startPrank(other);
        vm.expectRevert(reason);
        halts.halt(address(house));
        vm.expectRevert(reason);
        halts.unhalt(address(house));
        vm.expectRevert(reason);
        halts.haltAll();
        vm.expectRevert(reason);
        halts.unhaltAll();
    }

    function test_adminNamesTheGuardianLater() public {
        HaltModule later = new HaltModule(address(this), address(0));
        later.grantRole(later.GUARDIAN_ROLE(), bob);
        vm.prank(bob);
        later.haltAll();
        vm.assertTrue(later.allHalted());
    }

    /* WHAT PASSES */

    function test_setExempt_letsTheVenueThrough() public {
        vm.expectEmit(address(halts));
        emit HaltModule.ExemptSet(bob, true);
        halts.setExempt(bob, true);
        _halt(house);
        _transfer(house, alice, bob);
        _transfer(house, bob, carol);
        vm.expectRevert(REFUSED);
        _transfer(house, carol, alice);
        halts.setExempt(bob, false);
        vm.expectRevert(REFUSED);
        _transfer(house, alice, bob);
    }

    function test_setExempt_revertsUnlessAdmin(address other) public {
        vm.assume(other != address(this));
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, other, bytes32(0))
        );
        vm.prank(other);
        halts.setExempt(other, true);
    }

    function test_issuerWorksThroughAHalt(uint256 units) public {
        units = _bound(units, 1, 100 * UNIT);
        _haltAll();
        house.mint(bob, units);
        house.forcedTransfer(alice, bob, units);
        house.burn(bob, 2 * units);
        vm.assertEq(house.balanceOf(alice), 100 * UNIT - units);
    }

    function test_hooks_revertUnlessBound(address caller) public {
        vm.assume(caller != house.compliance() && caller != farm.compliance());
        bytes memory reason = abi.encodeWithSelector(ComplianceModule.ComplianceModule__NotBound.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(reason);
        halts.moduleTransferAction(alice, bob, 1);
        vm.expectRevert(reason);
        halts.moduleMintAction(alice, 1);
        vm.expectRevert(reason);
        halts.moduleBurnAction(alice, 1);
    }

    function test_removedModuleHaltsNothing() public {
        _haltAll();
        ITrexCompliance(house.compliance()).removeModule(address(halts));
        _transfer(house, alice, bob);
    }

    /* UNISWAP */

    function test_swap_stopsBothWaysAndGoesOn() public {
        _pool(house, 1000 * UNIT, 1000 * DOLLAR);
        _swap(address(cash), address(house));
        _halt(house);
        expected = POOL_OUT_REFUSED;
        _swap(address(cash), address(house));
        expected = POOL_IN_REFUSED;
        _swap(address(house), address(cash));
        vm.prank(guardian);
        halts.unhalt(address(house));
        _swap(address(cash), address(house));
        _swap(address(house), address(cash));
    }

    function test_addLiquidity_stops() public {
        _pool(house, 1000 * UNIT, 1000 * DOLLAR);
        house.mint(address(this), UNIT);
        cash.mint(address(this), DOLLAR);
        house.approve(address(router), UNIT);
        cash.approve(address(router), DOLLAR);
        _halt(house);
        vm.expectRevert(POOL_IN_REFUSED);
        router.addLiquidity(address(house), address(cash), UNIT, DOLLAR, 0, 0, address(this), block.timestamp);
    }
}
