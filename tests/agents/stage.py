"""A small real market to put strategies into: real contracts on revm, the real loop, and puppets for everybody else.

A puppet is a strategy whose decisions a test hands in; it acts through the same view, desk and block as the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Call
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.writer import RunWriter
from terrarium.scenario import Scenario
from terrarium.sim.assembly import Cast, Simulation, assemble
from terrarium.sim.loop import Tick, ticks
from terrarium.sim.population import Agent
from terrarium.sim.strategy import Generator, Outcome, Strategy
from terrarium.sim.view import View

STILL = {
    "volatility": 0.0,
    "growth": 0.0,
    "appraisal_noise": 0.0,
    "vacancy_volatility": 0.0,
    "rent_yield": 0.0,
    "costs": 0.0,
}
ACT = Callable[[View], list[Call]]


@dataclass
class Puppet(Strategy):
    """Does what it is told, once; then nothing until told again. ``inner`` waits to be freed."""

    inner: Strategy
    seen: list[View] = field(default_factory=list)
    acts: list[ACT] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def decide(self, view: View, rng: Generator) -> list[Call]:
        self.seen.append(view)
        return self.acts.pop(0)(view) if self.acts else []

    def learn(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


@dataclass
class Watched(Strategy):
    """The strategy under test, with what it saw and wanted kept for the test."""

    role: str = field(init=False)
    inner: Strategy
    seen: list[View] = field(default_factory=list)
    calls: list[list[Call]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.role = self.inner.role  # reporters are shown what they measure

    def decide(self, view: View, rng: Generator) -> list[Call]:
        self.seen.append(view)
        self.calls.append(self.inner.decide(view, rng))
        return self.calls[-1]

    def learn(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.inner.learn(outcome)


def scenario(agents: list[dict[str, Any]], **changes: Any) -> Scenario:
    """Two assets of 100 dollars, pools of 10,000 tokens and a million dollars, one reporter; nothing moves alone."""
    asset = {
        "process": "real_estate",
        "value": 100.0,
        "supply": 1_000_000,
        "pool_share": 0.01,
        "lltv": 0.77,
        "params": STILL,
    }
    settings = {
        "name": "stage",
        "ticks": 400,
        "world": {"kappa": 0.0, "gamma": 0.0},
        "feeds": {"quorum": 1},
        "assets": [{**asset, "name": "OAK"}, {**asset, "name": "ELM"}],
        "agents": [{"strategy": "feed_reporter", "count": 1}, *agents],
    }
    return Scenario.model_validate({**settings, **changes})


class Stage:
    """One simulation, advanced tick by tick. The reporter and groups named in ``puppets`` are puppets."""

    def __init__(self, sim: Simulation, puppets: tuple[str, ...]) -> None:
        self.sim = sim
        self.answers = [100.0] * len(sim.scenario.assets)
        self._ticks = ticks(sim)
        for agent in sim.agents:
            if agent.kind in puppets:
                agent.strategy = Puppet(agent.strategy)
            elif agent.kind == "feed_reporter":
                agent.strategy = _Oracle(self.answers)
            else:
                agent.strategy = Watched(agent.strategy)

    def agent(self, kind: str, index: int = 0) -> Agent:
        return [a for a in self.sim.agents if a.kind == kind][index]

    def told(self, kind: str, act: ACT, index: int = 0) -> None:
        """Have a puppet do this in the next tick."""
        strategy = self.agent(kind, index).strategy
        assert isinstance(strategy, Puppet)
        strategy.acts.append(act)

    def free(self, kind: str, index: int = 0) -> None:
        """Let a puppet follow its own strategy from now on."""
        agent = self.agent(kind, index)
        assert isinstance(agent.strategy, Puppet)
        agent.strategy = Watched(agent.strategy.inner)

    def tick(self, times: int = 1) -> Tick:
        """Live through so many ticks; nobody may be benched."""
        for _ in range(times):
            last = next(self._ticks)
            assert last.benched == [], last.benched
        return last

    def wanted(self, kind: str, index: int = 0) -> list[str]:
        """Verbs of what the strategy under test wanted in the last tick, in order."""
        return [call.verb for call in self.watched(kind, index).calls[-1]]

    def reasons(self, kind: str, index: int = 0) -> list[str]:
        """Why those calls of an agent failed that did, from the start until now."""
        outcomes = self.agent(kind, index).strategy.outcomes
        return [reason for outcome in outcomes for reason in outcome.reasons if reason]

    def watched(self, kind: str, index: int = 0) -> Watched:
        strategy = self.agent(kind, index).strategy
        assert isinstance(strategy, Watched)
        return strategy

    def own(self, kind: str, index: int = 0) -> Any:
        """Holdings of an agent now: .cash, .units[n], .lp[n], .collateral[n], .debt[n], .supplied[n], .wealth."""
        holdings = self.sim.state.holdings(self.now)
        return type(holdings)(*(column[self.agent(kind, index).id] for column in holdings))

    @property
    def figures(self) -> Any:
        return self.sim.state.figures(self.now)

    @property
    def now(self) -> int:
        return int(self.sim.chain.w3.eth.get_block("latest")["timestamp"])


@dataclass
class _Oracle(Strategy):
    """The reporter: says what the test wants it to say."""

    role: ClassVar[str] = "reporter"
    answers: list[float]

    def decide(self, view: View, rng: Generator) -> list[Call]:
        return [call for a, value in enumerate(self.answers) for call in view.desk.submit(a, value)]


@contextmanager
def staged(folder: Path, settings: Scenario, *puppets: str) -> Iterator[Stage]:
    """Deploy, onboard, and raise the curtain."""
    with RevmChain() as chain, RunWriter.create(folder / "run", describe(settings, "revm")) as writer:
        yield Stage(assemble(settings, Cast(settings), RecordedChain(chain, writer)), puppets)
