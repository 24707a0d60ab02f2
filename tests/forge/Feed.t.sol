// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Feed} from "../../contracts/feeds/Feed.sol";
import {Base} from "./Base.sol";

contract FeedTest is Base {
    uint256 internal constant TIMEOUT = 1 hours;
    uint256 internal constant GRACE = 10 minutes;
    uint256 internal constant MAX_AGE = 7 days;

    Feed internal feed;
    address[] internal reporters;

    function setUp() public {
        vm.warp(GENESIS);
        for (uint160 i; i < 5; ++i) {
            reporters.push(address(0x1000 + i));
        }
        feed = new Feed(address(this), "Oak Street 1 / USD", reporters, 3, TIMEOUT, GRACE, MAX_AGE);
    }

    function _submit(uint256 reporter, int256 answer) internal {
        vm.prank(reporters[reporter]);
        feed.submit(answer);
    }

    /// @dev Closes a round with 100, 200, 300 and waits until the next one may open.
    function _round() internal {
        _submit(0, 100);
        _submit(1, 200);
        _submit(2, 300);
        _wait(GRACE + 1);
    }

    function _wait(uint256 time) internal {
        vm.warp(block.timestamp + time);
    }

    function _expectLatest(uint80 id, int256 answer) internal view {
        (uint80 roundId, int256 found,,, uint80 answeredIn) = feed.latestRoundData();
        vm.assertEq(uint256(roundId), id);
        vm.assertEq(found, answer);
        vm.assertEq(uint256(answeredIn), id);
    }

    /* CREATION */

    function test_isAChainlinkFeed() public view {
        vm.assertEq(feed.decimals(), 8);
        vm.assertEq(feed.version(), 1);
        vm.assertEq(feed.description(), "Oak Street 1 / USD");
        vm.assertEq(feed.reporters().length, 5);
        vm.assertEq(feed.quorum(), 3);
        vm.assertEq(feed.owner(), address(this));
    }

    function test_creation_revertsOnBadQuorum(uint256 quorum) public {
        quorum = quorum <= 5 ? 0 : quorum;
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__BadQuorum.selector, quorum, 5));
        new Feed(address(this), "", reporters, quorum, TIMEOUT, GRACE, MAX_AGE);
    }

    function test_creation_revertsOnARepeatedReporter() public {
        reporters[4] = reporters[0];
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__AlreadyReporter.selector, reporters[0]));
        new Feed(address(this), "", reporters, 3, TIMEOUT, GRACE, MAX_AGE);
    }

    /* SUBMIT */

    function test_submit_opensARound(int256 answer) public {
        answer = int256(_bound(uint256(answer), 1, uint256(uint128(type(int128).max))));
        vm.expectEmit(address(feed));
        emit Feed.NewRound(1, reporters[0], GENESIS);
        vm.expectEmit(address(feed));
        emit Feed.Submitted(1, reporters[0], answer, false);
        _submit(0, answer);
        (uint80 id, uint256 openedAt, uint256 submissions) = feed.openRound();
        vm.assertEq(uint256(id), 1);
        vm.assertEq(openedAt, GENESIS);
        vm.assertEq(submissions, 1);
    }

    function test_submit_closesTheRoundAtQuorum() public {
        _submit(0, 300);
        _wait(5 minutes);
        _submit(1, 100);
        _wait(5 minutes);
        vm.expectEmit(address(feed));
        emit Feed.AnswerUpdated(200, 1, GENESIS + 10 minutes);
        _submit(2, 200);
        (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = feed.getRoundData(1);
        vm.assertEq(uint256(id), 1);
        vm.assertEq(answer, 200);
        vm.assertEq(startedAt, GENESIS);
        vm.assertEq(updatedAt, GENESIS + 10 minutes);
        vm.assertEq(uint256(answeredIn), 1);
    }

    function test_submit_medianOfOdd(uint120[5] memory answers) public {
        feed.setQuorum(5);
        for (uint256 i; i < 5; ++i) {
            _submit(i, int256(uint256(answers[i])) + 1);
        }
        (, int256 median,,,) = feed.latestRoundData();
        uint256 below;
        uint256 above;
        for (uint256 i; i < 5; ++i) {
            if (int256(uint256(answers[i])) + 1 < median) ++below;
            if (int256(uint256(answers[i])) + 1 > median) ++above;
        }
        vm.assertLe(below, 2);
        vm.assertLe(above, 2);
    }

    function test_submit_medianOfEvenIsTheMeanRoundedDown() public {
        feed.setQuorum(4);
        _submit(0, 7);
        _submit(1, 1);
        _submit(2, 1000);
        _submit(3, 10);
        _expectLatest(1, 8);
    }

    function test_submit_medianOfTheLargestDoesNotOverflow() public {
        feed.setQuorum(2);
        _submit(0, type(int128).max);
        _submit(1, type(int128).max - 1);
        _expectLatest(1, type(int128).max - 1);
    }

    function test_submit_aWrongReporterCannotMoveTheAnswerOutOfTheRest(uint256 wrong, uint256 a, uint256 b, bool first)
        public
    {
        wrong = _bound(wrong, 1, type(uint120).max);
        (a, b) = (_bound(a, 1, 1e18), _bound(b, 1, 1e18));
        if (first) _submit(0, int256(wrong));
        _submit(1, int256(a));
        if (!first) _submit(0, int256(wrong));
        _submit(2, int256(b));
        (, int256 answer,,,) = feed.latestRoundData();
        vm.assertGe(answer, int256(a < b ? a : b));
        vm.assertLe(answer, int256(a < b ? b : a));
    }

    function test_submit_withTwoReportersGone() public {
        for (uint80 round = 1; round < 5; ++round) {
            _round();
            _expectLatest(round, 200);
        }
    }

    function test_submit_lateIsHeardButChangesNothing(uint256 delay) public {
        delay = _bound(delay, 0, GRACE);
        _submit(0, 100);
        _submit(1, 200);
        _submit(2, 300);
        _wait(delay);
        vm.expectEmit(address(feed));
        emit Feed.Submitted(1, reporters[3], 999, true);
        _submit(3, 999);
        _expectLatest(1, 200);
        (uint80 id, uint256 openedAt, uint256 submissions) = feed.openRound();
        vm.assertEq(uint256(id), 2);
        vm.assertEq(openedAt, 0);
        vm.assertEq(submissions, 0);
        // Having been late once does not keep a reporter from the next round.
        _wait(GRACE + 1);
        _submit(3, 400);
        _submit(0, 500);
        _submit(1, 600);
        _expectLatest(2, 500);
    }

    function test_submit_beyondGraceOpensTheNextRound(uint256 delay) public {
        _submit(0, 100);
        _submit(1, 200);
        _submit(2, 300);
        _wait(_bound(delay, GRACE + 1, 365 days));
        vm.expectEmit(address(feed));
        emit Feed.NewRound(2, reporters[0], block.timestamp);
        _submit(0, 400);
    }

    function test_submit_afterATimeoutStartsAfresh(uint256 delay) public {
        _submit(0, 1);
        _submit(1, 1);
        _wait(_bound(delay, TIMEOUT + 1, 365 days));
        (,, uint256 submissions) = feed.openRound();
        vm.assertEq(submissions, 0);
        vm.expectEmit(address(feed));
        emit Feed.Abandoned(1, 2);
        vm.expectEmit(address(feed));
        emit Feed.NewRound(1, reporters[1], block.timestamp);
        _submit(1, 200);
        _submit(2, 300);
        _submit(0, 100);
        _expectLatest(1, 200);
        (,, uint256 startedAt,,) = feed.getRoundData(1);
        vm.assertEq(startedAt, block.timestamp);
    }

    function test_submit_withinTheTimeoutCounts(uint256 delay) public {
        _submit(0, 100);
        _submit(1, 200);
        _wait(_bound(delay, 0, TIMEOUT));
        _submit(2, 300);
        _expectLatest(1, 200);
    }

    function test_submit_revertsUnlessReporter(address other) public {
        vm.assume(uint160(other) < 0x1000 || uint160(other) > 0x1004);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__NotReporter.selector, other));
        vm.prank(other);
        feed.submit(1);
    }

    function test_submit_revertsOutOfRange(int256 answer) public {
        if (answer > 0 && answer <= type(int128).max) answer = -answer;
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__AnswerOutOfRange.selector, answer));
        _submit(0, answer);
    }

    function test_submit_revertsTwiceInARound() public {
        _submit(0, 100);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__AlreadySubmitted.selector, reporters[0], 1));
        _submit(0, 100);
    }

    function test_submit_revertsTwiceInARoundThatHasClosed() public {
        _submit(0, 100);
        _submit(1, 200);
        _submit(2, 300);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__AlreadySubmitted.selector, reporters[0], 1));
        _submit(0, 100);
        _submit(3, 400);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__AlreadySubmitted.selector, reporters[3], 1));
        _submit(3, 400);
    }

    /* ADMIN */

    function test_addReporter() public {
        vm.expectEmit(address(feed));
        emit Feed.ReporterAdded(address(0x2000));
        feed.addReporter(address(0x2000));
        vm.assertEq(feed.reporters().length, 6);
        vm.prank(address(0x2000));
        feed.submit(1);
    }

    function test_addReporter_abandonsTheOpenRound() public {
        _submit(0, 1);
        vm.expectEmit(address(feed));
        emit Feed.Abandoned(1, 1);
        feed.addReporter(address(0x2000));
        _submit(0, 100);
        _submit(1, 200);
        _submit(2, 300);
        _expectLatest(1, 200);
    }

    function test_addReporter_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__ZeroAddress.selector));
        feed.addReporter(address(0));
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__AlreadyReporter.selector, reporters[1]));
        feed.addReporter(reporters[1]);
        for (uint160 i; i < 27; ++i) {
            feed.addReporter(address(0x2000 + i));
        }
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__TooManyReporters.selector));
        feed.addReporter(address(0x3000));
    }

    function test_removeReporter_takesBackWhatItSaid() public {
        _submit(0, 1);
        vm.expectEmit(address(feed));
        emit Feed.ReporterRemoved(reporters[0]);
        vm.expectEmit(address(feed));
        emit Feed.Abandoned(1, 1);
        feed.removeReporter(reporters[0]);
        vm.assertEq(feed.reporters().length, 4);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__NotReporter.selector, reporters[0]));
        _submit(0, 1);
        _submit(4, 100);
        _submit(1, 200);
        _submit(2, 300);
        _expectLatest(1, 200);
    }

    function test_removeReporter_andAddAgainWithinARound() public {
        _submit(0, 100);
        feed.removeReporter(reporters[0]);
        feed.addReporter(reporters[0]);
        _submit(0, 100);
        _submit(1, 200);
        _submit(2, 300);
        _expectLatest(1, 200);
    }

    function test_removeReporter_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__NotReporter.selector, address(0x2000)));
        feed.removeReporter(address(0x2000));
        feed.removeReporter(reporters[0]);
        feed.removeReporter(reporters[4]);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__BadQuorum.selector, 3, 2));
        feed.removeReporter(reporters[1]);
    }

    function test_setQuorum(uint256 quorum) public {
        quorum = _bound(quorum, 1, 5);
        _submit(0, 1);
        vm.expectEmit(address(feed));
        emit Feed.QuorumSet(quorum);
        feed.setQuorum(quorum);
        for (uint256 i; i < quorum; ++i) {
            _submit(i, 100);
        }
        _expectLatest(1, 100);
    }

    function test_setQuorum_reverts(uint256 quorum) public {
        quorum = quorum <= 5 ? 0 : quorum;
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__BadQuorum.selector, quorum, 5));
        feed.setQuorum(quorum);
    }

    function test_adminActs_revertUnlessOwner(address other) public {
        vm.assume(other != address(this));
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other);
        vm.startPrank(other);
        vm.expectRevert(reason);
        feed.addReporter(other);
        vm.expectRevert(reason);
        feed.removeReporter(reporters[0]);
        vm.expectRevert(reason);
        feed.setQuorum(1);
    }

    /* VIEWS */

    function test_latestRoundData_revertsBeforeTheFirst() public {
        _submit(0, 100);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__NoData.selector, 0));
        feed.latestRoundData();
    }

    function test_getRoundData_revertsForWhatHasNotClosed(uint80 id) public {
        id = id < 3 ? 0 : id;
        _round();
        _round();
        _submit(0, 100);
        vm.expectRevert(abi.encodeWithSelector(Feed.Feed__NoData.selector, id));
        feed.getRoundData(id);
    }

    function test_isStale(uint256 age) public {
        vm.assertTrue(feed.isStale());
        _submit(0, 100);
        vm.assertTrue(feed.isStale());
        _submit(1, 200);
        _submit(2, 300);
        age = _bound(age, 0, 30 days);
        _wait(age);
        vm.assertEq(feed.isStale(), age > MAX_AGE);
    }

    function test_isStale_neverWithoutMaxAge(uint32 age) public {
        Feed ageless = new Feed(address(this), "", reporters, 1, TIMEOUT, GRACE, 0);
        vm.assertTrue(ageless.isStale());
        vm.prank(reporters[0]);
        ageless.submit(1);
        _wait(age);
        vm.assertEq(ageless.isStale(), false);
    }
}
