// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Their authors document these in full; here stands what ours rely on, one file a protocol.
// solhint-disable use-natspec, one-contract-per-file

/// @title IUniswapV2Pair
/// @notice The part of a Uniswap V2 pair that our contracts use.
interface IUniswapV2Pair {
    /// @notice What the pair reckons with, in units of its tokens, and when it was last updated (Unix seconds mod 2**32).
    function getReserves() external view returns (uint112 reserve0, uint112 reserve1, uint32 updatedAt);

    /// @notice The token with the lower address.
    function token0() external view returns (address);

    /// @notice The other one.
    function token1() external view returns (address);

    /// @notice Shares of the pool in existence.
    function totalSupply() external view returns (uint256);

    /// @notice Takes what the pair holds beyond its reserves into the reserves, for the good of its liquidity providers.
    function sync() external;
}
