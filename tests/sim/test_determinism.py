"""A scenario and a seed say everything: in any process, on any engine, whoever else takes part."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest

from terrarium import scenarios
from terrarium.scenario import Group
from terrarium.sim.population import scaled
from terrarium.sim.simulation import simulate

SHOCK = 12
RUN = """
import sys
from terrarium.sim.simulation import simulate
there = {"overrides": ["shocks.0.tick=12"], "out": sys.argv[1]}
run = simulate("property_crash", engine="revm", agents=60, ticks=25, seed=3, **there)
print(bytes(run.blocks["fingerprint"].iloc[-1]).hex())
"""
DECIDED = ["tick", "index", "agent", "strategy", "verb", "to", "data", "ok", "reason"]
HAPPENED = ["block", "tx", "log", "address", "topic0", "topic1", "topic2", "topic3", "data"]


def live(folder, engine="revm", seed=3, overrides=(f"shocks.0.tick={SHOCK}",), change=None, **options):
    settings = scenarios.load("property_crash", overrides)
    settings = scenarios.revised(settings, ticks=25)
    options = {"agents": 60, **options}
    if change is not None:
        settings = change(scaled(settings, options.pop("agents")))
    return simulate(settings, engine=engine, seed=seed, out=folder, **options)


def fingerprint(run):
    return bytes(run.blocks["fingerprint"].iloc[-1]).hex()


def ticks(run, table, before=25, columns=None):
    found = run.table(table)
    if "tick" not in found.columns:
        numbers = run.table("blocks").query("tick >= 0 and tick < @before")["number"]
        found = found[found["block"].isin(numbers)]
    else:
        found = found.query("tick >= 0 and tick < @before")
    return found[columns or list(found.columns)].reset_index(drop=True)


@pytest.fixture(scope="module")
def crash(tmp_path_factory):
    return live(tmp_path_factory.mktemp("crash") / "run")


def test_any_process_and_any_hash_seed_gives_the_same(crash, tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    outputs = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert outputs == [fingerprint(crash)] * 2


def test_every_strategy_had_its_say(crash):
    """Otherwise the comparisons here would prove little."""
    acting = set(crash.table("transactions").query("tick >= 0")["strategy"])
    assert acting >= {"noise_trader", "value_investor", "market_maker", "arbitrageur", "leveraged_fund", "lender"}


def test_anvil_gives_what_revm_gives(crash, tmp_path):
    other = live(tmp_path / "run", engine="anvil")
    assert fingerprint(other) == fingerprint(crash)
    for table, columns in (("transactions", DECIDED), ("events", HAPPENED), ("prices", None), ("alerts", None)):
        pd.testing.assert_frame_equal(ticks(other, table, columns=columns), ticks(crash, table, columns=columns))


def test_another_seed_is_another_run(crash, tmp_path):
    other = live(tmp_path / "run", seed=4)
    assert fingerprint(other) != fingerprint(crash)
    same, drawn = (run.table("feeds")["fundamental"].to_numpy() for run in (crash, other))
    assert (same != drawn).all()


def test_a_group_more_moves_nobodys_draws(crash, tmp_path):
    """Idle newcomers without money at the end of the scenario: everybody else does the very same."""
    idle = Group(strategy="noise_trader", count=7, params={"activity": 0.0})
    other = live(tmp_path / "run", change=lambda s: s.model_copy(update={"agents": (*s.agents, idle)}))
    assert len(other.table("agents")) == len(crash.table("agents")) + 7
    pd.testing.assert_frame_equal(
        ticks(other, "transactions", columns=DECIDED), ticks(crash, "transactions", columns=DECIDED)
    )
    for table in ("feeds", "prices", "lending", "positions", "alerts"):
        columns = [c for c in crash.table(table).columns if c != "block"]
        pd.testing.assert_frame_equal(ticks(other, table, columns=columns), ticks(crash, table, columns=columns))


def test_twins_are_one_until_the_shock(crash, tmp_path):
    twin = live(tmp_path / "run", overrides=("shocks=[]",))
    assert twin.blocks["fingerprint"].tolist()[:-13] == crash.blocks["fingerprint"].tolist()[:-13]
    for table in ("blocks", "transactions", "events", "feeds", "prices", "lending", "positions", "alerts", "wealth"):
        pd.testing.assert_frame_equal(ticks(twin, table, SHOCK), ticks(crash, table, SHOCK))
    pd.testing.assert_frame_equal(twin.table("agents"), crash.table("agents"))
    at = ticks(twin, "feeds", SHOCK + 1).query("tick == @SHOCK")["fundamental"].to_numpy()
    struck = ticks(crash, "feeds", SHOCK + 1).query("tick == @SHOCK")["fundamental"].to_numpy()
    assert (struck[:2] < 0.95 * at[:2]).all()  # the buildings
    assert (struck[2:] == at[2:]).all()
    assert fingerprint(twin) != fingerprint(crash)
