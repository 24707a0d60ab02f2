"""Agents plan with what the chain says, never with what the simulation knows."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from terrarium.sim.view import Public
from tests.agents.stage import STILL
from tests.sim.market import HAND, opened, scenario

CRASH = {"tick": 2, "kind": "crash", "params": {"size": 0.95, "days": 1}}


def public(view):
    return {field.name: getattr(view, field.name) for field in fields(Public)}


def test_a_world_in_ruins_is_not_seen_while_the_feeds_say_otherwise(tmp_path):
    """Two worlds, one calm and one that loses 95 %; the reporters say the same in both: so do all views."""
    seen, truth, blocks = [], [], []
    for name, shocks in (("calm", []), ("ruin", [CRASH])):
        settings = scenario([HAND, {**HAND, "budget": {"delay": 1, "noise": 0.1}}], shocks=shocks, ticks=6)
        with opened(tmp_path / name, settings) as market:
            blocks.append([market.tick(_0=lambda view: view.desk.buy(0, 1_000.0)).block.fingerprint for _ in range(6)])
            truth.append(market.sim.world.reading.fundamental[0])
            seen.append([view for agent in (0, 1) for view in market[agent].views])
    assert truth[0] > 10 * truth[1]
    for calm, ruin in zip(*seen, strict=True):
        for name, value in public(calm).items():
            assert np.array_equal(value, public(ruin)[name], equal_nan=name not in ("names", "alerts")), name
        assert (calm.cash, calm.units, calm.wealth, calm.readings) == (ruin.cash, ruin.units, ruin.wealth, ())
    assert blocks[0] == blocks[1]


def test_only_reporters_measure_and_each_has_its_own_error(tmp_path):
    noisy = {
        "process": "real_estate", "value": 100.0, "supply": 1e6, "params": {**STILL, "appraisal_noise": 0.05}
    }  # fmt: skip
    agents = [{"strategy": "feed_reporter", "count": 2}, HAND]
    settings = scenario(agents, assets=[{**noisy, "name": "OAK"}], ticks=2)
    with opened(tmp_path, settings) as market:
        market.tick()
        readings = [market.sim.readings(agent, 0) for agent in market.sim.agents[:3]]
        assert market[0].views[0].readings == ()
    assert len(set(readings)) == 3
    assert all(abs(reading[0] - 100.0) < 30.0 for reading in readings)


def test_views_share_what_they_may(tmp_path):
    """One cut for everybody with the same budget of information: ten thousand views cost no ten thousand copies."""
    with opened(tmp_path, scenario([{**HAND, "count": 2}, {**HAND, "budget": {"memory": 5}}], ticks=2)) as market:
        market.tick()
        first, second, other = (market[i].views[0] for i in range(3))
        assert first.prices is second.prices
        assert not np.shares_memory(first.prices, other.prices)
