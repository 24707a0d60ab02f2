"""Scenarios and paths for the tests of the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from terrarium.scenario import Scenario
from terrarium.world import World
from terrarium.world.parameters import Floats, read
from terrarium.world.process import Site
from terrarium.world.processes import processes

CITY: tuple[Mapping[str, Any], ...] = (
    {"name": "TOWER", "process": "real_estate", "group": "city", "value": 100.0},
    {"name": "HARBOUR", "process": "real_estate", "group": "city", "value": 80.0},
    {"name": "WHEAT", "process": "crop", "value": 25.0},
    {"name": "ANTHEM", "process": "royalty", "value": 40.0},
)
KINDS = processes()


def scenario(
    assets: Sequence[Mapping[str, Any]] = CITY,
    shocks: Sequence[Mapping[str, Any]] = (),
    tick_seconds: int = 86_400,
    ticks: int = 100_000,
    **world: float,
) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "test",
            "ticks": ticks,
            "tick_seconds": tick_seconds,
            "assets": [{"supply": 1_000.0, **asset} for asset in assets],
            "shocks": shocks,
            "world": world,
            "agents": [{"strategy": "noise_trader", "count": 1}],
        }
    )


def at_value(world: World) -> Floats:
    return world.reading.fundamental


def run(world: World, ticks: int, market: Callable[[World], Floats] = at_value) -> tuple[Floats, Floats, Floats]:
    """Fundamental, appraisal and income, each [ticks, n], under a market's pricing rule."""
    rows = [world.step(tick, market(world)) for tick in range(ticks)]
    fundamental, appraisal, income = (np.array(columns) for columns in zip(*rows, strict=True))
    return fundamental, appraisal, income


def paths(
    kind: str, ticks: int, tick_seconds: int, copies: int = 1, seed: int = 11, group: str = "", **params: Any
) -> tuple[Floats, Floats]:
    """Values and incomes [ticks, copies] of assets of one group that start at 100 dollars."""
    p = read(KINDS[kind].parameters, params, "params")
    names = tuple(f"A{i}" for i in range(copies))
    process = KINDS[kind](Site(kind, group, names, (100.0,) * copies, (p,) * copies, seed, tick_seconds))
    rows = [process.step(tick, np.zeros(copies)) for tick in range(ticks)]
    return np.array([value for value, _ in rows]), np.array([income for _, income in rows])
