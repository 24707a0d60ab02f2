"""Processes: economics, moments, correlation. Seeds are fixed; intervals are four standard errors wide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from terrarium.world.parameters import Floats
from terrarium.world.process import Site
from terrarium.world.processes.crop import Crop
from terrarium.world.processes.crop import Parameters as CropParameters
from terrarium.world.processes.real_estate import Parameters as EstateParameters
from terrarium.world.processes.real_estate import RealEstate
from tests.world.settings import KINDS, paths

DAY, WEEK, YEAR = 86_400, 7 * 86_400, 365 * 86_400


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tick_seconds", [600, DAY, YEAR])
def test_every_process_starts_at_its_value_and_stays_sane(kind: str, tick_seconds: int) -> None:
    value, income = paths(kind, 200, tick_seconds, copies=3)
    assert value.shape == income.shape == (200, 3)
    assert np.isfinite(value).all()
    assert (value > 0).all()
    assert np.isfinite(income).all()
    assert (income >= 0).all()
    assert tick_seconds < DAY or income.sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_start_is_the_assets_value(kind: str) -> None:
    value, _ = paths(kind, 1, 1, copies=2, volatility=0, appraisal_noise=0)
    assert value[0] == pytest.approx(100.0, rel=1e-3)  # a second of weather and usage at most


def spread(sample: Floats) -> float:
    """Four standard errors of the mean."""
    return float(4.0 * sample.std(ddof=1) / np.sqrt(len(sample)))


@pytest.mark.parametrize("kind", ["crop", "royalty"])
def test_discounted_value_and_income_are_a_martingale(kind: str) -> None:
    value, income = paths(kind, 78, WEEK, copies=800, correlation=0)  # a year and a half
    rate = KINDS[kind].parameters().discount  # type: ignore[attr-defined]
    ends = (np.arange(78) + 1) * 7 / 365
    # royalties are earned all through the tick, harvests fall due at its end or before: within half a week
    paid = (income * np.exp(-rate * (ends - 3.5 / 365))[:, None]).sum(axis=0)
    worth = value[-1] * np.exp(-rate * ends[-1]) + paid
    assert worth.mean() == pytest.approx(100.0, abs=spread(worth) + 0.05)


def test_property_value_grows_as_told() -> None:
    value, _ = paths("real_estate", 104, WEEK, copies=800, correlation=0, growth=0.05, volatility=0.2)
    assert value[-1].mean() == pytest.approx(100 * np.exp(0.05 * 104 * 7 / 365), abs=spread(value[-1]))
    log_sd = np.log(value[-1]).std(ddof=1)
    expected = 0.2 * np.sqrt(104 * 7 / 365)
    assert log_sd == pytest.approx(expected, abs=4 * expected / np.sqrt(2 * 800))


@pytest.mark.parametrize("kind", KINDS)
def test_halving_the_step_keeps_the_moments(kind: str) -> None:
    whole = paths(kind, 40, 4 * DAY, copies=600, correlation=0, seed=1)
    half = paths(kind, 80, 2 * DAY, copies=600, correlation=0, seed=2)
    for coarse, fine in ((np.log(whole[0][-1]), np.log(half[0][-1])), (whole[1].sum(axis=0), half[1].sum(axis=0))):
        assert coarse.mean() == pytest.approx(fine.mean(), abs=np.hypot(spread(coarse), spread(fine)))
        # standard error of a log standard deviation, with the sample's own kurtosis (hits and harvests have fat tails)
        errors = [np.sqrt((((x - x.mean()) ** 4).mean() / x.var() ** 2 - 1) / (4 * len(x))) for x in (coarse, fine)]
        assert np.log(coarse.std() / fine.std()) == pytest.approx(0.0, abs=4 * float(np.hypot(*errors)))


def fisher(x: Floats, y: Floats, wanted: float) -> float:
    """Standardised distance of a sample correlation from the wanted one (Fisher's z)."""
    z = np.arctanh(np.corrcoef(x, y)[0, 1]) - np.arctanh(wanted)
    return float(abs(z) * np.sqrt(len(x) - 3))


@pytest.mark.parametrize("wanted", [0.0, 0.3, 0.8])
def test_realised_correlation_of_property_values(wanted: float) -> None:
    value, _ = paths("real_estate", 3000, DAY, copies=2, correlation=wanted)
    returns = np.diff(np.log(value), axis=0).T
    assert fisher(returns[0], returns[1], wanted) < 4


def test_groups_are_independent_and_full_correlation_is_equality() -> None:
    city, _ = paths("real_estate", 2000, DAY, copies=2, correlation=1.0, group="city")
    coast, _ = paths("real_estate", 2000, DAY, copies=2, correlation=1.0, group="coast")
    assert np.array_equal(city[:, 0], city[:, 1])
    returns = np.diff(np.log(np.column_stack([city[:, 0], coast[:, 0]])), axis=0).T
    assert fisher(returns[0], returns[1], 0.0) < 4


@pytest.mark.parametrize("wanted", [0.0, 0.6])
def test_realised_correlation_of_rain(wanted: float) -> None:
    # dry enough that the harvest is monotone in rain; one season a tick, price fixed: income is yield
    dry = {"water_need": 1e6, "sensitivity": 1.0, "volatility": 0.0, "season_days": 30.0}
    _, income = paths("crop", 3000, 30 * DAY, copies=2, correlation=wanted, **dry)
    rain = 1.0 - np.sqrt(1.0 - income / income.mean() * 2 * 500 / 1e6)  # to first order, enough for a correlation
    assert fisher(rain[:, 0], rain[:, 1], wanted) < 5  # gamma variables: Fisher's variance is a little too small
    assert rain.mean(axis=0) == pytest.approx([500 / 1e6] * 2, rel=0.02)
    assert rain.std(axis=0) / rain.mean(axis=0) == pytest.approx([0.3] * 2, rel=0.08)


def crop(**params: Any) -> Crop:
    return Crop(Site("crop", "", ("A",), (100.0,), (CropParameters(**params),), 1, DAY))


def test_expected_yield_is_the_integral() -> None:
    rng = np.random.default_rng(5)
    for variation, need, sensitivity, water in [
        (0.3, 520, 1.5, 0),
        (0.3, 520, 1.5, 400),
        (1.2, 300, 6.0, 0),
        (0.5, 900, 0.0, 9),
    ]:
        farm = crop(rain_variation=variation, water_need=need, sensitivity=sensitivity)
        shape = 0.4 * variation**-2
        rain = rng.gamma(shape, 500 * variation**2, 50_000)
        sample = np.array([max(0.0, 1 - sensitivity * (1 - (water + r) / need) ** 2) for r in rain])
        exact = farm._expected(np.array([float(water)]), shape)[0]
        assert exact == pytest.approx(sample.mean(), abs=spread(sample) + 1e-12)


def test_harvests_fall_at_season_ends_only_and_drought_costs() -> None:
    _, income = paths("crop", 365, DAY, season_days=73.0)
    assert np.flatnonzero(income[:, 0]).tolist() == [72, 145, 218, 291, 364]
    _, coarse = paths("crop", 2, YEAR, season_days=73.0)  # five harvests within each tick
    assert (coarse > 2 * income.max()).all()
    farm = crop()
    yields = farm._yield(np.linspace(0.0, 1000.0, 101))
    assert yields[52] == 1.0
    assert yields[0] == 0.0
    inside = yields[(yields > 0)]
    assert (np.diff(inside, 2) < 0).all()  # concave


def test_steady_harvests_pay_out_the_worth_of_the_field() -> None:
    steady = {"volatility": 0.0, "growth": 0.1, "discount": 0.6, "rain_variation": 0.002, "season_days": 73.0}
    _, income = paths("crop", 365 * 25, DAY, elapsed=0.4, **steady)
    ends = (np.arange(len(income)) + 1) / 365
    assert (income[:, 0] * np.exp(-0.6 * ends)).sum() == pytest.approx(100.0, rel=1e-3)


def test_royalties_decay_in_two_phases_and_pay_out_their_worth() -> None:
    quiet = {"volatility": 0.0, "growth": 0.0, "hit_rate": 0.0, "usage_noise": 0.0, "catalogue": 0.0, "decay": 1.0}
    _, plain = paths("royalty", 4000, DAY, retention=0.0, discount=0.1, fade=0.5, **quiet)
    assert np.diff(np.log(plain[:, 0])) == pytest.approx(-1 / 365, rel=1e-6)  # the plain exponential
    _, two = paths("royalty", 52 * 200, WEEK, retention=0.2, discount=0.1, fade=0.05, **quiet)
    middles = (np.arange(len(two)) + 0.5) * 7 / 365
    assert (two[:, 0] * np.exp(-0.1 * middles)).sum() == pytest.approx(100.0, rel=1e-5)
    slopes = np.diff(np.log(two[:, 0])) * 365 / 7
    assert slopes[0] == pytest.approx(-0.8, abs=0.01)
    assert slopes[52 * 20] == pytest.approx(-0.05, abs=1e-3)


def test_hits_lift_royalties() -> None:
    calm, _ = paths("royalty", 365, DAY, volatility=0.0, hit_rate=0.0)
    lively, _ = paths("royalty", 365, DAY, volatility=0.0, hit_rate=3.0)
    moves = np.diff(np.log(lively[:, 0]))
    assert np.diff(np.log(calm[:, 0])).max() < 0 < 0.02 < moves.max()
    assert 1 <= (moves > 0.005).sum() <= 10


def test_net_rent_yield() -> None:
    _, income = paths("real_estate", 520, WEEK, copies=200, correlation=0, volatility=0, growth=0, rent_response=0)
    yearly = income.sum(axis=0) / 100 / (520 * 7 / 365)
    # 8% gross less 7% natural vacancy (the mean is a little higher than the median) and 35% costs
    assert yearly.mean() == pytest.approx(0.08 * (1 - 0.07 - 0.35), rel=0.02)


def estate(**params: Any) -> RealEstate:
    return RealEstate(Site("real_estate", "", ("A",), (100.0,), (EstateParameters(**params),), 3, WEEK))


def test_losses_are_made_up_before_holders_are_paid() -> None:
    house = estate(vacancy=0.3, costs=0.65, vacancy_volatility=1.5)
    paid = earned = 0.0
    for tick in range(1500):
        income = float(house.step(tick, np.zeros(1))[1][0])
        vacancy = 1 / (1 + np.exp(-house._odds[0]))
        net = 0.08 * np.exp(house._log_rent[0]) * (1 - vacancy - 0.65) * house.dt
        paid, earned = paid + income, earned + net
        assert paid == pytest.approx(earned + house._loss[0], rel=1e-9, abs=1e-12)
        assert income == 0.0 or house._loss[0] == 0.0
    assert paid > 0
    assert house._loss[0] >= 0


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_a_down_market_empties_houses_but_own_luck_does_not(correlation: float) -> None:
    house = estate(correlation=correlation, vacancy_speed=1e-6)
    rows = []
    for tick in range(2000):
        value, _ = house.step(tick, np.zeros(1))
        rows.append((np.log(value[0]), house._odds[0]))
    returns, odds = np.diff(np.array(rows), axis=0).T
    if correlation == 1.0:
        assert np.corrcoef(returns, odds)[0, 1] == pytest.approx(-1.0)
    else:
        assert fisher(returns, odds, -correlation) < 4


def test_rents_trail_values() -> None:
    site = Site("real_estate", "", ("A",), (100.0,), (KINDS["real_estate"].parameters(volatility=0, growth=0),), 3, DAY)  # type: ignore[call-arg]
    struck, calm = (KINDS["real_estate"](site) for _ in range(2))
    ratio = []
    for tick in range(730):
        value, income = struck.step(tick, np.array([np.log(0.5) if tick == 0 else 0.0]))
        _, usual = calm.step(tick, np.zeros(1))
        ratio.append(float((income / usual)[0]))
    assert value[0] == pytest.approx(50.0)
    assert ratio[0] > 0.99
    assert ratio[364] == pytest.approx(0.5 ** (1 - np.exp(-1)), rel=1e-3)
    assert ratio[-1] < 0.56
