// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IAggregatorV3} from "../interfaces/IChainlink.sol";
import {IOracle} from "../interfaces/IMorpho.sol";

/// @title FeedOracle
/// @notice Lets a Morpho market lend against what a feed says: `price()` is the feed's newest answer in Morpho's scale.
/// @dev With `MAX_AGE` set, a dead feed stops borrowing, releasing collateral and liquidating in its market until it speaks
/// again: nobody acts on a price nobody stands behind. With 0 the last answer stands for ever. A choice for who deploys.
contract FeedOracle is IOracle {
    /// @notice The feed: dollars (that is, whole loan tokens) for one whole collateral token.
    IAggregatorV3 public immutable FEED;
    /// @notice What one unit of the feed's answer is worth in Morpho's scale.
    uint256 public immutable SCALE;
    /// @notice Seconds after which an answer is too old; 0 never.
    uint256 public immutable MAX_AGE;

    /// @notice The feed's newest answer is older than `MAX_AGE`.
    error FeedOracle__Stale(uint256 updatedAt);
    /// @notice The feed answers nothing positive.
    error FeedOracle__NotPositive(int256 answer);
    /// @notice 36 + loan decimals − collateral decimals − feed decimals is negative: no exact scale exists.
    error FeedOracle__Decimals(uint256 loan, uint256 collateral, uint256 feed);

    /// @notice Fixes feed and scale.
    /// @param feed Dollars for one whole collateral token.
    /// @param collateral Token that is posted.
    /// @param loan Token that is lent, worth a dollar.
    /// @param maxAge Seconds an answer stays good; 0 for ever.
    constructor(IAggregatorV3 feed, IERC20Metadata collateral, IERC20Metadata loan, uint256 maxAge) {
        uint256 up = 36 + uint256(loan.decimals());
        uint256 down = uint256(collateral.decimals()) + feed.decimals();
        if (down > up) revert FeedOracle__Decimals(loan.decimals(), collateral.decimals(), feed.decimals());
        FEED = feed;
        SCALE = 10 ** (up - down);
        MAX_AGE = maxAge;
    }

    /// @inheritdoc IOracle
    /// @dev Exact: the scale is a whole power of ten.
    function price() external view returns (uint256) {
        // The round's id and start say nothing about its price.
        // slither-disable-next-line unused-return
        (, int256 answer,, uint256 updatedAt,) = FEED.latestRoundData();
        if (answer <= 0) revert FeedOracle__NotPositive(answer);
        if (MAX_AGE != 0 && block.timestamp > updatedAt + MAX_AGE) revert FeedOracle__Stale(updatedAt);
        // Positive, as was checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(answer) * SCALE;
    }
}
