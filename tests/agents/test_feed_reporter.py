import pytest

from terrarium.chain.revm import RevmChain
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.writer import RunWriter
from terrarium.sim.assembly import Cast, assemble
from terrarium.sim.loop import ticks
from tests.agents.stage import scenario


def test_feeds_say_what_it_measured_and_nothing_while_it_measures_nothing(tmp_path):
    silence = {"tick": 5, "kind": "reporter_failure", "params": {"mode": "silent", "share": 1.0, "days": 4}}
    settings = scenario([], shocks=[silence], ticks=12)
    with RevmChain() as chain, RunWriter.create(tmp_path / "run", describe(settings, "revm")) as writer:
        sim = assemble(settings, Cast(settings), RecordedChain(chain, writer))
        rounds = []
        for tick in ticks(sim):
            assert tick.benched == []
            assert tick.block.ok.all()
            rounds.append(int(sim.state.round[0]))
        figures = sim.state.figures(tick.block.timestamp)
        assert rounds == [2, 3, 4, 5, 6, 6, 6, 6, 6, 7, 8, 9]  # the first round is the deployment's
        assert figures.appraisal == pytest.approx(sim.readings(sim.agents[0], 11), abs=1e-7)
