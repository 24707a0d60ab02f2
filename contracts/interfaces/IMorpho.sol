// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Their authors document these in full; here stands what ours rely on, one file a protocol.
// solhint-disable use-natspec, one-contract-per-file

/// @notice What defines a Morpho market; its id is keccak256(abi.encode(params)).
/// @param loanToken What is lent.
/// @param collateralToken What is posted.
/// @param oracle Prices one unit of collateral in units of the loan token, times 1e36.
/// @param irm Sets the borrow rate.
/// @param lltv Loan-to-value at which a position may be liquidated, times 1e18.
struct MarketParams {
    address loanToken;
    address collateralToken;
    address oracle;
    address irm;
    uint256 lltv;
}

/// @notice Totals of a Morpho market as of its last accrual.
/// @param totalSupplyAssets Units of the loan token owed to lenders.
/// @param totalSupplyShares Lenders' shares.
/// @param totalBorrowAssets Units of the loan token owed by borrowers.
/// @param totalBorrowShares Borrowers' shares.
/// @param lastUpdate Unix seconds of the last accrual.
/// @param fee Protocol's part of the interest, times 1e18.
struct Market {
    uint128 totalSupplyAssets;
    uint128 totalSupplyShares;
    uint128 totalBorrowAssets;
    uint128 totalBorrowShares;
    uint128 lastUpdate;
    uint128 fee;
}

/// @title IMorpho
/// @notice The part of Morpho Blue that the lens reads.
interface IMorpho {
    /// @notice Position of `account` in market `id`: supply shares, borrow shares, units of collateral.
    function position(bytes32 id, address account)
        external
        view
        returns (uint256 supplyShares, uint128 borrowShares, uint128 collateral);

    /// @notice Totals of market `id`.
    function market(bytes32 id) external view returns (Market memory);
}

/// @title IIrm
/// @notice What Morpho asks of an interest rate model.
interface IIrm {
    /// @notice Borrow rate per second, times 1e18; Morpho compounds it continuously.
    function borrowRate(MarketParams memory params, Market memory market) external returns (uint256);

    /// @notice The same, changing nothing.
    function borrowRateView(MarketParams memory params, Market memory market) external view returns (uint256);
}

/// @title IOracle
/// @notice What Morpho asks of an oracle.
interface IOracle {
    /// @notice Value of one unit of collateral in units of the loan token, times 1e36.
    function price() external view returns (uint256);
}
