// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Feed} from "../../contracts/feeds/Feed.sol";
import {Base} from "./Base.sol";

/// @notice Five reporters of whom one lies, an admin who changes everything, and time; keeps its own account of the rounds.
contract FeedHandler is Base {
    Feed public immutable FEED;
    address public immutable ADMIN;
    uint256 public immutable TIMEOUT;
    uint256 public immutable GRACE;
    address[5] public reporters;

    /// @notice What every round closed with, by our reckoning: hash of all it answers.
    bytes32[] public closed;
    /// @notice Whether some answer lay outside what honest reporters had said although liars were too few for that.
    bool public moved;

    int256[] internal _answers;
    address[] internal _speakers;
    uint256 internal _openedAt;
    uint256 internal _closedAt;
    mapping(address reporter => uint256) internal _spokeFor;

    constructor(Feed feed, address admin, address[] memory reporters_) {
        (FEED, ADMIN, TIMEOUT, GRACE) = (feed, admin, feed.ROUND_TIMEOUT(), feed.GRACE());
        for (uint256 i; i < 5; ++i) {
            reporters[i] = reporters_[i];
        }
    }

    /// @dev Everybody has something to say.
    function submitAll(uint256 first, uint256 answer) external {
        for (uint256 i; i < 5; ++i) {
            submit(first % 5 + i, uint256(keccak256(abi.encode(answer, i))));
        }
    }

    function submit(uint256 who, uint256 answer) public {
        address reporter = reporters[who % 5];
        if (!_reports(reporter)) return;
        // The last one lies without measure, the others differ by a tenth.
        int256 word = int256(who % 5 == 4 ? _bound(answer, 1, type(uint120).max) : _bound(answer, 100e8, 110e8));
        bool late = _answers.length == 0 && closed.length != 0 && block.timestamp <= _closedAt + GRACE;
        if (!late && _answers.length != 0 && block.timestamp > _openedAt + TIMEOUT) _forget();
        if (late ? _spokeFor[reporter] == closed.length : _hasSpoken(reporter)) return;

        vm.prank(reporter);
        FEED.submit(word);
        _spokeFor[reporter] = late ? closed.length : closed.length + 1;
        if (late) return;
        if (_answers.length == 0) _openedAt = block.timestamp;
        _answers.push(word);
        _speakers.push(reporter);
        if (_answers.length == FEED.quorum()) _close();
    }

    /// @dev Mostly just long enough for the next round.
    function wait(uint256 time, uint256 dice) external {
        vm.warp(block.timestamp + _bound(time, 0, dice % 4 == 0 ? 2 * TIMEOUT : 2 * GRACE));
    }

    function toggleReporter(uint256 who, uint256 dice) external {
        address reporter = reporters[who % 5];
        bool on = _reports(reporter);
        if (dice % 8 != 0 || (on && FEED.reporters().length == FEED.quorum())) return;
        vm.prank(ADMIN);
        if (on) FEED.removeReporter(reporter);
        else FEED.addReporter(reporter);
        _forget();
    }

    function setQuorum(uint256 quorum, uint256 dice) external {
        if (dice % 8 != 0) return;
        quorum = _bound(quorum, 1, FEED.reporters().length);
        vm.prank(ADMIN);
        FEED.setQuorum(quorum);
        _forget();
    }

    function rounds() external view returns (uint256) {
        return closed.length;
    }

    function _close() internal {
        uint256 n = _answers.length;
        int256 low = type(int256).max;
        int256 high;
        int256 median;
        int256 upper;
        bool lied;
        for (uint256 i; i < n; ++i) {
            // By counting, which shares nothing with sorting.
            uint256 below;
            for (uint256 j; j < n; ++j) {
                if (_answers[j] < _answers[i] || (_answers[j] == _answers[i] && j < i)) ++below;
            }
            if (below == (n - 1) / 2) median = _answers[i];
            if (below == n / 2) upper = _answers[i];
            if (_speakers[i] == reporters[4]) {
                lied = true;
                continue;
            }
            if (_answers[i] < low) low = _answers[i];
            if (_answers[i] > high) high = _answers[i];
        }
        median = (median + upper) / 2;
        if ((!lied || n >= 3) && (median < low || median > high)) moved = true;
        closed.push(keccak256(abi.encode(closed.length + 1, median, _openedAt, block.timestamp, closed.length + 1)));
        _closedAt = block.timestamp;
        delete _answers;
        delete _speakers;
    }

    function _forget() internal {
        for (uint256 i; i < _speakers.length; ++i) {
            _spokeFor[_speakers[i]] = 0;
        }
        delete _answers;
        delete _speakers;
    }

    function _hasSpoken(address reporter) internal view returns (bool) {
        for (uint256 i; i < _speakers.length; ++i) {
            if (_speakers[i] == reporter) return true;
        }
        return false;
    }

    function _reports(address reporter) internal view returns (bool) {
        address[] memory list = FEED.reporters();
        for (uint256 i; i < list.length; ++i) {
            if (list[i] == reporter) return true;
        }
        return false;
    }
}

contract FeedInvariants is Base {
    Feed internal feed;
    FeedHandler internal handler;

    function setUp() public {
        vm.warp(GENESIS);
        address[] memory reporters = new address[](5);
        for (uint160 i; i < 5; ++i) {
            reporters[i] = address(0x1000 + i);
        }
        feed = new Feed(address(this), "", reporters, 3, 1 hours, 10 minutes, 1 days);
        handler = new FeedHandler(feed, address(this), reporters);
    }

    /// @dev What forge calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice Rounds are numbered without gaps, hold the median of what was said in them, close at growing times, and never
    /// change.
    function invariant_historyIsWhatWasSaid() public view {
        uint256 before;
        for (uint80 id = 1; id <= handler.rounds(); ++id) {
            (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
                feed.getRoundData(id);
            vm.assertEq(
                keccak256(abi.encode(roundId, answer, startedAt, updatedAt, answeredIn)), handler.closed(id - 1)
            );
            vm.assertLe(startedAt, updatedAt);
            vm.assertLt(before, updatedAt);
            before = updatedAt;
        }
    }

    /// @notice The newest round is the last that closed, and the next one in the making follows it.
    function invariant_newestIsTheLastClosed() public view {
        (uint80 making,, uint256 submissions) = feed.openRound();
        vm.assertEq(uint256(making), handler.rounds() + 1);
        vm.assertLt(submissions, feed.quorum());
        if (handler.rounds() == 0) return;
        (uint80 newest,,,,) = feed.latestRoundData();
        vm.assertEq(uint256(newest), handler.rounds());
    }

    /// @notice One liar among three or more cannot move the answer out of the range of the honest.
    function invariant_oneLiarMovesNothing() public view {
        vm.assertEq(handler.moved(), false);
    }
}
