// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ComplianceModule} from "../../contracts/compliance/ComplianceModule.sol";
import {IncomeModule} from "../../contracts/compliance/IncomeModule.sol";
import {IModule} from "../../contracts/interfaces/ITrex.sol";
import {Economy} from "./Economy.sol";
import {ITrexCompliance, ITrexToken, IUniswapPair} from "./Outside.sol";

/// @notice The income module on real T-REX tokens.
contract IncomeModuleTest is Economy {
    ITrexToken internal house;

    function setUp() public override {
        super.setUp();
        house = _token("HOUSE");
    }

    function _accrued(address holder) internal view returns (uint256) {
        return income.accrued(address(house), holder);
    }

    function _pot() internal view returns (IncomeModule.Pot memory) {
        return income.pots(address(house));
    }

    function _units(address account) internal view returns (uint256 units) {
        (units,) = income.holdings(address(house), account);
    }

    /* BINDING */

    function test_isAPlugAndPlayModule() public view {
        vm.assertEq(income.name(), "IncomeModule");
        vm.assertTrue(income.isPlugAndPlay());
        vm.assertTrue(income.canComplianceBind(address(1)));
        vm.assertTrue(income.isComplianceBound(house.compliance()));
        vm.assertTrue(income.moduleCheck(alice, bob, 1, house.compliance()));
    }

    function test_bindCompliance_revertsForAnother(address caller, address compliance) public {
        vm.assume(caller != compliance);
        vm.expectRevert(abi.encodeWithSelector(ComplianceModule.ComplianceModule__NotCompliance.selector, caller));
        vm.prank(caller);
        income.bindCompliance(compliance);
    }

    function test_bindCompliance_revertsTwice() public {
        address compliance = house.compliance();
        vm.expectRevert(abi.encodeWithSelector(ComplianceModule.ComplianceModule__AlreadyBound.selector, compliance));
        vm.prank(compliance);
        income.bindCompliance(compliance);
    }

    function test_unbindCompliance() public {
        address compliance = house.compliance();
        vm.expectEmit(address(income));
        emit IModule.ComplianceUnbound(compliance);
        ITrexCompliance(compliance).removeModule(address(income));
        vm.assertEq(income.isComplianceBound(compliance), false);
    }

    function test_unbindCompliance_revertsForAnother() public {
        address compliance = house.compliance();
        vm.expectRevert(abi.encodeWithSelector(ComplianceModule.ComplianceModule__NotBound.selector, alice));
        vm.prank(alice);
        income.unbindCompliance(compliance);
        address other = _bareToken("OTHER").compliance();
        ITrexCompliance(other).addModule(address(income));
        vm.expectRevert(abi.encodeWithSelector(ComplianceModule.ComplianceModule__NotCompliance.selector, other));
        vm.prank(other);
        income.unbindCompliance(compliance);
    }

    function test_hooks_revertUnlessBound(address caller) public {
        vm.assume(caller != house.compliance());
        bytes memory reason = abi.encodeWithSelector(ComplianceModule.ComplianceModule__NotBound.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(reason);
        income.moduleTransferAction(alice, bob, 1);
        vm.expectRevert(reason);
        income.moduleMintAction(alice, 1);
        vm.expectRevert(reason);
        income.moduleBurnAction(alice, 1);
    }

    /* DISTRIBUTE */

    function test_distribute(uint256 a, uint256 b, uint256 amount) public {
        (a, b) = (_bound(a, 1, 1e18), _bound(b, 1, 1e18));
        amount = _bound(amount, 1, 1e18);
        house.mint(alice, a);
        house.mint(bob, b);
        cash.mint(carol, amount);
        vm.prank(carol);
        cash.approve(address(income), amount);

        vm.expectEmit(address(income));
        emit IncomeModule.Distributed(address(house), carol, amount, a + b, (amount << 128) / (a + b));
        vm.prank(carol);
        income.distribute(address(house), amount);

        vm.assertEq(cash.balanceOf(address(income)), amount);
        vm.assertEq(cash.balanceOf(carol), 0);
        vm.assertLe(_accrued(alice), amount * a / (a + b));
        vm.assertGe(_accrued(alice) + 1, amount * a / (a + b));
        vm.assertLe(_accrued(bob), amount * b / (a + b));
        vm.assertGe(_accrued(bob) + 1, amount * b / (a + b));
        vm.assertEq(_pot().distributed, amount);
    }

    function test_distribute_revertsOnNothing() public {
        vm.expectRevert(abi.encodeWithSelector(IncomeModule.IncomeModule__ZeroAmount.selector));
        income.distribute(address(house), 0);
    }

    function test_distribute_revertsWhenNobodyHolds() public {
        vm.expectRevert(abi.encodeWithSelector(IncomeModule.IncomeModule__NobodyEligible.selector, house));
        income.distribute(address(house), 1);
    }

    function test_distribute_revertsWhenAllHoldersAreExcluded() public {
        house.mint(alice, UNIT);
        income.setExcluded(address(house), alice, true);
        vm.expectRevert(abi.encodeWithSelector(IncomeModule.IncomeModule__NobodyEligible.selector, house));
        income.distribute(address(house), 1);
    }

    function test_distribute_revertsWhenNotBound() public {
        ITrexToken other = _bareToken("OTHER");
        other.mint(alice, UNIT);
        vm.expectRevert(abi.encodeWithSelector(IncomeModule.IncomeModule__NotBound.selector, other));
        income.distribute(address(other), 1);
    }

    function test_distribute_revertsWhenTheTokenLeftItsCompliance() public {
        house.mint(alice, UNIT);
        address compliance = _create("ModularCompliance", "");
        ITrexCompliance(compliance).init();
        house.setCompliance(compliance);
        vm.expectRevert(abi.encodeWithSelector(IncomeModule.IncomeModule__NotBound.selector, house));
        income.distribute(address(house), 1);
    }

    function test_distribute_revertsWhenTheComplianceLeftTheToken() public {
        house.mint(alice, UNIT);
        ITrexCompliance(house.compliance()).bindToken(address(1));
        vm.expectRevert(abi.encodeWithSelector(IncomeModule.IncomeModule__NotBound.selector, house));
        income.distribute(address(house), 1);
    }

    function test_distribute_revertsWithoutAllowance(uint256 amount) public {
        amount = _bound(amount, 1, 1e18);
        house.mint(alice, UNIT);
        cash.mint(carol, amount);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(income), 0, amount)
        );
        vm.prank(carol);
        income.distribute(address(house), amount);
    }

    function test_distribute_carriesWhatDoesNotDivide() public {
        house.mint(alice, 3);
        house.mint(bob, 3);
        house.mint(carol, 1);
        // 10 = 7 · 1.42…: 4 + 4 + 1, one unit of cash stays and counts next time
        _distribute(house, 10);
        vm.assertEq(_claim(house, alice) + _claim(house, bob) + _claim(house, carol), 9);
        _distribute(house, 4);
        vm.assertEq(_claim(house, alice) + _claim(house, bob) + _claim(house, carol), 4);
        vm.assertEq(cash.balanceOf(address(income)), 1);
        vm.assertGt(_pot().carry, (1 << 128) - 8);
    }

    /* TRANSFERS */

    function test_transfer_leavesPastIncomeWithTheSender(uint256 held, uint256 sent, uint256 first, uint256 second)
        public
    {
        held = _bound(held, 1, 1e15);
        sent = _bound(sent, 1, held);
        (first, second) = (_bound(first, 1, 1e15), _bound(second, 1, 1e15));
        house.mint(alice, held);
        _distribute(house, first);
        vm.prank(alice);
        house.transfer(bob, sent);
        vm.assertApproxEqAbs(_accrued(alice), first, 1);
        vm.assertEq(_accrued(bob), 0);
        _distribute(house, second);
        vm.assertApproxEqAbs(_accrued(alice), first + second * (held - sent) / held, 2);
        vm.assertApproxEqAbs(_accrued(bob), second * sent / held, 1);
        vm.assertLe(_accrued(alice) + _accrued(bob), first + second);
    }

    function test_transferFrom_settlesBoth() public {
        house.mint(alice, 10 * UNIT);
        _distribute(house, 100 * DOLLAR);
        vm.prank(alice);
        house.approve(carol, 4 * UNIT);
        vm.prank(carol);
        house.transferFrom(alice, bob, 4 * UNIT);
        vm.assertEq(_units(alice), 6 * UNIT);
        vm.assertEq(_units(bob), 4 * UNIT);
        _distribute(house, 100 * DOLLAR);
        vm.assertApproxEqAbs(_accrued(alice), 160 * DOLLAR, 2);
        vm.assertApproxEqAbs(_accrued(bob), 40 * DOLLAR, 1);
    }

    function test_transfer_toOneselfChangesNothing(uint256 held, uint256 sent, uint256 amount) public {
        held = _bound(held, 1, 1e15);
        sent = _bound(sent, 1, held);
        amount = _bound(amount, 1, 1e15);
        house.mint(alice, held);
        house.mint(bob, UNIT);
        _distribute(house, amount);
        uint256 before = _accrued(alice);
        vm.prank(alice);
        house.transfer(alice, sent);
        vm.assertEq(_accrued(alice), before);
        vm.assertEq(_units(alice), held);
        vm.assertEq(_pot().recorded, held + UNIT);
        vm.assertEq(_pot().eligible, held + UNIT);
    }

    function test_mint_earnsFromThenOn(uint256 amount) public {
        amount = _bound(amount, 2, 1e15);
        house.mint(alice, UNIT);
        _distribute(house, amount);
        house.mint(bob, UNIT);
        vm.assertEq(_accrued(bob), 0);
        _distribute(house, amount);
        vm.assertApproxEqAbs(_accrued(alice), amount + amount / 2, 1);
        vm.assertApproxEqAbs(_accrued(bob), amount / 2, 1);
    }

    function test_burn_keepsWhatWasEarned(uint256 amount) public {
        amount = _bound(amount, 1, 1e15);
        house.mint(alice, UNIT);
        house.mint(bob, UNIT);
        _distribute(house, 2 * amount);
        house.burn(alice, UNIT);
        vm.assertApproxEqAbs(_accrued(alice), amount, 1);
        vm.assertEq(_pot().recorded, UNIT);
        _distribute(house, amount);
        vm.assertApproxEqAbs(_accrued(alice), amount, 1);
        vm.assertApproxEqAbs(_accrued(bob), 2 * amount, 2);
    }

    function test_forcedTransfer_settlesBoth() public {
        house.mint(alice, 2 * UNIT);
        _distribute(house, 100 * DOLLAR);
        house.forcedTransfer(alice, bob, UNIT);
        _distribute(house, 100 * DOLLAR);
        vm.assertApproxEqAbs(_accrued(alice), 150 * DOLLAR, 2);
        vm.assertApproxEqAbs(_accrued(bob), 50 * DOLLAR, 1);
    }

    /* CLAIM */

    function test_claimFor_paysTheHolder_whoeverCalls(address caller, uint256 amount) public {
        vm.assume(caller != alice && caller != address(income));
        amount = _bound(amount, 2, 1e15);
        house.mint(alice, UNIT);
        _distribute(house, amount);
        uint256 owed = _accrued(alice);
        uint256 before = cash.balanceOf(caller);
        vm.expectEmit(address(income));
        emit IncomeModule.Claimed(address(house), alice, owed);
        vm.expectEmit(address(cash));
        emit IERC20.Transfer(address(income), alice, owed);
        vm.prank(caller);
        income.claimFor(address(house), _list(alice));
        vm.assertEq(cash.balanceOf(alice), owed);
        vm.assertEq(cash.balanceOf(caller), before);
        vm.assertEq(_accrued(alice), 0);
        vm.assertEq(_pot().paid, owed);
    }

    function test_claimFor_paysOnce_evenWhenNamedTwice() public {
        house.mint(alice, UNIT);
        _distribute(house, 100 * DOLLAR);
        address[] memory holders = new address[](3);
        (holders[0], holders[1], holders[2]) = (alice, alice, bob);
        vm.assertEq(income.claimFor(address(house), holders), 100 * DOLLAR);
        vm.assertEq(_claim(house, alice), 0);
        vm.assertEq(cash.balanceOf(alice), 100 * DOLLAR);
        vm.assertEq(cash.balanceOf(bob), 0);
    }

    function test_claimFor_200HoldersInOneBlock() public {
        address[] memory holders = new address[](200);
        address identity = _create("Identity", abi.encode(alice, false));
        for (uint160 i; i < 200; ++i) {
            holders[i] = address(0x10000 + i);
            registry.registerIdentity(holders[i], identity, 756);
            house.mint(holders[i], UNIT);
        }
        _distribute(house, 200 * DOLLAR);
        uint256 gas = gasleft();
        vm.assertEq(income.claimFor(address(house), holders), 200 * DOLLAR);
        vm.assertLt(gas - gasleft(), 15_000_000);
        vm.assertEq(cash.balanceOf(holders[199]), DOLLAR);
    }

    function test_claimFor_keepsTokensApart() public {
        ITrexToken farm = _token("FARM");
        house.mint(alice, UNIT);
        farm.mint(alice, UNIT);
        farm.mint(bob, UNIT);
        _distribute(house, 100 * DOLLAR);
        _distribute(farm, 10 * DOLLAR);
        vm.assertEq(_claim(farm, alice), 5 * DOLLAR);
        vm.assertEq(_claim(house, bob), 0);
        vm.assertEq(_claim(house, alice), 100 * DOLLAR);
        vm.assertEq(_claim(farm, bob), 5 * DOLLAR);
        vm.assertEq(cash.balanceOf(address(income)), 0);
    }

    /* EXCLUSION */

    function test_setExcluded_partGoesToTheRest(uint256 a, uint256 b, uint256 venue, uint256 amount) public {
        (a, b, venue) = (_bound(a, 1, 1e15), _bound(b, 1, 1e15), _bound(venue, 1, 1e15));
        amount = _bound(amount, 1, 1e15);
        house.mint(alice, a);
        house.mint(bob, b);
        house.mint(carol, venue);
        vm.expectEmit(address(income));
        emit IncomeModule.ExcludedSet(address(house), carol, true);
        income.setExcluded(address(house), carol, true);
        _distribute(house, amount);
        vm.assertEq(_accrued(carol), 0);
        vm.assertApproxEqAbs(_accrued(alice), amount * a / (a + b), 1);
        vm.assertApproxEqAbs(_accrued(bob), amount * b / (a + b), 1);
    }

    function test_setExcluded_keepsWhatWasEarned_andEarnsAgain() public {
        house.mint(alice, UNIT);
        house.mint(carol, UNIT);
        _distribute(house, 100 * DOLLAR);
        income.setExcluded(address(house), carol, true);
        vm.assertEq(_accrued(carol), 50 * DOLLAR);
        _distribute(house, 100 * DOLLAR);
        vm.assertEq(_accrued(carol), 50 * DOLLAR);
        vm.assertEq(_accrued(alice), 150 * DOLLAR);
        // moves while excluded
        vm.prank(alice);
        house.transfer(carol, UNIT / 2);
        income.setExcluded(address(house), carol, false);
        vm.assertEq(_pot().eligible, 2 * UNIT);
        _distribute(house, 100 * DOLLAR);
        vm.assertEq(_accrued(carol), 125 * DOLLAR);
        vm.assertEq(_accrued(alice), 175 * DOLLAR);
        vm.assertEq(_claim(house, carol) + _claim(house, alice), 300 * DOLLAR);
    }

    function test_setExcluded_twiceIsOnce() public {
        house.mint(alice, UNIT);
        house.mint(carol, UNIT);
        income.setExcluded(address(house), carol, true);
        income.setExcluded(address(house), carol, true);
        vm.assertEq(_pot().eligible, UNIT);
        (uint256 units, bool excluded) = income.holdings(address(house), carol);
        vm.assertEq(units, UNIT);
        vm.assertTrue(excluded);
    }

    function test_setExcluded_revertsUnlessOwner(address other) public {
        vm.assume(other != address(this));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other));
        vm.prank(other);
        income.setExcluded(address(house), alice, true);
    }

    function test_setPool_revertsUnlessOwner(address other) public {
        vm.assume(other != address(this));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other));
        vm.prank(other);
        income.setPool(alice, true);
    }

    /* THE RECORD */

    function test_record_whenTheModuleComesLate() public {
        ITrexToken late = _bareToken("LATE");
        late.mint(alice, 3 * UNIT);
        late.mint(bob, UNIT);
        ITrexCompliance(late.compliance()).addModule(address(income));
        late.mint(bob, UNIT);

        vm.expectRevert(
            abi.encodeWithSelector(IncomeModule.IncomeModule__RecordIncomplete.selector, 2 * UNIT, 5 * UNIT)
        );
        income.distribute(address(late), 1);
        vm.expectEmit(address(income));
        emit IncomeModule.Recorded(address(late), alice, 3 * UNIT);
        vm.prank(carol);
        income.record(address(late), _list(alice));
        _distribute(late, 100 * DOLLAR);
        vm.assertEq(income.accrued(address(late), alice), 60 * DOLLAR);
        vm.assertEq(income.accrued(address(late), bob), 40 * DOLLAR);
    }

    function test_record_whenTheModuleWasOffForATime() public {
        house.mint(alice, 2 * UNIT);
        house.mint(carol, UNIT);
        _distribute(house, 30 * DOLLAR);
        ITrexCompliance compliance = ITrexCompliance(house.compliance());
        compliance.removeModule(address(income));
        // A holder that the module does not see gains units it never pays on.
        vm.prank(alice);
        house.transfer(bob, 2 * UNIT);
        vm.assertEq(_accrued(alice), 20 * DOLLAR);
        vm.assertEq(_accrued(bob), 0);
        house.mint(bob, UNIT);
        compliance.addModule(address(income));
        vm.expectRevert(
            abi.encodeWithSelector(IncomeModule.IncomeModule__RecordIncomplete.selector, 3 * UNIT, 4 * UNIT)
        );
        income.distribute(address(house), 1);
        income.record(address(house), _list(bob));
        vm.expectRevert(
            abi.encodeWithSelector(IncomeModule.IncomeModule__RecordIncomplete.selector, 6 * UNIT, 4 * UNIT)
        );
        income.distribute(address(house), 1);
        income.record(address(house), _list(alice));
        _distribute(house, 40 * DOLLAR);
        vm.assertEq(_claim(house, alice), 20 * DOLLAR);
        vm.assertEq(_claim(house, bob), 30 * DOLLAR);
        vm.assertEq(_claim(house, carol), 20 * DOLLAR);
        vm.assertEq(cash.balanceOf(address(income)), 0);
    }

    function test_record_tellsNothingWhenNothingDiffers() public {
        house.mint(alice, UNIT);
        vm.recordLogs();
        income.record(address(house), _list(alice));
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    /* POOLS */

    /// @dev Bob takes what the pair holds beyond its reserves. One unit of the token goes first: T-REX refuses to transfer none.
    function _skim(address pair) internal {
        house.mint(pair, 1);
        IUniswapPair(pair).skim(bob);
    }

    function test_pool_paysLiquidityProvidersAtOnce() public {
        address pair = _pool(house, 100 * UNIT, 1000 * DOLLAR);
        vm.expectEmit(address(income));
        emit IncomeModule.PoolSet(pair, true);
        income.setPool(pair, true);
        house.mint(alice, 100 * UNIT);
        _distribute(house, 100 * DOLLAR);
        vm.assertEq(_claim(house, pair), 50 * DOLLAR);
        (uint112 r0, uint112 r1,) = IUniswapPair(pair).getReserves();
        vm.assertEq(IUniswapPair(pair).token0() == address(cash) ? r0 : r1, 1050 * DOLLAR);
        _skim(pair);
        vm.assertEq(cash.balanceOf(bob), 0);
    }

    /// @dev Why pools are named: cash that a pair has not taken into its reserves is anybody's.
    function test_pool_unnamedCanBeSkimmed() public {
        address pair = _pool(house, 100 * UNIT, 1000 * DOLLAR);
        _distribute(house, 50 * DOLLAR);
        _claim(house, pair);
        _skim(pair);
        vm.assertEq(cash.balanceOf(bob), 50 * DOLLAR);
    }

    function test_swap_keepsTheRecordWhole(uint256 paid) public {
        paid = _bound(paid, DOLLAR, 1000 * DOLLAR);
        _pool(house, 100 * UNIT, 1000 * DOLLAR);
        cash.mint(alice, paid);
        address[] memory path = new address[](2);
        (path[0], path[1]) = (address(cash), address(house));
        vm.startPrank(alice);
        cash.approve(address(router), paid);
        uint256[] memory amounts = router.swapExactTokensForTokens(paid, 0, path, alice, block.timestamp);
        vm.stopPrank();
        vm.assertEq(_units(alice), amounts[1]);
        vm.assertEq(_pot().recorded, house.totalSupply());
        _distribute(house, 100 * DOLLAR);
        vm.assertApproxEqAbs(_accrued(alice), 100 * DOLLAR * amounts[1] / (100 * UNIT), 1);
    }
}
