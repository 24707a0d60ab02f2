"""FeedOracle: a feed's answer in Morpho's scale, and none when it is too old."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.conftest import fails, shipped


@pytest.fixture
def oracle(project: Any, admin: Any, feed: Any, token: Any, cash: Any) -> Any:
    return admin.deploy(project.FeedOracle, feed, token, cash, 3_600)


def test_price_is_exact_in_morphos_scale(oracle: Any, feed: Any, reporters: list[Any]) -> None:
    answer = 123_45678901  # dollars, 8 decimals
    for reporter in reporters[:3]:
        feed.submit(answer, sender=reporter)
    # Morpho: loan units for one unit of collateral, times 1e36; both have 6 decimals
    assert oracle.price() * 10**8 == answer * 10**36


def test_an_answer_grows_too_old(oracle: Any, feed: Any, reporters: list[Any], chain: Any) -> None:
    with fails(feed, "Feed__NoData", roundId=0):
        oracle.price()
    for reporter in reporters[:3]:
        feed.submit(10**8, sender=reporter)
    updated = feed.latestRoundData()[3]
    assert oracle.price() == 10**36
    chain.mine(deltatime=3_601)
    with fails(oracle, "FeedOracle__Stale", updatedAt=updated):
        oracle.price()


def test_age_zero_means_for_ever(
    project: Any, admin: Any, feed: Any, token: Any, cash: Any, reporters: list[Any], chain: Any
) -> None:
    oracle = admin.deploy(project.FeedOracle, feed, token, cash, 0)
    for reporter in reporters[:3]:
        feed.submit(10**8, sender=reporter)
    chain.mine(deltatime=10 * 365 * 86_400)
    assert oracle.price() == 10**36


def test_the_scale_follows_the_decimals(project: Any, admin: Any, feed: Any, cash: Any) -> None:
    wide = admin.deploy(shipped("WETH9"))  # 18 decimals
    assert admin.deploy(project.FeedOracle, feed, wide, cash, 0).SCALE() == 10 ** (36 + 6 - 18 - 8)
