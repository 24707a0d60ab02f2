// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Their authors document these in full; here stands what ours rely on, one file a protocol.
// solhint-disable use-natspec, one-contract-per-file

/// @title IAggregatorV3
/// @notice What Chainlink price feeds answer, so that anything written for Chainlink reads our feeds too.
/// @dev Same selectors as Chainlink's `AggregatorV3Interface`; written here because its npm package does not install.
interface IAggregatorV3 {
    /// @notice Digits after the point of every answer.
    function decimals() external view returns (uint8);

    /// @notice What is measured, for people: "Oak Street 1 appraisal / USD".
    function description() external view returns (string memory);

    /// @notice Version of the aggregator.
    function version() external view returns (uint256);

    /// @notice One closed round.
    /// @param roundId The round asked for.
    /// @return id The same round.
    /// @return answer Scaled by 10**decimals.
    /// @return startedAt Unix seconds of its first submission.
    /// @return updatedAt Unix seconds of its close.
    /// @return answeredInRound The same round.
    function getRoundData(uint80 roundId)
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The newest closed round.
    function latestRoundData()
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
