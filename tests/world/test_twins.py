"""Keyed draws: what is switched on elsewhere changes nothing here, to the bit; the same seed gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from terrarium.world import World
from tests.world.settings import CITY, run, scenario

SHOCKS: list[dict[str, Any]] = [
    {"tick": 40, "kind": "crash", "assets": ["TOWER"], "params": {"size": 0.4, "days": 10}},
    {"tick": 40, "kind": "disaster", "assets": ["TOWER"], "params": {"size": 0.4, "days": 20}},
]


def fixed(world: World) -> Any:
    return world.start


@pytest.mark.parametrize("shock", SHOCKS, ids=lambda shock: str(shock["kind"]))
@pytest.mark.parametrize(("kappa", "gamma"), [(0.0, 0.0), (0.4, 0.1)])
def test_a_shock_changes_nothing_before_it_and_nothing_beside_it(shock: Any, kappa: float, gamma: float) -> None:
    calm = run(World(scenario(kappa=kappa, gamma=gamma), 7), 120, fixed)
    struck = run(World(scenario(shocks=[shock], kappa=kappa, gamma=gamma), 7), 120, fixed)
    for before, after in zip(calm, struck, strict=True):
        assert before[:40].tobytes() == after[:40].tobytes()
        assert before[:, 1:].tobytes() == after[:, 1:].tobytes()  # no market couples them here, so for ever
        assert not np.array_equal(before[40:, 0], after[40:, 0])


def test_the_same_holds_where_each_asset_has_its_own_market() -> None:
    calm = run(World(scenario(kappa=0.4, gamma=0.1), 7), 120)
    struck = run(World(scenario(shocks=SHOCKS, kappa=0.4, gamma=0.1), 7), 120)
    for before, after in zip(calm, struck, strict=True):
        assert before[:, 1:].tobytes() == after[:, 1:].tobytes()


def test_an_asset_changes_nothing_for_the_others() -> None:
    kinds = [("real_estate", "city"), ("crop", ""), ("royalty", ""), ("crop", "north")]
    extra = [
        {"name": f"NEW{i}", "process": kind, "group": group, "value": 10.0} for i, (kind, group) in enumerate(kinds)
    ]
    few, many = World(scenario(), 3), World(scenario([*extra, *CITY]), 3)  # in front, so that every column moves
    for tick in range(150):
        a, b = few.step(tick, few.reading.fundamental), many.step(tick, many.reading.fundamental)
        for x, y in zip(a, b, strict=True):
            assert x.tobytes() == y[4:].tobytes()
        for reporter in (0, 5):
            x, y = few.reporter_readings(tick, reporter), many.reporter_readings(tick, reporter)
            assert x.tobytes() == y[4:].tobytes()


def test_another_failure_leaves_the_choice_of_failing_reporters() -> None:
    late = {"tick": 3, "kind": "reporter_failure", "assets": ["WHEAT"], "params": {"share": 0.5}}
    other = {"tick": 1, "kind": "reporter_failure", "assets": ["ANTHEM"], "params": {"share": 0.3}}
    worlds = [World(scenario(shocks=shocks), 3) for shocks in ([late], [other, late])]
    for tick in range(5):
        for world in worlds:
            world.step(tick, world.start)
    for reporter in range(10):
        one, two = (world.reporter_readings(4, reporter)[:3] for world in worlds)
        assert one.tobytes() == two.tobytes()


def test_readings_do_not_depend_on_who_else_asked() -> None:
    worlds = [World(scenario(), 3) for _ in range(2)]
    for world in worlds:
        world.step(0, world.start)
    worlds[1].reporter_readings(0, 0)
    assert worlds[0].reporter_readings(0, 1).tobytes() == worlds[1].reporter_readings(0, 1).tobytes()
    assert not np.array_equal(worlds[0].reporter_readings(0, 1), worlds[0].reporter_readings(0, 0))


PRINT = """
import hashlib
from terrarium.world import World
from tests.world.settings import run, scenario
from tests.world.test_twins import SHOCKS
failure = {"tick": 5, "kind": "reporter_failure", "params": {"mode": "late"}}
world = World(scenario(shocks=[*SHOCKS, failure]), 21)
digest = hashlib.sha256()
for tick in range(60):
    for column in world.step(tick, world.reading.appraisal):
        digest.update(column.tobytes())
    for reporter in range(3):
        digest.update(world.reporter_readings(tick, reporter).tobytes())
print(digest.hexdigest())
"""


def test_same_seed_same_bytes_in_any_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", PRINT], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True,
            check=True, cwd=os.getcwd(),
        ).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_another_seed_is_another_world() -> None:
    assert not np.array_equal(run(World(scenario(), 1), 5)[0], run(World(scenario(), 2), 5)[0])
