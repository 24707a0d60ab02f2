"""A small real market for tests of the loop: real contracts on revm, in which agents do what a test tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Call
from terrarium.market.state import Figures, Holdings
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.writer import RunWriter
from terrarium.scenario import Scenario
from terrarium.sim.assembly import Cast, Simulation, assemble
from terrarium.sim.loop import Tick, ticks
from terrarium.sim.strategy import Generator, Outcome, Strategy
from terrarium.sim.view import View
from tests.agents.stage import scenario

__all__ = ["HAND", "RICH", "Acting", "Market", "opened", "scenario"]
RICH = {"cash": 1e6, "holdings": {"*": 1e6}}
HAND = {"strategy": "noise_trader", "count": 1, **RICH}


@dataclass
class Acting(Strategy):
    """Does ``act``, and keeps what it saw and learnt."""

    act: Callable[[View], Any] = lambda view: []
    views: list[View] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def decide(self, view: View, rng: Generator) -> list[Call]:
        self.views.append(view)
        return self.act(view)

    def learn(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


@dataclass
class Saying(Strategy):
    """A reporter who says the same whatever it measured."""

    role: ClassVar[str] = "reporter"
    answers: list[float]

    def decide(self, view: View, rng: Generator) -> list[Call]:
        return [call for a, value in enumerate(self.answers) for call in view.desk.submit(a, value)]


class Market:
    """A simulation, tick by tick. Reporters say ``answers``; the others are `Acting`, in the order of the scenario."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.answers = [100.0] * len(sim.scenario.assets)
        self.agents = [agent for agent in sim.agents if agent.strategy.role != "reporter"]
        self.truth: list[tuple[Figures, Holdings]] = []  # by tick: the market as it was before it
        for agent in sim.agents:
            agent.strategy = Saying(self.answers) if agent.strategy.role == "reporter" else Acting()
        self._ticks = ticks(sim)

    def __getitem__(self, index: int) -> Acting:
        strategy = self.agents[index].strategy
        assert isinstance(strategy, Acting)
        return strategy

    def tick(self, times: int = 1, **acts: Callable[[View], Any]) -> Tick:
        """Live on; ``acts`` by index of the agent ("_0", "_1", …) hold for these ticks only."""
        for index, act in acts.items():
            self[int(index[1:])].act = act
        for _ in range(times):
            now = self.sim.started + (len(self.truth) + 1) * self.sim.scenario.tick_seconds
            self.truth.append((self.sim.state.figures(now), self.sim.state.holdings(now)))
            tick = next(self._ticks)
        for index in acts:
            self[int(index[1:])].act = lambda view: []
        return tick


@contextmanager
def opened(folder: Path, settings: Scenario) -> Iterator[Market]:
    """Deployed and onboarded, before the first tick."""
    with RevmChain() as chain, RunWriter.create(folder / "run", describe(settings, "revm")) as writer:
        market = Market(assemble(settings, Cast(settings), RecordedChain(chain, writer)))
        yield market
        market._ticks.close()
