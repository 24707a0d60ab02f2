"""Shocks: what they do, to whom, and for how long."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from terrarium.world import World
from terrarium.world.parameters import Floats
from terrarium.world.shocks import shocks
from terrarium.world.shocks.reporter_failure import ReporterFailure
from tests.world.settings import CITY, run, scenario

HALF_DAY, DAY, MONTH = 43_200, 86_400, 30 * 86_400


def ratios(shock: dict[str, Any], ticks: int, tick_seconds: int = DAY) -> tuple[Floats, Floats]:
    """Fundamental and income with the shock over those without it: [ticks, n]; NaN where nothing was earned without."""
    calm, _, usual = run(World(scenario(tick_seconds=tick_seconds, gamma=0.0), 5), ticks)
    struck, _, income = run(World(scenario(tick_seconds=tick_seconds, gamma=0.0, shocks=[shock]), 5), ticks)
    return struck / calm, income / np.where(usual > 0, usual, np.nan)


def test_every_shock_changes_something_and_keeps_the_world_finite() -> None:
    for kind in shocks():
        for tick_seconds in (3600, DAY, 365 * DAY):
            world = World(scenario(tick_seconds=tick_seconds, shocks=[{"tick": 2, "kind": kind}]), 5)
            calm = World(scenario(tick_seconds=tick_seconds), 5)
            changed = False
            for tick in range(10):
                for w in (world, calm):
                    w.step(tick, w.reading.fundamental)
                seen = [[w.reporter_readings(tick, k) for k in range(4)] for w in (world, calm)]
                changed = changed or not np.array_equal(*seen, equal_nan=True)
                assert all(np.isfinite(column).all() for column in world.reading)
            assert changed, kind


@pytest.mark.parametrize(("days", "tick_seconds"), [(0, DAY), (10, DAY), (10, HALF_DAY), (0.25, DAY), (45, MONTH)])
def test_a_crash_takes_its_size_over_its_days_for_good(days: float, tick_seconds: int) -> None:
    shock = {"tick": 2, "kind": "crash", "assets": ["TOWER", "ANTHEM"], "params": {"size": 0.4, "days": days}}
    value, income = ratios(shock, 40, tick_seconds)
    assert (value[:2] == 1.0).all()
    assert (value[:, [1, 2]] == 1.0).all()
    day = tick_seconds / DAY
    passed = np.clip((np.arange(38) + 1) * day / max(days, day), 0, 1)
    assert value[2:, 0] == pytest.approx(0.6**passed, rel=1e-9)
    assert value[2:, 3] == pytest.approx(0.6**passed, rel=1e-9)
    assert income[-1, 3] == pytest.approx(0.6, rel=1e-9)
    assert 0.6 < income[-1, 0] < 1.0  # rents trail


def test_a_crash_reaches_the_next_harvest() -> None:
    _, income = ratios({"tick": 60, "kind": "crash", "assets": ["WHEAT"], "params": {"size": 0.5}}, 95)
    assert income[89, 2] == pytest.approx(0.5)


@pytest.mark.parametrize("tick_seconds", [HALF_DAY, DAY, 5 * DAY])
def test_a_disaster_stops_income_then_capacity_grows_back(tick_seconds: int) -> None:
    params = {"size": 0.6, "days": 100, "outage": 0.2}
    per = DAY / tick_seconds
    start, ticks = round(10 * per), round(130 * per)
    value, income = ratios(
        {"tick": start, "kind": "disaster", "assets": ["HARBOUR"], "params": params}, ticks, tick_seconds
    )
    assert (np.delete(value, 1, axis=1) == 1.0).all()
    since = (np.arange(ticks) - start) / per
    standing = np.where(since < 0, 1.0, 1 - 0.6 * np.clip(1 - since / 100, 0, 1))
    assert value[:, 1] == pytest.approx(standing, rel=1e-9)
    assert income[:, 1] == pytest.approx(np.where((since >= 0) & (since < 20), 0.0, standing), rel=1e-9)


def test_a_disaster_within_a_tick_costs_its_part_of_the_income() -> None:
    params = {"size": 0.5, "days": 12, "outage": 1.0}
    _, income = ratios({"tick": 1, "kind": "disaster", "assets": ["ANTHEM"], "params": params}, 3, MONTH)
    assert income[:, 3] == pytest.approx([1.0, 0.5 * (1 - 12 / 30), 1.0])


def test_disasters_multiply() -> None:
    two = [{"tick": 0, "kind": "disaster", "params": {"size": 0.5}}] * 2
    calm, _, _ = run(World(scenario(gamma=0.0), 5), 1)
    struck, _, _ = run(World(scenario(gamma=0.0, shocks=two), 5), 1)
    assert struck == pytest.approx(0.25 * calm)


def measured(params: dict[str, Any], ticks: int, reporters: int) -> tuple[Floats, Floats]:
    """Readings [ticks, reporters, n] with a failure of WHEAT's reporters at tick 5, and without it."""
    failure = {"tick": 5, "kind": "reporter_failure", "assets": ["WHEAT"], "params": params}
    both = []
    for given in ([failure], []):
        world = World(scenario(shocks=given), 9)
        rows = []
        for tick in range(ticks):
            world.step(tick, world.reading.fundamental)
            rows.append([world.reporter_readings(tick, k) for k in range(reporters)])
        both.append(np.array(rows))
    return both[0], both[1]


@pytest.mark.parametrize("mode", ["silent", "late", "wrong"])
def test_reporters_fail_as_told_where_told_and_while_told(mode: str) -> None:
    params = {"mode": mode, "share": 0.4, "days": 10, "delay_days": 7, "factor": 3.0}
    failed, fine = measured(params, 20, 5)
    assert np.isfinite(fine).all()
    others = np.delete(failed, 2, axis=2)
    assert others.tobytes() == np.delete(fine, 2, axis=2).tobytes()
    assert failed[:5].tobytes() == fine[:5].tobytes()
    assert failed[15:].tobytes() == fine[15:].tobytes()
    hit = (failed[5:15, :, 2] != fine[5:15, :, 2]).all(axis=0)
    assert hit.sum() == 2  # 40% of 5
    during = failed[5:15, hit, 2]
    match mode:
        case "silent":
            assert np.isnan(during).all()
        case "wrong":
            assert during == pytest.approx(3.0 * fine[5:15, hit, 2], rel=1e-12)
        case "late":
            assert np.isnan(during[:2]).all()  # nothing is seven days old yet
            assert during[2:].tobytes() == fine[0:8, hit, 2].tobytes()


def test_the_share_that_fails_is_exact_for_any_number_of_reporters() -> None:
    for share in (0.1, 1 / 3, 0.5, 0.6, 1.0):
        failure = ReporterFailure(share=share)
        for draw in np.linspace(0, 0.999, 7):
            failing = np.cumsum([failure.fails(k, float(draw)) for k in range(40)])
            assert (np.abs(failing - share * np.arange(1, 41)) < 1 + 1e-9).all()


def test_reporters_err_as_much_as_told_and_not_to_one_side() -> None:
    loud = [{**CITY[0], "params": {"appraisal_noise": 0.05}}, {**CITY[1], "params": {"appraisal_noise": 0.0}}]
    world = World(scenario(loud), 2)
    errors = []
    for tick in range(400):
        world.step(tick, world.start)
        errors += [np.log(world.reporter_readings(tick, k) / world.reading.appraisal) for k in range(5)]
    first, second = np.array(errors).T
    assert abs(first.mean()) < 4 * 0.05 / np.sqrt(2000)
    assert first.std() == pytest.approx(0.05, abs=4 * 0.05 / np.sqrt(4000))
    assert (np.abs(second) < 1e-12).all()
