"""Real runs of the real engine, made once: one that crashes, one in which nothing happens, two that were cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from terrarium.agents.momentum_trader import MomentumTrader

from terrarium import scenarios
from terrarium.record.reader import Run, open_run
from terrarium.sim import simulation

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
SCENARIO = str(Path(__file__).parent / "crash.toml")


@pytest.fixture(scope="session")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """40 ticks, 34 agents: funds that keep no distance are liquidated, and bad debt is left."""
    return simulation.simulate(SCENARIO, engine="revm", out=tmp_path_factory.mktemp("runs") / "crash")


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """6 ticks without a shock, a loan or an alert; title and an agent's error try to be HTML."""

    def fail(*_: object) -> list[object]:
        raise ValueError(HOSTILE)

    settings = scenarios.load(SCENARIO, ["shocks=[]", "monitor=[]", "agents.leveraged_fund.count=0"])
    settings = settings.model_copy(update={"title": HOSTILE, "description": HOSTILE, "ticks": 6})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MomentumTrader, "decide", fail)
        out = tmp_path_factory.mktemp("runs") / "calm"
        return simulation.simulate(settings, engine="revm", out=out)


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Interrupted with Ctrl-C after tick 4 of 30."""

    def interrupted(made: simulation.Simulation) -> Iterator[simulation.Tick]:
        for tick in ticks_of(made):
            yield tick
            if tick.number == 4:
                raise KeyboardInterrupt

    ticks_of = simulation.ticks_of
    return _stopped(tmp_path_factory.mktemp("runs") / "cut", interrupted)


@pytest.fixture(scope="session")
def unborn(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Interrupted before the first tick."""

    def interrupted(made: simulation.Simulation) -> Iterator[simulation.Tick]:
        raise KeyboardInterrupt

    return _stopped(tmp_path_factory.mktemp("runs") / "unborn", interrupted)


def _stopped(out: Path, ticks_of: object) -> Run:
    patch = pytest.MonkeyPatch()
    patch.setattr(simulation, "ticks_of", ticks_of)
    with pytest.raises(KeyboardInterrupt):
        simulation.simulate(SCENARIO, engine="revm", ticks=30, out=out)
    patch.undo()
    return open_run(out)
