// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {FeedOracle} from "../../contracts/feeds/FeedOracle.sol";
import {Market, MarketParams} from "../../contracts/interfaces/IMorpho.sol";
import {Economy} from "./Economy.sol";
import {ITrexToken} from "./Outside.sol";

/// @notice Our oracle, rate model and compliance modules in a real Morpho market on a real T-REX token.
/// @dev Alice borrows on tokens, Bob lends, Carol liquidates.
contract LendingTest is Economy {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant LENT = 1_000_000 * DOLLAR;

    ITrexToken internal house;
    MarketParams internal params;

    function setUp() public override {
        super.setUp();
        house = _token("HOUSE");
        params = _lending(house, 100e8, 7 days);
        house.mint(alice, 1000 * UNIT);
        cash.mint(bob, LENT);
        cash.mint(carol, LENT);
        vm.startPrank(bob);
        cash.approve(address(morpho), LENT);
        morpho.supply(params, LENT, 0, bob, "");
        vm.stopPrank();
        vm.prank(carol);
        cash.approve(address(morpho), LENT);
    }

    function _post(uint256 units) internal {
        vm.startPrank(alice);
        house.approve(address(morpho), units);
        morpho.supplyCollateral(params, units, alice, "");
        vm.stopPrank();
    }

    function _borrow(uint256 dollars) internal {
        vm.prank(alice);
        morpho.borrow(params, dollars, 0, alice, alice);
    }

    function _appraise(int256 answer) internal {
        vm.warp(block.timestamp + 1);
        feed.submit(answer);
    }

    function _liquidate(uint256 units) internal returns (uint256 seized, uint256 repaid) {
        vm.prank(carol);
        return morpho.liquidate(params, alice, units, 0, "");
    }

    function _market() internal view returns (Market memory) {
        return morpho.market(_id(params));
    }

    function test_borrow_upToTheLoanToValue(uint256 units) public {
        units = _bound(units, UNIT, 1000 * UNIT);
        _post(units);
        uint256 most = units * 100 * LLTV / WAD;
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "insufficient collateral"));
        _borrow(most + 1);
        _borrow(most);
        vm.assertEq(cash.balanceOf(alice), most);
    }

    function test_borrow_revertsWhenTheFeedIsDead() public {
        _post(UNIT);
        vm.warp(GENESIS + 7 days + 1);
        vm.expectRevert(abi.encodeWithSelector(FeedOracle.FeedOracle__Stale.selector, GENESIS));
        _borrow(DOLLAR);
    }

    function test_interest_accruesByTheKinkedRate(uint256 dollars, uint256 time) public {
        dollars = _bound(dollars, DOLLAR, 70_000 * DOLLAR);
        time = _bound(time, 1, 365 days);
        _post(1000 * UNIT);
        _borrow(dollars);
        uint256 rate = irm.borrowRateView(params, _market());
        vm.assertEq(rate, (irm.ratePerYear((dollars * WAD + LENT - 1) / LENT) + 365 days - 1) / 365 days);
        vm.warp(block.timestamp + time);
        morpho.accrueInterest(params);
        // Morpho's compounding: e^x - 1 to the third order.
        uint256 x = rate * time;
        uint256 second = x * x / (2 * WAD);
        uint256 interest = dollars * (x + second + second * x / (3 * WAD)) / WAD;
        vm.assertEq(_market().totalBorrowAssets, dollars + interest);
        vm.assertEq(_market().totalSupplyAssets, LENT + interest);
    }

    function test_liquidate_afterAFall() public {
        _post(1000 * UNIT);
        _borrow(70_000 * DOLLAR);
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "position is healthy"));
        _liquidate(100 * UNIT);
        _appraise(90e8);
        (uint256 seized, uint256 repaid) = _liquidate(100 * UNIT);
        vm.assertEq(seized, 100 * UNIT);
        vm.assertEq(house.balanceOf(carol), 100 * UNIT);
        // 1 / (1 - 0.3 · (1 - 0.77)): the keeper pays 0.931 of what it takes.
        vm.assertApproxEqAbs(repaid, 9000 * DOLLAR * 931 / 1000, 2);
        vm.assertEq(cash.balanceOf(carol), LENT - repaid);
    }

    function test_liquidate_leavesBadDebtToLenders(uint256 fallen) public {
        _post(1000 * UNIT);
        _borrow(70_000 * DOLLAR);
        fallen = _bound(fallen, 1e8, 70e8);
        _appraise(int256(fallen));
        uint256 before = _market().totalSupplyAssets;
        (, uint256 repaid) = _liquidate(1000 * UNIT);
        vm.assertEq(_market().totalBorrowAssets, 0);
        vm.assertEq(_market().totalBorrowShares, 0);
        // All that was not repaid is gone from the lenders' side (interest of one second is far below a dollar).
        vm.assertApproxEqAbs(before - _market().totalSupplyAssets, 70_000 * DOLLAR - repaid, DOLLAR);
        vm.assertEq(cash.balanceOf(address(morpho)), _market().totalSupplyAssets);
    }

    function test_liquidate_goesOnInAHaltWhenMorphoIsExempt() public {
        _post(1000 * UNIT);
        _borrow(70_000 * DOLLAR);
        _appraise(90e8);
        vm.prank(guardian);
        halts.haltAll();
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "transfer reverted"));
        _liquidate(100 * UNIT);
        halts.setExempt(address(morpho), true);
        _liquidate(100 * UNIT);
        vm.assertEq(house.balanceOf(carol), 100 * UNIT);
        // Carol cannot sell what she seized until trade goes on.
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "Transfer not possible"));
        vm.prank(carol);
        house.transfer(bob, UNIT);
    }

    function test_income_ofExcludedCollateralGoesToTheRest() public {
        income.setExcluded(address(house), address(morpho), true);
        house.mint(bob, 100 * UNIT);
        _post(600 * UNIT);
        _distribute(house, 50 * DOLLAR);
        vm.assertEq(income.accrued(address(house), address(morpho)), 0);
        vm.assertApproxEqAbs(income.accrued(address(house), alice), 40 * DOLLAR, 1);
        vm.assertApproxEqAbs(income.accrued(address(house), bob), 10 * DOLLAR, 1);
        vm.prank(alice);
        morpho.withdrawCollateral(params, 600 * UNIT, alice, alice);
        _distribute(house, 110 * DOLLAR);
        vm.assertApproxEqAbs(income.accrued(address(house), alice), 140 * DOLLAR, 2);
    }
}
