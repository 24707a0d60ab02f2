"""Feedback: appraisals trail and lean, upkeep follows prices, and the loop is stable exactly below a gain of 1."""

from __future__ import annotations

import numpy as np
import pytest

from terrarium.world import World, loop_gain
from terrarium.world.feedback import PACE
from terrarium.world.parameters import Floats
from tests.world.settings import run, scenario

STILL = [
    {"name": "TOWER", "process": "real_estate", "value": 100.0,
     "params": {"volatility": 0, "growth": 0, "appraisal_days": 5}},
    {"name": "HARBOUR", "process": "real_estate", "value": 80.0,
     "params": {"volatility": 0, "growth": 0, "appraisal_days": 20}},
]  # fmt: skip


def still(**world: float) -> World:
    return World(scenario(STILL, **world), 1)


def test_appraisals_trail_and_lean_as_documented() -> None:
    market = np.array([150.0, 60.0])
    _, appraisal, _ = run(still(kappa=0.4, gamma=0.0), 60, lambda _: market)
    start = np.array([100.0, 80.0])
    goal = np.log(start) + 0.4 * (np.log(market) - np.log(start))
    for tick in (0, 9, 59):
        left = np.exp(-(tick + 1) / np.array([5.0, 20.0]))
        assert np.log(appraisal[tick]) == pytest.approx(goal + left * (np.log(start) - goal), rel=1e-12)


def test_appraisals_are_smoother_and_later_than_values() -> None:
    fundamental, appraisal, _ = run(World(scenario(kappa=0.0, gamma=0.0), 4), 2000)
    value, seen = np.diff(np.log(fundamental[:, 0])), np.diff(np.log(appraisal[:, 0]))
    assert seen.std() < 0.25 * value.std()
    auto = [float(np.corrcoef(x[1:], x[:-1])[0, 1]) for x in (value, seen)]
    # Geltner's sign of smoothing: appraisals are autocorrelated by e^(−1/30), values not at all
    assert abs(auto[0]) < 4 / np.sqrt(2000)
    assert auto[1] == pytest.approx(np.exp(-1 / 30), abs=0.03)


@pytest.mark.parametrize("nothing", [np.nan, np.inf, 0.0, -1.0])
def test_without_a_price_upkeep_rests_and_appraisers_look_at_fundamentals(nothing: float) -> None:
    unpriced = run(World(scenario(kappa=0.5, gamma=0.2), 4), 50, lambda world: np.full(4, nothing))
    uncoupled = run(World(scenario(kappa=0.0, gamma=0.0), 4), 50)
    for x, y in zip(unpriced, uncoupled, strict=True):
        assert x.tobytes() == y.tobytes()


def test_upkeep_follows_the_price_moves_income_and_wears_off() -> None:
    high = np.array([104.0, 80.0])
    kept, _, income = run(still(gamma=0.05, wear_days=100.0), 1000, lambda _: high)
    _, _, usual = run(still(gamma=0.0), 1000, lambda _: high)
    wear = np.expm1(1 / 100)
    assert np.log(kept[-1] / 100.0)[0] == pytest.approx(np.log(1.04) * 0.05 / (0.05 + wear), rel=1e-9)
    assert kept[:, 1] == pytest.approx(80.0, rel=1e-12)
    assert income / usual == pytest.approx(kept / np.array([100.0, 80.0]), rel=1e-9)
    world = still(gamma=0.05, wear_days=100.0)
    after, _, _ = run(world, 1000, lambda w: high if w.tick < 200 else np.full(2, np.nan))
    assert np.log(after[-1] / 100.0)[0] == pytest.approx(np.log(after[200] / 100.0)[0] * np.exp(-799 / 100), rel=1e-6)


def test_upkeep_has_a_pace() -> None:
    wild = np.array([1e9, 1e-9])
    kept, _, _ = run(still(gamma=1.0, wear_days=1e9), 365, lambda _: wild)
    assert np.log(kept[-1] / [100.0, 80.0]) == pytest.approx([PACE, -PACE], rel=1e-6)


@pytest.mark.parametrize(
    ("kappa", "gamma", "response"), [(0.3, 0.05, 1.0), (0.0, 0.2, 0.5), (0.6, 0.0, 2.0), (1.0, 1.0, 1.0)]
)
def test_measured_gain_is_the_derived_one(kappa: float, gamma: float, response: float) -> None:
    settings = scenario(kappa=kappa, gamma=gamma, wear_days=50.0, shocks=[{"tick": 3, "kind": "crash"}])
    wear = np.expm1(1 / 50)
    expected = response * (kappa + (1 - kappa) * gamma / (gamma + wear))
    # measured on noisy processes of every kind, with different appraisal lags, and without the scenario's shock
    assert loop_gain(settings, seed=3, response=response) == pytest.approx([expected] * 4, rel=1e-4)


@pytest.mark.parametrize("response", [-1.0, np.nan, np.inf])
def test_the_gain_refuses_senseless_responses(response: float) -> None:
    with pytest.raises(ValueError, match="response"):
        loop_gain(scenario(), response=response)


def closed(world: World, response: float, ticks: int) -> Floats:
    """Log-deviations of prices [ticks, n] after a shock of 1% at tick 0, in the loop that `loop_gain` documents."""
    deviation = []
    for tick in range(ticks):
        price = world.start * (world.reading.appraisal / world.start) ** response
        price = price * 1.01 if tick == 0 else price
        deviation.append(np.log(price / world.start))
        world.step(tick, price)
    return np.array(deviation)


@pytest.mark.parametrize(("kappa", "gamma", "wear_days"), [(0.3, 0.0, 365.0), (0.3, 0.05, 30.0), (0.6, 0.02, 60.0)])
def test_below_a_gain_of_one_a_shock_dies_out_and_above_it_runs_away(
    kappa: float, gamma: float, wear_days: float
) -> None:
    world = {"kappa": kappa, "gamma": gamma, "wear_days": wear_days}
    own = float(loop_gain(scenario(STILL, **world))[0])  # the gain at response 1
    assert own < 1.0
    for gain in (0.5, 0.8):
        path = closed(still(**world), gain / own, 2500)
        assert (np.abs(path[-1]) < 1e-4 * 0.01).all(), gain
    for gain in (1.2,):
        path = closed(still(**world), gain / own, 2500)
        assert (path[-1] > 10 * 0.01).all(), gain
        assert (path[-1] > path[100]).all(), gain


def test_a_market_that_trades_at_the_last_appraisal_forgets_unless_appraisers_only_look_at_it() -> None:
    assert (np.abs(closed(still(kappa=0.9, gamma=0.02, wear_days=60.0), 1.0, 5000)[-1]) < 1e-6).all()
    forever = closed(still(kappa=1.0, gamma=0.0), 1.0, 2000)
    assert forever[-1] == pytest.approx(forever[10], rel=1e-9)
    assert (forever[-1] > 1e-4).all()


def test_runaways_stay_finite() -> None:
    path = closed(still(kappa=1.0, gamma=1.0), 50.0, 300)
    assert np.isfinite(path).all()
