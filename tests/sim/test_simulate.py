"""Putting a run together: what is refused before anything is started, what is left behind, and going on."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from terrarium.agents.noise_trader import NoiseTrader

from terrarium.chain.revm import RevmChain
from terrarium.errors import InputError, RecordError, ScenarioError
from terrarium.record.reader import open_run
from terrarium.risk.monitor.monitor import Monitor
from terrarium.scenario import Rule
from terrarium.sim import decide, simulation
from terrarium.sim.simulation import resume, simulate
from tests.agents.stage import scenario

CROWD = {"strategy": "noise_trader", "count": 10, "cash": 1e5, "holdings": {"*": 1e5}, "params": {"activity": 0.5}}
BORROWER = {"strategy": "leveraged_fund", "count": 2, "cash": 1e5, "holdings": {"*": 1e5}}


def small(**changes):
    return scenario([CROWD, BORROWER, {"strategy": "lender", "count": 2, "cash": 1e6}], **{"ticks": 12, **changes})


def fingerprint(run):
    return bytes(run.blocks["fingerprint"].iloc[-1]).hex()


def interrupted(folder, monkeypatch, at=6, error=KeyboardInterrupt):
    """A run that somebody stopped in a tick."""
    plain = NoiseTrader.decide

    def decides(self, view, rng):
        if view.tick == at:
            raise error
        return plain(self, view, rng)

    with monkeypatch.context() as patch:
        patch.setattr(NoiseTrader, "decide", decides)
        with pytest.raises(error):
            simulate(small(), engine="revm", out=folder)


@pytest.mark.parametrize(
    ("changes", "options", "error", "says"),
    [
        ({}, {"ticks": 0}, ScenarioError, "ticks: Input should be greater than or equal to 1"),
        ({}, {"seed": -1}, ScenarioError, "seed: Input should be greater than or equal to 0"),
        ({}, {"engine": "geth"}, InputError, "engine"),
        ({}, {"engine": "rpc"}, InputError, "url"),
        ({}, {"manifest": "deployment.json"}, InputError, "use --engine rpc with --manifest"),
        ({"monitor": [{"rule": "price_fal"}]}, {}, ScenarioError, "monitor.price_fal: no such rule"),
        ({"shocks": [{"tick": 1, "kind": "comet"}]}, {}, ScenarioError, "comet"),
        ({"agents": [{**CROWD, "strategy": "trader"}]}, {}, ScenarioError, "no strategy 'trader'"),
        ({"assets": [{"name": "OAK", "process": "gold", "value": 1, "supply": 9}]}, {}, ScenarioError, "gold"),
    ],
)
def test_unusable_input_is_refused_before_anything_starts(tmp_path, monkeypatch, changes, options, error, says):
    started = []
    monkeypatch.setattr(RevmChain, "__init__", lambda self: started.append(self))
    settings = scenario([], **{k: v for k, v in changes.items() if k != "agents"})
    if "agents" in changes:
        settings = settings.model_copy(update={"agents": scenario(changes["agents"]).agents})
    with pytest.raises(error, match=says):
        simulate(settings, **{"engine": "revm", "out": tmp_path / "run", **options})
    assert started == []
    assert not (tmp_path / "run").exists()


def test_a_run_says_where_it_is_and_never_writes_over_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny = scenario([], ticks=1)
    runs = [simulate(tiny, engine="revm", seed=9) for _ in range(3)]
    assert [str(run.path) for run in runs] == ["runs/stage-9", "runs/stage-9.2", "runs/stage-9.3"]
    assert len({fingerprint(run) for run in runs}) == 1
    assert runs[0].meta["status"] == "finished"
    with pytest.raises(InputError, match="run"):
        simulate(tiny, engine="revm", out="runs/stage-9")
    assert fingerprint(open_run("runs/stage-9")) == fingerprint(runs[0])


def test_a_stopped_run_can_be_read_and_finished(tmp_path, monkeypatch):
    whole = simulate(small(), engine="revm", out=tmp_path / "whole")
    interrupted(tmp_path / "cut", monkeypatch)
    cut = open_run(tmp_path / "cut")
    assert cut.meta["status"] == "interrupted"
    assert cut.table("prices")["tick"].max() == 5
    done = resume(tmp_path / "cut")
    assert done.meta["status"] == "finished"
    assert fingerprint(done) == fingerprint(whole)
    for table in ("transactions", "events", "prices", "positions", "wealth", "agents"):
        assert done.table(table).equals(whole.table(table)), table


def test_a_killed_run_can_be_read_and_finished(tmp_path):
    """SIGKILL out of nowhere, in the middle of a tick of a real process."""
    code = (
        "import os, signal, sys\n"
        "from terrarium.agents.noise_trader import NoiseTrader\n"
        "from terrarium.sim.simulation import simulate\n"
        "from tests.sim.test_simulate import small\n"
        "plain = NoiseTrader.decide\n"
        "def decides(self, view, rng):\n"
        "    if view.tick == 7 and view.agent == 5:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return plain(self, view, rng)\n"
        "NoiseTrader.decide = decides\n"
        "simulate(small(), engine='revm', out=sys.argv[1])\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "cut")], cwd=Path(__file__).parents[2], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert open_run(tmp_path / "cut").table("prices")["tick"].max() == 6
    whole = simulate(small(), engine="revm", out=tmp_path / "whole")
    assert fingerprint(resume(tmp_path / "cut")) == fingerprint(whole)


def test_a_decision_that_never_ended_does_not_end_again(tmp_path, monkeypatch):
    """The clock is no part of a scenario: what it cut is taken from the record, not waited for a second time."""
    plain = NoiseTrader.decide
    loops = []

    def decides(self, view, rng):
        if view.tick == 3 and view.agent == 4:
            loops.append(view.tick)
            while True:
                pass
        if view.tick == 6 and len(loops) == 1 and view.agent == 5 and not done:
            raise KeyboardInterrupt
        return plain(self, view, rng)

    done = False
    monkeypatch.setattr(decide, "SECONDS", 0.1)
    monkeypatch.setattr(NoiseTrader, "decide", decides)
    with pytest.raises(KeyboardInterrupt):
        simulate(small(), engine="revm", out=tmp_path / "cut")
    done = True
    run = resume(tmp_path / "cut")
    assert loops == [3]
    assert run.table("actions")[["tick", "agent", "detail"]].to_numpy().tolist() == [[3, 4, decide.LOOPED]]
    whole = simulate(small(), engine="revm", out=tmp_path / "whole")
    assert fingerprint(run) == fingerprint(whole)


def test_what_cannot_be_resumed_says_why(tmp_path, monkeypatch):
    with pytest.raises(RecordError, match="nothing"):
        resume(tmp_path / "nothing")
    finished = simulate(scenario([], ticks=1), engine="revm", out=tmp_path / "finished")
    with pytest.raises((InputError, RecordError), match="finished"):
        resume(finished.path)

    interrupted(tmp_path / "cut", monkeypatch)
    about = tmp_path / "cut" / "run.json"
    plain = NoiseTrader.decide
    with monkeypatch.context() as patch:  # the strategy is not what it was
        patch.setattr(NoiseTrader, "decide", lambda self, view, rng: plain(self, view, rng)[:0])
        with pytest.raises(RecordError, match=r"diverges at block .*nothing known has changed"):
            resume(tmp_path / "cut")
    said = orjson.loads(about.read_bytes())
    assert said["engine"] == "revm"
    about.write_bytes(about.read_bytes().replace(b'"kappa"', b'"kapa"'))
    with pytest.raises(RecordError):
        resume(tmp_path / "cut")


def test_somebody_elses_node_cannot_be_resumed(tmp_path, monkeypatch):
    class There:
        scenario = small()
        meta = {"engine": "rpc"}  # noqa: RUF012

    monkeypatch.setattr(simulation, "open_run", lambda folder: There)
    with pytest.raises(InputError, match=r"on a node of somebody else's.*start a new run"):
        resume(tmp_path)


def test_a_failing_run_says_failed_and_leaves_its_record(tmp_path, monkeypatch):
    plain = Monitor.observe

    def breaks(self, observation):
        if len(self._series._rows) == 3:
            raise ZeroDivisionError
        return plain(self, observation)

    monkeypatch.setattr(Monitor, "observe", breaks)
    with pytest.raises(ZeroDivisionError):
        simulate(small(monitor=[Rule(rule="leverage")]), engine="revm", out=tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.meta["status"] == "failed"
    assert len(run.table("agents")) == 15
    assert run.table("prices")["tick"].max() == 2


def test_a_run_in_a_thread_is_the_same_run(tmp_path):
    """A notebook or a server may live there, where signals, and so the watchdog, do not reach."""
    with ThreadPoolExecutor(1) as pool:
        threaded = pool.submit(simulate, small(), engine="revm", out=tmp_path / "thread").result()
    assert fingerprint(threaded) == fingerprint(simulate(small(), engine="revm", out=tmp_path / "main"))
