"""Feed: rounds by quorum and median, late words, abandoned rounds, staleness, who may speak."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.conftest import fails

HOUR, GRACE, MAX_AGE = 3_600, 60, 86_400


def wait(chain: Any, seconds: int) -> None:
    """Let time pass."""
    chain.mine(deltatime=seconds)


def close_round(feed: Any, reporters: list[Any], *answers: int) -> Any:
    """Have the first reporters say ``answers``; the receipt of the last."""
    return [feed.submit(a, sender=r) for a, r in zip(answers, reporters, strict=False)][-1]


def names(receipt: Any) -> list[str]:
    return [event.event_name for event in receipt.events]


def test_quorum_closes_a_round_with_the_median(feed: Any, reporters: list[Any], chain: Any) -> None:
    first = feed.submit(103, sender=reporters[0])
    assert names(first) == ["NewRound", "Submitted"]
    assert feed.openRound()[0] == 1
    assert feed.openRound()[2] == 1
    feed.submit(99, sender=reporters[1])
    last = feed.submit(101, sender=reporters[2])
    assert names(last) == ["Submitted", "AnswerUpdated"]
    assert last.events[-1].current == 101
    round_id, answer, started, updated, answered_in = feed.latestRoundData()
    assert (round_id, answer, answered_in) == (1, 101, 1)
    assert started == chain.blocks[first.block_number].timestamp
    assert updated == chain.blocks[last.block_number].timestamp
    assert feed.getRoundData(1) == feed.latestRoundData()
    assert (feed.decimals(), feed.version()) == (8, 1)


def test_one_liar_of_three_cannot_move_the_answer_beyond_the_others(feed: Any, reporters: list[Any]) -> None:
    close_round(feed, reporters, 2**126, 100, 102)
    assert feed.latestRoundData()[1] == 102


def test_an_even_quorum_takes_the_mean_of_the_middle_rounded_down(feed: Any, reporters: list[Any], admin: Any) -> None:
    feed.setQuorum(4, sender=admin)
    close_round(feed, reporters, 100, 1, 103, 1_000)
    assert feed.latestRoundData()[1] == 101


def test_a_late_word_is_heard_and_changes_nothing(feed: Any, reporters: list[Any], chain: Any) -> None:
    close_round(feed, reporters, 100, 100, 100)
    late = feed.submit(500, sender=reporters[3])
    assert late.events[0].late
    assert list(feed.latestRoundData())[:2] == [1, 100]
    with fails(feed, "Feed__AlreadySubmitted", reporter=reporters[3].address, roundId=1):
        feed.submit(500, sender=reporters[3])
    wait(chain, GRACE + 1)
    assert names(feed.submit(500, sender=reporters[3]))[0] == "NewRound"


def test_a_round_that_never_fills_is_abandoned(feed: Any, reporters: list[Any], chain: Any) -> None:
    feed.submit(1, sender=reporters[0])
    wait(chain, HOUR + 1)
    assert list(feed.openRound())[1:] == [0, 0]
    receipt = feed.submit(100, sender=reporters[1])
    assert names(receipt) == ["Abandoned", "NewRound", "Submitted"]
    close_round(feed, reporters[2:], 100, 100)
    assert list(feed.latestRoundData())[:2] == [1, 100]


@pytest.mark.parametrize("change", ["addReporter", "removeReporter", "setQuorum"])
def test_changing_the_reporters_abandons_the_round(
    feed: Any, reporters: list[Any], admin: Any, alice: Any, change: str
) -> None:
    feed.submit(1, sender=reporters[0])
    argument = {"addReporter": alice, "removeReporter": reporters[4], "setQuorum": 2}[change]
    assert names(getattr(feed, change)(argument, sender=admin))[-1] == "Abandoned"
    assert feed.openRound()[2] == 0
    with fails(feed, "OwnableUnauthorizedAccount", account=alice.address):
        getattr(feed, change)(argument, sender=alice)


def test_stale_until_it_speaks_and_after_its_age(feed: Any, reporters: list[Any], chain: Any) -> None:
    assert feed.isStale()
    close_round(feed, reporters, 1, 2, 3)
    assert not feed.isStale()
    wait(chain, MAX_AGE + 1)
    assert feed.isStale()
    assert feed.latestRoundData()[1] == 2


def test_who_may_speak_and_what(feed: Any, reporters: list[Any], alice: Any) -> None:
    with fails(feed, "Feed__NotReporter", account=alice.address):
        feed.submit(1, sender=alice)
    for wrong in (0, -1, 2**127):
        with fails(feed, "Feed__AnswerOutOfRange", answer=wrong):
            feed.submit(wrong, sender=reporters[0])
    with fails(feed, "Feed__NoData", roundId=0):
        feed.latestRoundData()
    with fails(feed, "Feed__NoData", roundId=7):
        feed.getRoundData(7)


def test_the_set_of_reporters_stays_sound(
    feed: Any, reporters: list[Any], admin: Any, alice: Any, project: Any
) -> None:
    zero = "0x" + "00" * 20
    with fails(feed, "Feed__AlreadyReporter", account=reporters[0].address):
        feed.addReporter(reporters[0], sender=admin)
    with fails(feed, "Feed__ZeroAddress"):
        feed.addReporter(zero, sender=admin)
    with fails(feed, "Feed__NotReporter", account=alice.address):
        feed.removeReporter(alice, sender=admin)
    for quorum in (0, 6):
        with fails(feed, "Feed__BadQuorum", quorum=quorum, reporters=5):
            feed.setQuorum(quorum, sender=admin)
    feed.setQuorum(5, sender=admin)
    with fails(feed, "Feed__BadQuorum", quorum=5, reporters=4):
        feed.removeReporter(reporters[0], sender=admin)
    many = [f"0x{i:040x}" for i in range(1, 34)]
    with fails(project.Feed, "Feed__TooManyReporters"):
        admin.deploy(project.Feed, admin, "crowd", many, 1, HOUR, GRACE, 0)
