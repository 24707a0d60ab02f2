// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IAggregatorV3} from "../interfaces/IChainlink.sol";

/// @title Feed
/// @notice A number about the physical world, agreed by several reporters: the only way the chain learns of it.
/// @dev Rounds. The first submission opens a round; the one that makes `quorum` closes it, and its answer is the median of
/// its submissions. Closed rounds are numbered 1, 2, 3, … without gaps, close at strictly growing times and never change.
///
/// - A wrong reporter: with quorum q, up to (q − 1) / 2 of them (rounded down) cannot move the answer out of the range of
///   what the others said.
/// - A reporter that is gone: the rest close the round as long as they make quorum.
/// - A round that never fills: once older than `ROUND_TIMEOUT` it is abandoned, and the next submission, from anybody, starts
///   the same round number afresh. Old and new submissions never mix.
/// - A late reporter: who has not yet spoken in the round that just closed, and does so within `GRACE` seconds of the close
///   (the same block always counts), is heard but changes nothing. Without this the fifth of five reporters, with quorum
///   three, would open the next round with the last round's news.
contract Feed is IAggregatorV3, Ownable {
    /// @dev A closed round in one slot.
    struct Round {
        int128 answer;
        uint64 startedAt;
        uint64 updatedAt;
    }

    /// @dev The round in the making: `attempt` counts rounds opened, `openedAt` is 0 when none is open.
    struct Open {
        uint80 closed;
        uint80 attempt;
        uint64 openedAt;
        uint32 submissions;
    }

    /// @dev The last word of a reporter, and in which attempt.
    struct Word {
        int128 answer;
        uint80 attempt;
        bool isReporter;
    }

    /// @notice Bounds the work of closing a round.
    uint256 public constant MAX_REPORTERS = 32;

    /// @notice Seconds after which an open round is abandoned.
    uint256 public immutable ROUND_TIMEOUT;
    /// @notice Seconds after a close in which late submissions are heard and no round opens.
    uint256 public immutable GRACE;
    /// @notice Seconds after which the newest answer is stale; 0 never.
    uint256 public immutable MAX_AGE;

    /// @inheritdoc IAggregatorV3
    string public description;
    /// @notice Submissions that close a round.
    uint256 public quorum;

    address[] private _reporters;
    mapping(address reporter => Word) private _words;
    mapping(uint256 roundId => Round) private _rounds;
    Open private _open;

    /// @notice A reporter has spoken.
    /// @param roundId The round it counts for; of a late submission, the round that had closed without it.
    /// @param reporter Who spoke.
    /// @param answer Scaled by 1e8.
    /// @param late Whether it came after the close and does not count.
    event Submitted(uint80 indexed roundId, address indexed reporter, int256 answer, bool late);
    /// @notice A round has opened; named as in Chainlink.
    /// @param roundId Its number; the same again when the earlier attempt was abandoned.
    /// @param startedBy The reporter who spoke first.
    /// @param startedAt Unix seconds.
    event NewRound(uint256 indexed roundId, address indexed startedBy, uint256 startedAt);
    /// @notice A round has closed; named as in Chainlink.
    /// @param current Its answer, scaled by 1e8.
    /// @param roundId Its number.
    /// @param updatedAt Unix seconds.
    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);
    /// @notice An open round was given up: it timed out, or the reporters or the quorum changed.
    /// @param roundId Its number, which the next attempt takes over.
    /// @param submissions How many had been made.
    event Abandoned(uint80 indexed roundId, uint256 submissions);
    /// @notice A reporter was added.
    /// @param reporter Who may submit.
    event ReporterAdded(address indexed reporter);
    /// @notice A reporter was removed.
    /// @param reporter Who may no longer submit.
    event ReporterRemoved(address indexed reporter);
    /// @notice The quorum was set.
    /// @param quorum Submissions that close a round from now on.
    event QuorumSet(uint256 quorum);

    /// @notice Only reporters submit.
    error Feed__NotReporter(address account);
    /// @notice Is a reporter already.
    error Feed__AlreadyReporter(address account);
    /// @notice Zero cannot report.
    error Feed__ZeroAddress();
    /// @notice One submission a reporter a round.
    error Feed__AlreadySubmitted(address reporter, uint80 roundId);
    /// @notice Answers are positive and fit 127 bits.
    error Feed__AnswerOutOfRange(int256 answer);
    /// @notice Quorum must be at least 1 and at most the number of reporters.
    error Feed__BadQuorum(uint256 quorum, uint256 reporters);
    /// @notice There are `MAX_REPORTERS` already.
    error Feed__TooManyReporters();
    /// @notice No such round has closed.
    error Feed__NoData(uint80 roundId);

    /// @notice Names the reporters and fixes the times.
    /// @param admin Says who reports and how many make a round; cannot touch an answer.
    /// @param what For people: "Oak Street 1 appraisal / USD".
    /// @param reporters_ Who reports, at least `quorum_` of them.
    /// @param quorum_ Submissions that close a round.
    /// @param roundTimeout Seconds after which an open round is abandoned; below the usual time between two rounds.
    /// @param grace Seconds after a close in which late submissions are heard; also below it.
    /// @param maxAge Seconds after which the newest answer is stale; 0 never.
    constructor(
        address admin,
        string memory what,
        address[] memory reporters_,
        uint256 quorum_,
        uint256 roundTimeout,
        uint256 grace,
        uint256 maxAge
    ) Ownable(admin) {
        description = what;
        ROUND_TIMEOUT = roundTimeout;
        GRACE = grace;
        MAX_AGE = maxAge;
        for (uint256 i; i < reporters_.length; ++i) {
            _addReporter(reporters_[i]);
        }
        _setQuorum(quorum_);
    }

    /* REPORTING */

    /// @notice Submits the caller's answer to the round in the making.
    /// @param answer Scaled by 1e8, positive.
    function submit(int256 answer) external {
        Word storage word = _words[msg.sender];
        if (!word.isReporter) revert Feed__NotReporter(msg.sender);
        if (answer <= 0 || answer > type(int128).max) revert Feed__AnswerOutOfRange(answer);

        Open memory open = _open;
        bool late = open.openedAt == 0 && open.closed != 0 && block.timestamp <= _rounds[open.closed].updatedAt + GRACE;
        if (!late) {
            if (open.openedAt != 0 && block.timestamp > open.openedAt + ROUND_TIMEOUT) _abandon(open);
            if (open.openedAt == 0) _start(open);
        }
        uint80 roundId = late ? open.closed : open.closed + 1;
        if (word.attempt == open.attempt) revert Feed__AlreadySubmitted(msg.sender, roundId);
        // Both bounds were checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        word.answer = int128(answer);
        word.attempt = open.attempt;
        emit Submitted(roundId, msg.sender, answer, late);
        if (late) return;

        if (++open.submissions >= quorum) _close(open);
        _open = open;
    }

    /* ADMIN */

    /// @notice Adds a reporter. An open round is abandoned, so that one set of reporters answers for every round.
    /// @param reporter Who may submit.
    function addReporter(address reporter) external onlyOwner {
        _addReporter(reporter);
        _restart();
    }

    /// @notice Removes a reporter. An open round is abandoned, and with it what the reporter said in it.
    /// @param reporter Who may no longer submit.
    function removeReporter(address reporter) external onlyOwner {
        if (!_words[reporter].isReporter) revert Feed__NotReporter(reporter);
        uint256 last = _reporters.length - 1;
        if (quorum > last) revert Feed__BadQuorum(quorum, last);
        uint256 i;
        while (_reporters[i] != reporter) ++i;
        _reporters[i] = _reporters[last];
        _reporters.pop();
        _words[reporter].isReporter = false;
        emit ReporterRemoved(reporter);
        _restart();
    }

    /// @notice Sets the quorum. An open round is abandoned.
    /// @param quorum_ Submissions that close a round, from 1 to the number of reporters.
    function setQuorum(uint256 quorum_) external onlyOwner {
        _setQuorum(quorum_);
        _restart();
    }

    /* VIEWS */

    /// @inheritdoc IAggregatorV3
    function decimals() external pure returns (uint8) {
        return 8;
    }

    /// @inheritdoc IAggregatorV3
    function version() external pure returns (uint256) {
        return 1;
    }

    /// @notice Who may submit.
    /// @return In no particular order.
    function reporters() external view returns (address[] memory) {
        return _reporters;
    }

    /// @notice The round in the making.
    /// @return roundId The number it will close under.
    /// @return openedAt Unix seconds of its first submission; 0 when nobody has spoken yet.
    /// @return submissions How many have spoken; those of a round that has timed out do not count.
    function openRound() external view returns (uint80 roundId, uint256 openedAt, uint256 submissions) {
        roundId = _open.closed + 1;
        if (_open.openedAt != 0 && block.timestamp <= _open.openedAt + ROUND_TIMEOUT) {
            (openedAt, submissions) = (_open.openedAt, _open.submissions);
        }
    }

    /// @notice Whether the newest answer can no longer be relied on.
    /// @return True when it is older than `MAX_AGE`, or there is none.
    function isStale() external view returns (bool) {
        uint80 newest = _open.closed;
        return newest == 0 || (MAX_AGE != 0 && block.timestamp > _rounds[newest].updatedAt + MAX_AGE);
    }

    /// @inheritdoc IAggregatorV3
    /// @dev Reverts with `Feed__NoData` unless the round has closed.
    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        if (roundId == 0 || roundId > _open.closed) revert Feed__NoData(roundId);
        Round memory round = _rounds[roundId];
        return (roundId, round.answer, round.startedAt, round.updatedAt, roundId);
    }

    /// @inheritdoc IAggregatorV3
    /// @dev Reverts with `Feed__NoData(0)` before the first round closes.
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(_open.closed);
    }

    /* ROUNDS */

    function _start(Open memory open) private {
        open.openedAt = uint64(block.timestamp);
        ++open.attempt;
        emit NewRound(open.closed + 1, msg.sender, block.timestamp);
    }

    function _close(Open memory open) private {
        int128 answer = _median(open.attempt, open.submissions);
        _rounds[++open.closed] = Round(answer, open.openedAt, uint64(block.timestamp));
        open.openedAt = 0;
        open.submissions = 0;
        emit AnswerUpdated(answer, open.closed, block.timestamp);
    }

    function _abandon(Open memory open) private {
        emit Abandoned(open.closed + 1, open.submissions);
        open.openedAt = 0;
        open.submissions = 0;
    }

    function _restart() private {
        Open memory open = _open;
        if (open.openedAt == 0) return;
        _abandon(open);
        _open = open;
    }

    /// @dev Median of what was said in `attempt`; of an even count the mean of the middle two, rounded down.
    function _median(uint80 attempt, uint256 count) private view returns (int128) {
        int128[] memory sorted = new int128[](count);
        uint256 found = 0;
        for (uint256 i; found < count; ++i) {
            Word memory word = _words[_reporters[i]];
            if (word.attempt != attempt) continue;
            uint256 at = found++;
            for (; at != 0 && sorted[at - 1] > word.answer; --at) {
                sorted[at] = sorted[at - 1];
            }
            sorted[at] = word.answer;
        }
        int128 low = sorted[(count - 1) / 2];
        return low + (sorted[count / 2] - low) / 2;
    }

    function _addReporter(address reporter) private {
        if (reporter == address(0)) revert Feed__ZeroAddress();
        if (_words[reporter].isReporter) revert Feed__AlreadyReporter(reporter);
        if (_reporters.length == MAX_REPORTERS) revert Feed__TooManyReporters();
        _words[reporter].isReporter = true;
        _reporters.push(reporter);
        emit ReporterAdded(reporter);
    }

    function _setQuorum(uint256 quorum_) private {
        if (quorum_ == 0 || quorum_ > _reporters.length) revert Feed__BadQuorum(quorum_, _reporters.length);
        quorum = quorum_;
        emit QuorumSet(quorum_);
    }
}
