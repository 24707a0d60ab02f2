"""What a run is made of, and how its parts are put together on a chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from terrarium.chain.types import Block
from terrarium.market.deploy import deploy
from terrarium.market.desk import Books
from terrarium.market.economy import CASH_UNIT, TOKEN_UNIT, Economy
from terrarium.market.history import past_blocks
from terrarium.market.lens import audit
from terrarium.market.onboard import Newcomer, onboard
from terrarium.market.state import MarketState
from terrarium.record.chain import RecordedChain
from terrarium.record.reader import MANIFEST
from terrarium.risk.monitor.monitor import Monitor
from terrarium.risk.monitor.observe import observation
from terrarium.risk.monitor.rules import build
from terrarium.risk.monitor.series import Observation
from terrarium.scenario import Scenario
from terrarium.sim.observatory import Observatory
from terrarium.sim.population import Agent, populate
from terrarium.sim.system import Issuer, Outbox
from terrarium.sim.tables import agent_rows
from terrarium.world import World

Looped = frozenset[tuple[int, int]]  # (agent, tick): decisions that never ended, on a resumed record


class Cast:
    """Everything that can be wrong with a scenario beyond its schema, made before anything is started."""

    def __init__(self, scenario: Scenario) -> None:
        self.agents = populate(scenario)
        self.world = World(scenario, scenario.seed)
        self.rules = {rule.rule: build(rule.rule, rule.params) for rule in scenario.monitor}


@dataclass(slots=True)
class Simulation:
    """Everything one run is made of."""

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
    looped: Looped = frozenset()

    def readings(self, agent: Agent, tick: int) -> tuple[float, ...]:
        """What a reporter measured this tick."""
        return tuple(self.world.reporter_readings(tick, int(agent.name.partition(":")[2])).tolist())

    def observe(self, block: Block, now: int) -> Observation:
        """What the monitor sees of the market after ``block``."""
        return observation(self.state, block.number, now)


def assemble(
    scenario: Scenario,
    cast: Cast,
    chain: RecordedChain,
    looped: Looped = frozenset(),
    place: Path | None = None,
) -> Simulation:
    """Deploy the economy on ``chain``, unless the manifest at ``place`` says that it stands there; bring the population
    in, and make ready for the first tick."""
    agents, blocks = cast.agents, list[Block]()
    reporters = sum(agent.strategy.role == "reporter" for agent in agents)
    manifest = deploy(chain, scenario, reporters, place, mined=blocks.append)
    chain.writer.attach(MANIFEST, manifest.json())
    economy = Economy.of(manifest, chain.accounts.address("issuer"))
    if place is not None:
        blocks = list(past_blocks(chain, economy, 1, chain.height))
    onboard(chain, economy, [_newcomer(agent, scenario) for agent in agents], blocks.append, blocks)
    made = ready(scenario, cast, chain, economy, blocks, looped)
    audit(made.state, chain)
    chain.add("agents", agent_rows(agents, made.addresses))
    return made


def ready(
    scenario: Scenario,
    cast: Cast,
    chain: RecordedChain,
    economy: Economy,
    blocks: list[Block],
    looped: Looped = frozenset(),
) -> Simulation:
    """A simulation before its first tick, on an ``economy`` in which ``blocks``, oldest first, are all there is."""
    agents = cast.agents
    addresses = [chain.accounts.address(agent.name) for agent in agents]
    state = MarketState(economy, addresses)
    for block in blocks:
        state.apply(block)
    books = Books(economy, state)
    return Simulation(
        scenario=scenario,
        chain=chain,
        economy=economy,
        state=state,
        books=books,
        agents=agents,
        addresses=addresses,
        world=cast.world,
        observatory=Observatory(
            books, agents, ticks=scenario.ticks, tick_seconds=scenario.tick_seconds, seed=scenario.seed
        ),
        monitor=Monitor(economy.names, cast.rules),
        issuer=Issuer(books, chain.accounts, scenario.world.income_every),
        outbox=Outbox(books, chain.accounts),
        started=blocks[-1].timestamp,
        looped=looped,
    )


def _newcomer(agent: Agent, scenario: Scenario) -> Newcomer:
    worths = zip(agent.holdings, scenario.assets, strict=True)
    units = tuple(int(worth / asset.value * TOKEN_UNIT) for worth, asset in worths)
    return Newcomer(agent.name, agent.country, int(agent.cash * CASH_UNIT), units, agent.strategy.role == "trader")
