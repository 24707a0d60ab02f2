"""A market in which every strategy in agents/ takes part and finds something to do: a crash, borrowers, alerts.

`python -m tests.agents.busy` lives through it and prints what each strategy called, hashed, to compare processes.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrarium.chain.revm import RevmChain
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.writer import RunWriter
from terrarium.scenario import Scenario
from terrarium.sim.assembly import Cast, Simulation, assemble
from terrarium.sim.decide import Benched
from terrarium.sim.loop import ticks
from terrarium.sim.registry import strategies
from tests.agents.stage import ACT, Puppet, Watched

REGULARS = ("feed_reporter", "guardian")
TUNED: dict[str, dict[str, Any]] = {  # so that there are loans to liquidate
    "leveraged_fund": {
        "cash": 2e4,
        "params": {"leverage": 3.5, "limit": 4.3, "step": 1.0, "impact": 0.05, "period": 1, "premium": 0.5},
    },
    "lender": {"cash": 4e6, "holdings": {}, "params": {"fear": 0.5}},
    "guardian": {"params": {"length": 1}},
}


def casts() -> list[tuple[str, ...]]:
    """Every strategy is in one of these: all traders with the regular officials, other officials on their own."""
    roles = {name: cls.role for name, cls in strategies().items()}
    traders = tuple(name for name, role in roles.items() if role == "trader")
    others = [name for name, role in roles.items() if role != "trader" and name not in REGULARS]
    alone = [(name, "noise_trader", *(r for r in REGULARS if roles[r] != roles[name])) for name in others]
    return [(*REGULARS, *traders), *alone]


def market(cast: Sequence[str], *, days: int = 60, asset: dict[str, Any] | None = None, **group: Any) -> Scenario:
    """Two agents of each strategy, ``days`` ticks, a crash of two buildings on day 22; ``group`` changes them all."""
    oak = {
        "process": "real_estate",
        "group": "city",
        "value": 100.0,
        "supply": 100_000,
        "pool_share": 0.2,
        "params": {"correlation": 0.9, "appraisal_days": 4.0},
        **(asset or {}),
    }
    means = {"cash": 4e5, "holdings": {"*": 3e5}}
    groups = [
        {
            "strategy": name,
            "count": 2 if strategies()[name].role == "trader" else 1,
            **means,
            **TUNED.get(name, {}),
            **group,
        }
        for name in cast
    ]
    crash = {"tick": 22, "kind": "crash", "params": {"size": 0.45, "days": 3}}
    return Scenario.model_validate(
        {
            "name": "busy",
            "seed": 11,
            "ticks": days,
            "assets": [{**oak, "name": "OAK"}, {**oak, "name": "ELM"}],
            "feeds": {"quorum": 1},
            "shocks": [crash] if days > crash["tick"] else [],
            "agents": groups,
            "monitor": [{"rule": "price_fall"}],
        }
    )


@dataclass(slots=True)
class Lived:
    """What came of it."""

    sim: Simulation
    watched: dict[str, list[Watched]]  # by strategy
    benched: dict[str, list[str]]  # why, by strategy
    asked: dict[str, int]  # most evaluations that one agent spent in one tick, by strategy
    fingerprint: bytes


def live(folder: Path, settings: Scenario, *, halter: ACT | None = None, hand: ACT | None = None) -> Lived:
    """Live through ``settings``. In every tick ``halter`` acts for the guardian, ``hand`` for the last agent."""
    with RevmChain() as chain, RunWriter.create(folder / "run", describe(settings, "revm")) as writer:
        sim = assemble(settings, Cast(settings), RecordedChain(chain, writer))
        for agent in sim.agents:
            agent.strategy = Watched(agent.strategy)
        for kind, act in (("guardian", halter), (sim.agents[-1].kind, hand)):
            if act is not None:
                agent = next(a for a in reversed(sim.agents) if a.kind == kind)
                agent.strategy = Puppet(agent.strategy, acts=[act] * settings.ticks)
        watched: dict[str, list[Watched]] = {}
        for agent in sim.agents:
            if isinstance(agent.strategy, Watched):
                watched.setdefault(agent.kind, []).append(agent.strategy)
        lived = Lived(sim, watched, {}, {}, b"")
        for benched in _through(lived):
            kind = sim.agents[benched.agent].kind
            lived.benched.setdefault(kind, []).append(benched.detail)
        return lived


def _through(lived: Lived) -> Iterator[Benched]:
    for tick in ticks(lived.sim):
        yield from tick.benched
        for kind, agents in lived.watched.items():
            spent = [w.seen[-1]._meter.asked for w in agents if w.seen]
            lived.asked[kind] = max(lived.asked.get(kind, 0), *spent)
        lived.fingerprint = tick.block.fingerprint


def digest(agents: Sequence[Watched]) -> str:
    """Of all calls, by agent and tick."""
    told = [[[(c.to, c.data.hex(), c.verb) for c in calls] for calls in agent.calls] for agent in agents]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def main() -> None:
    """Print one JSON object: hash of the calls by strategy, and the fingerprints of the chains."""
    said: dict[str, str] = {}
    for cast in casts():
        with tempfile.TemporaryDirectory() as folder:
            lived = live(Path(folder), market(cast))
        said |= {kind: digest(agents) for kind, agents in lived.watched.items() if kind not in said}
        said["fingerprint:" + " ".join(cast)] = lived.fingerprint.hex()
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
