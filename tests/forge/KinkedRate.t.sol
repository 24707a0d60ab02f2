// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Market, MarketParams} from "../../contracts/interfaces/IMorpho.sol";
import {KinkedRate} from "../../contracts/lending/KinkedRate.sol";
import {Base} from "./Base.sol";

contract KinkedRateTest is Base {
    uint256 internal constant WAD = 1e18;

    KinkedRate internal irm = new KinkedRate(0.02e18, 0.05e18, 1e18, 0.8e18);

    function _rate(uint128 supplied, uint128 borrowed) internal view returns (uint256) {
        MarketParams memory params;
        Market memory market;
        (market.totalSupplyAssets, market.totalBorrowAssets) = (supplied, borrowed);
        return irm.borrowRateView(params, market);
    }

    function test_ratePerYear_atTheCorners() public view {
        vm.assertEq(irm.ratePerYear(0), 0.02e18);
        vm.assertEq(irm.ratePerYear(0.4e18), 0.045e18);
        vm.assertEq(irm.ratePerYear(0.8e18), 0.07e18);
        vm.assertEq(irm.ratePerYear(0.9e18), 0.57e18);
        vm.assertEq(irm.ratePerYear(1e18), 1.07e18);
        vm.assertEq(irm.ratePerYear(5e18), 1.07e18);
    }

    function test_ratePerYear_isTheFormulaRoundedUp(uint256 base, uint256 low, uint256 high, uint256 kink, uint256 u)
        public
    {
        (base, low, high) = (_bound(base, 0, 3e18), _bound(low, 0, 3e18), _bound(high, 0, 4e18));
        (kink, u) = (_bound(kink, 1, WAD - 1), _bound(u, 0, WAD));
        KinkedRate any = new KinkedRate(base, low, high, kink);
        uint256 exact = u <= kink ? base * kink + low * u : (base + low) * (WAD - kink) + high * (u - kink);
        uint256 scale = u <= kink ? kink : WAD - kink;
        uint256 rate = any.ratePerYear(u);
        vm.assertGe(rate * scale, exact);
        vm.assertLt(rate * scale, exact + scale);
    }

    function test_ratePerYear_neverFalls(uint256 a, uint256 b) public view {
        (a, b) = (_bound(a, 0, 2 * WAD), _bound(b, 0, 2 * WAD));
        vm.assertLe(irm.ratePerYear(a < b ? a : b), irm.ratePerYear(a < b ? b : a));
    }

    function test_borrowRate_isPerSecondRoundedUp(uint128 supplied, uint128 borrowed) public view {
        supplied = uint128(_bound(supplied, 1, type(uint128).max));
        borrowed = uint128(_bound(borrowed, 0, supplied));
        uint256 utilisation = (uint256(borrowed) * WAD + supplied - 1) / supplied;
        uint256 rate = _rate(supplied, borrowed);
        vm.assertGe(rate * 365 days, irm.ratePerYear(utilisation));
        vm.assertLt(rate * 365 days, irm.ratePerYear(utilisation) + 365 days);
        MarketParams memory params;
        Market memory market;
        (market.totalSupplyAssets, market.totalBorrowAssets) = (supplied, borrowed);
        vm.assertEq(irm.borrowRate(params, market), rate);
    }

    function test_borrowRate_ofAnEmptyMarketIsTheBase() public view {
        vm.assertEq(_rate(0, 0), uint256(0.02e18) / 365 days + 1);
    }

    function test_borrowRate_isCappedAtFullUse(uint128 supplied, uint128 borrowed) public view {
        supplied = uint128(_bound(supplied, 1, type(uint128).max));
        borrowed = uint128(_bound(borrowed, supplied, type(uint128).max));
        vm.assertEq(_rate(supplied, borrowed), uint256(1.07e18) / 365 days + 1);
    }

    function test_creation_revertsOnABadKink(uint256 kink) public {
        kink = kink == 0 ? 0 : _bound(kink, WAD, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(KinkedRate.KinkedRate__BadKink.selector, kink));
        new KinkedRate(0, 0, 0, kink);
    }

    function test_creation_revertsOnAnAbsurdRate(uint256 base, uint256 low, uint256 high) public {
        (low, high) = (_bound(low, 0, 1e18), _bound(high, 0, 1e18));
        base = _bound(base, 10e18 - low - high + 1, 1e30);
        vm.expectRevert(abi.encodeWithSelector(KinkedRate.KinkedRate__RateTooHigh.selector, base + low + high));
        new KinkedRate(base, low, high, 0.8e18);
    }
}
