"""Puts a run together: chain, economy, population, world, monitor and record; then lets it live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terrarium import scenarios
from terrarium.chain import artifacts
from terrarium.chain.engines import open_chain
from terrarium.chain.types import Block, Chain
from terrarium.errors import InputError
from terrarium.market.deploy import deploy
from terrarium.market.desk import Books
from terrarium.market.economy import CASH_UNIT, TOKEN_UNIT, Economy
from terrarium.market.lens import audit
from terrarium.market.onboard import Newcomer, onboard
from terrarium.market.state import MarketState
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.reader import Run, open_run
from terrarium.record.writer import RunWriter
from terrarium.report.live import Live
from terrarium.risk.monitor.monitor import Monitor
from terrarium.risk.monitor.observe import observation
from terrarium.risk.monitor.rules import build
from terrarium.risk.monitor.series import Observation
from terrarium.scenario import Scenario
from terrarium.sim.loop import ticks
from terrarium.sim.observatory import Observatory
from terrarium.sim.population import Agent, populate, scaled
from terrarium.sim.system import Issuer, Outbox
from terrarium.sim.tables import agent_rows
from terrarium.world import World


@dataclass(slots=True)
class Simulation:
    """Everything one run is made of. ``looped``: (agent, tick) of decisions that never ended, known from a resumed record."""

    scenario: Scenario
    chain: RecordedChain
    economy: Economy
    state: MarketState
    books: Books
    agents: list[Agent]
    addresses: list[str]  # by agent
    world: World
    observatory: Observatory
    monitor: Monitor
    issuer: Issuer
    outbox: Outbox
    looped: frozenset[tuple[int, int]] = frozenset()

    def readings(self, agent: Agent, tick: int) -> tuple[float, ...]:
        """What a reporter measured this tick; nothing for others."""
        if agent.strategy.role != "reporter":
            return ()
        return tuple(self.world.reporter_readings(tick, int(agent.name.partition(":")[2])).tolist())

    def observe(self, block: Block, now: int) -> Observation:
        """What the monitor sees of the market after ``block``."""
        return observation(self.state, block.number, now)
