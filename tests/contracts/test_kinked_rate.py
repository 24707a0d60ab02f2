"""KinkedRate: two lines over utilisation, held against the formula in its NatSpec."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.conftest import fails

WAD = 10**18
YEAR = 365 * 86_400
BASE, LOW, HIGH, KINK = WAD * 2 // 100, WAD * 5 // 100, WAD, WAD * 8 // 10
ZERO = "0x" + "00" * 20
PARAMS = (ZERO, ZERO, ZERO, ZERO, 0)


@pytest.fixture
def rate(project: Any, admin: Any) -> Any:
    return admin.deploy(project.KinkedRate, BASE, LOW, HIGH, KINK)


def up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def expected(utilisation: int) -> int:
    if utilisation <= KINK:
        return BASE + up(LOW * utilisation, KINK)
    return BASE + LOW + up(HIGH * (min(utilisation, WAD) - KINK), WAD - KINK)


@pytest.mark.parametrize("utilisation", [0, 1, WAD // 3, KINK - 1, KINK, KINK + 1, WAD * 9 // 10, WAD, 2 * WAD])
def test_rate_per_year_follows_the_formula(rate: Any, utilisation: int) -> None:
    assert rate.ratePerYear(utilisation) == expected(utilisation)


@pytest.mark.parametrize(
    ("supplied", "borrowed"), [(0, 0), (10**12, 0), (10**12, 3 * 10**11), (10**12, 10**12), (7, 5)]
)
def test_morpho_gets_the_rate_per_second_rounded_up(rate: Any, supplied: int, borrowed: int) -> None:
    market = (supplied, 0, borrowed, 0, 0, 0)
    utilisation = up(borrowed * WAD, supplied) if supplied else 0
    assert rate.borrowRateView(PARAMS, market) == up(expected(utilisation), YEAR)
    assert rate.borrowRate(PARAMS, market) == rate.borrowRateView(PARAMS, market)


def test_shapes_that_make_no_sense_are_refused(project: Any, admin: Any) -> None:
    for kink in (0, WAD):
        with fails(project.KinkedRate, "KinkedRate__BadKink", kink=kink):
            admin.deploy(project.KinkedRate, BASE, LOW, HIGH, kink)
    with fails(project.KinkedRate, "KinkedRate__RateTooHigh", rate=10 * WAD + 1):
        admin.deploy(project.KinkedRate, 0, 0, 10 * WAD + 1, KINK)
