// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IIrm, Market, MarketParams} from "../interfaces/IMorpho.sol";

/// @title KinkedRate
/// @notice Interest rate of a Morpho market as two lines over its utilisation: gentle up to the kink, steep beyond, so that
/// lenders who want out find a market that calls borrowers back.
/// @dev The jump rate model of Compound (`JumpRateModelV2`) and Aave (`DefaultReserveInterestRateStrategy`):
///
///     rate(u) = BASE + SLOPE_LOW · u / KINK                                    for u ≤ KINK
///     rate(u) = BASE + SLOPE_LOW + SLOPE_HIGH · (u − KINK) / (1 − KINK)        beyond
///
/// Rates are WADs (1e18 = 100%) per year of 365 days, as Morpho compounds them: continuously. Stateless.
contract KinkedRate is IIrm {
    uint256 private constant WAD = 1e18;

    /// @notice No rate above 1,000% a year: beyond, Morpho's third-order Taylor compounding is far from the exponential.
    uint256 public constant MAX_RATE = 10e18;

    /// @notice Rate of a market from which nothing is borrowed, WAD per year.
    uint256 public immutable BASE;
    /// @notice What is added up to the kink, WAD per year.
    uint256 public immutable SLOPE_LOW;
    /// @notice What is added from the kink to full use, WAD per year.
    uint256 public immutable SLOPE_HIGH;
    /// @notice Utilisation at which the slope changes, WAD, strictly between 0 and 1.
    uint256 public immutable KINK;

    /// @notice The kink must lie strictly between 0 and 1e18.
    error KinkedRate__BadKink(uint256 kink);
    /// @notice The rate at full use is above `MAX_RATE`.
    error KinkedRate__RateTooHigh(uint256 rate);

    /// @notice Fixes the curve.
    /// @param base Rate at no use, WAD per year.
    /// @param slopeLow Added up to the kink, WAD per year.
    /// @param slopeHigh Added from the kink to full use, WAD per year.
    /// @param kink Utilisation at which the slope changes, WAD.
    constructor(uint256 base, uint256 slopeLow, uint256 slopeHigh, uint256 kink) {
        if (kink == 0 || kink >= WAD) revert KinkedRate__BadKink(kink);
        uint256 highest = base + slopeLow + slopeHigh;
        if (highest > MAX_RATE) revert KinkedRate__RateTooHigh(highest);
        BASE = base;
        SLOPE_LOW = slopeLow;
        SLOPE_HIGH = slopeHigh;
        KINK = kink;
    }

    /// @inheritdoc IIrm
    function borrowRate(MarketParams calldata, Market calldata market) external view returns (uint256) {
        return _perSecond(market);
    }

    /// @inheritdoc IIrm
    function borrowRateView(MarketParams calldata, Market calldata market) external view returns (uint256) {
        return _perSecond(market);
    }

    /// @notice Rate at `utilisation`, WAD per year, rounded up: against the borrower.
    /// @param utilisation Borrowed over supplied, WAD; more than 1e18 counts as 1e18.
    /// @return WAD per year.
    function ratePerYear(uint256 utilisation) public view returns (uint256) {
        if (utilisation <= KINK) return BASE + Math.ceilDiv(SLOPE_LOW * utilisation, KINK);
        uint256 beyond = Math.min(utilisation, WAD) - KINK;
        return BASE + SLOPE_LOW + Math.ceilDiv(SLOPE_HIGH * beyond, WAD - KINK);
    }

    /// @dev An empty market is one of which nothing is used.
    function _perSecond(Market calldata market) private view returns (uint256) {
        uint256 supplied = market.totalSupplyAssets;
        uint256 utilisation = supplied == 0 ? 0 : Math.ceilDiv(uint256(market.totalBorrowAssets) * WAD, supplied);
        return Math.ceilDiv(ratePerYear(utilisation), 365 days);
    }
}
