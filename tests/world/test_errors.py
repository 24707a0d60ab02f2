"""Bad input: each a ScenarioError that names the field, the value and what would do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from terrarium.errors import ScenarioError
from terrarium.world import World
from terrarium.world.parameters import read
from terrarium.world.processes import processes
from terrarium.world.shocks import shocks
from tests.world.settings import CITY, scenario


def asset(process: str, name: str = "BAD", group: str = "", **params: Any) -> dict[str, Any]:
    return {"name": name, "process": process, "group": group, "value": 10.0, "params": params}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (asset("volcano"), ["assets.BAD.process", "volcano", "crop, real_estate, royalty"]),
        (asset("crop", rainfall=3), ["assets.BAD.params.rainfall", "rain,"]),
        (asset("crop", rain=-3), ["assets.BAD.params.rain", "-3", "greater than 0"]),
        (asset("crop", rain=float("nan")), ["assets.BAD.params.rain", "nan", "finite"]),
        (asset("crop", rain="much"), ["assets.BAD.params.rain", "much", "number"]),
        (asset("crop", water_need=1.0), ["assets.BAD.params.water_need", "500"]),
        (asset("crop", growth=0.2), ["assets.BAD.params", "discount (0.1)", "growth (0.2)"]),
        (asset("real_estate", correlation=1.5), ["assets.BAD.params.correlation", "1.5", "less than or equal to 1"]),
        (asset("real_estate", volatility=float("inf")), ["assets.BAD.params.volatility", "inf"]),
        (
            asset("real_estate", vacancy=0.6, costs=0.5),
            ["assets.BAD.params", "vacancy (0.6)", "costs (0.5)", "below 1"],
        ),
        (asset("royalty", retention=2.0), ["assets.BAD.params", "retention (2)", "decay (0.8)"]),
        (asset("royalty", hit_rate=100.0), ["assets.BAD.params", "hits (100", "lower hit_rate"]),
    ],
)
def test_bad_assets(bad: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ScenarioError) as error:
        World(scenario([*CITY, bad]), 1)
    for word in words:
        assert word in str(error.value)


def test_crops_of_a_group_share_their_climate() -> None:
    wet = asset("crop", "WET", "valley", rain=800.0)
    with pytest.raises(ScenarioError, match=r"assets\.WET\.params\.rain: 800.0 differs from DRY's 300.0.*group"):
        World(scenario([asset("crop", "DRY", "valley", rain=300.0, water_need=300.0), wet]), 1)
    World(
        scenario([asset("crop", "RICE", "valley", water_need=700.0), asset("crop", "RYE", "valley", water_need=400.0)]),
        1,
    )


@pytest.mark.parametrize(
    ("shock", "words"),
    [
        ({"kind": "meteor"}, ["shocks[0].kind", "meteor", "crash, disaster, reporter_failure"]),
        ({"kind": "crash", "params": {"size": 1.0}}, ["shocks[0].params.size", "1.0", "less than 1"]),
        ({"kind": "crash", "params": {"depth": 1.0}}, ["shocks[0].params.depth", "size, days"]),
        ({"kind": "disaster", "params": {"days": 0}}, ["shocks[0].params.days", "0", "greater than 0"]),
        ({"kind": "reporter_failure", "params": {"mode": "lazy"}}, ["shocks[0].params.mode", "lazy", "'silent'"]),
        ({"kind": "reporter_failure", "params": {"share": 0}}, ["shocks[0].params.share", "greater than 0"]),
    ],
)
def test_bad_shocks(shock: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ScenarioError) as error:
        World(scenario(shocks=[{"tick": 1, **shock}]), 1)
    for word in words:
        assert word in str(error.value)


def test_misuse_is_told() -> None:
    world = World(scenario(), 1)
    with pytest.raises(ValueError, match="does not follow"):
        world.step(1, world.start)
    with pytest.raises(ValueError, match="4 assets"):
        world.step(0, np.ones(3))
    with pytest.raises(ValueError, match="not the last one"):
        world.reporter_readings(0, 0)
    world.step(0, world.start)
    with pytest.raises(ValueError, match="negative"):
        world.reporter_readings(0, -1)
    with pytest.raises(ValueError, match="does not follow"):
        world.step(0, world.start)
    with pytest.raises(ValueError, match="read-only"):
        world.reading.fundamental[0] = 1.0


def test_every_file_is_found_documented_and_reads_its_own_defaults() -> None:
    for name, cls in processes().items():
        assert read(cls.parameters, {}, name) == cls.parameters()
        assert "Source" in str(__import__(cls.__module__, fromlist=["_"]).__doc__)
        assert cls.__doc__
    for name, shock in shocks().items():
        assert read(shock, {}, name) == shock()
        assert shock.__doc__
