"""Puts a run together: chain, economy, population, world, monitor and record; then lets it live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terrarium import scenarios
from terrarium.chain import artifacts
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
from terrarium.record.writer import RunWriter
from terrarium.risk.monitor.monitor import Monitor
from terrarium.risk.monitor.observe import observation
from terrarium.risk.monitor.rules import build
from terrarium.risk.monitor.series import Observation
from terrarium.scenario import Scenario
from terrarium.sim.loop import Tick, ticks
from terrarium.sim.observatory import Observatory
from terrarium.sim.population import Agent, populate, scaled
from terrarium.sim.system import Issuer, Outbox
from terrarium.sim.tables import agent_rows
from terrarium.world import World


Said = Callable[[Tick], None]


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
    started: int  # time of the last block before the first tick, seconds
    looped: frozenset[tuple[int, int]] = frozenset()

    def readings(self, agent: Agent, tick: int) -> tuple[float, ...]:
        """What a reporter measured this tick; nothing for others."""
        if agent.strategy.role != "reporter":
            return ()
        return tuple(self.world.reporter_readings(tick, int(agent.name.partition(":")[2])).tolist())

    def observe(self, block: Block, now: int) -> Observation:
        """What the monitor sees of the market after ``block``."""
        return observation(self.state, block.number, now)


def assemble(scenario: Scenario, chain: RecordedChain) -> Simulation:
    """Deploy the economy on ``chain``, bring the population in, and make ready for the first tick.

    Raises `ScenarioError` for what no file's schema can see: unknown strategies, processes, rules, and their parameters.
    """
    agents = populate(scenario)
    world = World(scenario, scenario.seed)
    rules = {rule.rule: build(rule.rule, rule.params) for rule in scenario.monitor}
    blocks: list[Block] = []
    reporters = sum(agent.strategy.role == "reporter" for agent in agents)
    manifest = deploy(chain, scenario, reporters, mined=blocks.append)
    economy = Economy.of(manifest, chain.accounts.address("issuer"))
    onboard(chain, economy, [_newcomer(agent, scenario) for agent in agents], blocks.append)
    addresses = [chain.accounts.address(agent.name) for agent in agents]
    state = MarketState(economy, addresses)
    for block in blocks:
        state.apply(block)
    audit(state, chain)
    chain.add("agents", agent_rows(agents, addresses))
    books = Books(economy, state)
    seed, length = scenario.seed, scenario.tick_seconds
    return Simulation(
        scenario,
        chain,
        economy,
        state,
        books,
        agents,
        addresses,
        world,
        Observatory(books, agents, ticks=scenario.ticks, tick_seconds=length, seed=seed),
        Monitor(economy.names, rules),
        Issuer(books, chain.accounts, scenario.world.income_every),
        Outbox(books, chain.accounts),
        blocks[-1].timestamp,
    )


def _newcomer(agent: Agent, scenario: Scenario) -> Newcomer:
    worths = zip(agent.holdings, scenario.assets, strict=True)
    units = tuple(int(worth / asset.value * TOKEN_UNIT) for worth, asset in worths)
    return Newcomer(agent.name, agent.country, int(agent.cash * CASH_UNIT), units, agent.strategy.role == "trader")
