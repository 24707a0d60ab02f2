// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Feed} from "../../contracts/feeds/Feed.sol";
import {FeedOracle} from "../../contracts/feeds/FeedOracle.sol";
import {IAggregatorV3} from "../../contracts/interfaces/IChainlink.sol";
import {Base} from "./Base.sol";

/// @notice A token of any number of decimals.
contract Coin is ERC20 {
    uint8 private immutable DECIMALS;

    constructor(uint8 decimals_) ERC20("", "") {
        DECIMALS = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }
}

/// @notice A Chainlink feed of any answer: ours refuses what this one may say.
contract AnyFeed is IAggregatorV3 {
    int256 public answer;
    string public constant description = "";
    uint256 public constant version = 0;
    uint8 public immutable decimals;

    constructor(uint8 decimals_, int256 answer_) {
        (decimals, answer) = (decimals_, answer_);
    }

    function getRoundData(uint80) external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, answer, block.timestamp, block.timestamp, 1);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, answer, block.timestamp, block.timestamp, 1);
    }
}

contract FeedOracleTest is Base {
    uint256 internal constant MAX_AGE = 2 days;

    Feed internal feed;
    Coin internal six = new Coin(6);

    function setUp() public {
        vm.warp(GENESIS);
        address[] memory reporters = new address[](1);
        reporters[0] = address(this);
        feed = new Feed(address(this), "", reporters, 1, 1 hours, 0, 0);
    }

    function _oracle(uint256 maxAge) internal returns (FeedOracle) {
        return new FeedOracle(IAggregatorV3(address(feed)), six, six, maxAge);
    }

    function test_price_ofOurTokens(uint96 answer) public {
        vm.assume(answer != 0);
        FeedOracle oracle = _oracle(MAX_AGE);
        feed.submit(int256(uint256(answer)));
        vm.assertEq(oracle.price(), uint256(answer) * 1e28);
        vm.assertEq(oracle.SCALE(), 1e28);
        vm.assertEq(address(oracle.FEED()), address(feed));
    }

    /// @dev What Morpho does with it: so many dollars are lent on so many tokens, whatever the decimals.
    function test_price_valuesWholeTokens(uint8 collateral, uint8 loan, uint8 decimals, uint256 answer) public {
        (collateral, loan) = (uint8(_bound(collateral, 0, 18)), uint8(_bound(loan, 0, 18)));
        (decimals, answer) = (uint8(_bound(decimals, 0, 18)), _bound(answer, 1, 1e12));
        AnyFeed any = new AnyFeed(decimals, int256(answer * 10 ** decimals));
        FeedOracle oracle = new FeedOracle(any, new Coin(collateral), new Coin(loan), 0);
        vm.assertEq(5 * 10 ** collateral * oracle.price() / 1e36, 5 * answer * 10 ** loan);
    }

    function test_creation_revertsWhereNoExactScaleExists() public {
        (Coin collateral, Coin loan) = (new Coin(30), new Coin(0));
        vm.expectRevert(abi.encodeWithSelector(FeedOracle.FeedOracle__Decimals.selector, 0, 30, 8));
        new FeedOracle(IAggregatorV3(address(feed)), collateral, loan, 0);
    }

    function test_price_untilTooOld(uint256 age) public {
        FeedOracle oracle = _oracle(MAX_AGE);
        feed.submit(100e8);
        age = _bound(age, 0, 30 days);
        vm.warp(GENESIS + age);
        if (age > MAX_AGE) vm.expectRevert(abi.encodeWithSelector(FeedOracle.FeedOracle__Stale.selector, GENESIS));
        oracle.price();
    }

    function test_price_neverTooOldWithoutMaxAge(uint64 age) public {
        FeedOracle oracle = _oracle(0);
        feed.submit(100e8);
        vm.warp(GENESIS + age);
        vm.assertEq(oracle.price(), 100e36);
    }

    function test_price_revertsBeforeTheFirstRound() public {
        FeedOracle oracle = _oracle(0);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__NoData.selector, 0));
        oracle.price();
    }

    function test_price_revertsOnNothingPositive(int256 answer) public {
        if (answer > 0) answer = -answer;
        FeedOracle oracle = new FeedOracle(new AnyFeed(8, answer), six, six, 0);
        vm.expectRevert(abi.encodeWithSelector(FeedOracle.FeedOracle__NotPositive.selector, answer));
        oracle.price();
    }
}
