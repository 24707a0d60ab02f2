"""Puts a run together: chain, economy, population, world, monitor and record; then lets it live."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain as chain_of
from itertools import count
from pathlib import Path

from terrarium import scenarios
from terrarium.chain.accounts import dev_accounts
from terrarium.chain.engines import open_chain
from terrarium.chain.rpc import RpcChain, is_local
from terrarium.chain.types import Block, Chain
from terrarium.errors import InputError
from terrarium.market.deploy import deploy
from terrarium.market.desk import Books
from terrarium.market.economy import CASH_UNIT, TOKEN_UNIT, Economy
from terrarium.market.history import past_blocks
from terrarium.market.lens import audit
from terrarium.market.manifest import Manifest
from terrarium.market.onboard import Newcomer, onboard
from terrarium.market.state import MarketState
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.reader import MANIFEST, Run, open_run
from terrarium.record.writer import RunWriter
from terrarium.report.live import Live, Snapshot
from terrarium.risk.monitor.alerts import CRITICAL, Alert
from terrarium.risk.monitor.monitor import Monitor
from terrarium.risk.monitor.observe import observation
from terrarium.risk.monitor.rules import build
from terrarium.risk.monitor.series import Observation
from terrarium.scenario import Scenario
from terrarium.sim.decide import LOOPED
from terrarium.sim.loop import Tick
from terrarium.sim.loop import ticks as ticks_of
from terrarium.sim.observatory import Observatory
from terrarium.sim.population import Agent, populate, scaled
from terrarium.sim.system import Issuer, Outbox
from terrarium.sim.tables import agent_rows
from terrarium.world import World


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
    looped: frozenset[tuple[int, int]] = frozenset()  # (agent, tick): decisions that never ended, on a resumed record

    def readings(self, agent: Agent, tick: int) -> tuple[float, ...]:
        """What a reporter measured this tick."""
        return tuple(self.world.reporter_readings(tick, int(agent.name.partition(":")[2])).tolist())

    def observe(self, block: Block, now: int) -> Observation:
        """What the monitor sees of the market after ``block``."""
        return observation(self.state, block.number, now)


def simulate(
    scenario: str | Scenario,
    *,
    seed: int | None = None,
    engine: str = "anvil",
    agents: int | None = None,
    ticks: int | None = None,
    overrides: Iterable[str] = (),
    out: str | Path | None = None,
    live: bool = False,
    url: str | None = None,
    chain_ids: Collection[int] = (),
    manifest: str | Path | None = None,
) -> Run:
    """Run ``scenario`` (a name, a path, or settings) and record it in folder ``out``, by default runs/SCENARIO-SEED.

    ``engine`` "rpc" needs the ``url`` of a node, or the ``manifest`` of an economy that is deployed there already.

    ``agents`` scales the population (see `scaled`), ``overrides`` are "path=value" settings, ``live`` shows the run on
    the terminal. Raises `InputError` for unusable input before anything is started. Ctrl-C ends the run in good order;
    `resume` goes on.
    """
    settings = scenarios.load(scenario, overrides) if isinstance(scenario, str) else scenario
    changes = {"seed": seed, "ticks": ticks}
    settings = scenarios.revised(settings, **{k: v for k, v in changes.items() if v is not None})
    settings = scaled(settings, agents) if agents is not None else settings
    cast = _Cast(settings)
    folder = Path(out) if out is not None else _free(Path("runs") / f"{settings.name}-{settings.seed}")
    place = Path(manifest) if manifest is not None else None
    with (
        open_chain(engine, url=url, allowed_chain_ids=chain_ids)
        if place is None
        else _deployed(place, engine, url, chain_ids) as chain
    ):
        writer = RunWriter.create(folder, describe(settings, engine, _node(chain)))
        return _live_through(settings, cast, chain, writer, live, place=place)


def resume(folder: str | Path, *, live: bool = False, url: str | None = None, chain_ids: Collection[int] = ()) -> Run:
    """Finish the interrupted run in ``folder``; its record ends as if it had never stopped.

    What is recorded is lived through again on a fresh chain, decisions included, and must come out the same. Raises
    `RecordError` where it does not, or the record is cut or altered.
    """
    there = open_run(folder)
    settings, engine = there.scenario, there.meta["engine"]
    if engine == "rpc":
        raise InputError(
            f"{folder}: this run was made on a node of somebody else's, which went on without it; start a new run"
        )
    actions = there.table("actions")
    looped = actions[actions["detail"].str.startswith(LOOPED[:6])]
    cast = _Cast(settings)
    with open_chain(engine) as chain:
        writer = RunWriter.resume(folder)
        known = frozenset(zip(looped["agent"].tolist(), looped["tick"].tolist(), strict=True))
        return _live_through(settings, cast, chain, writer, live, known)


class _Cast:
    """Everything that can be wrong with a scenario beyond its schema, made before anything is started."""

    def __init__(self, scenario: Scenario) -> None:
        self.agents = populate(scenario)
        self.world = World(scenario, scenario.seed)
        self.rules = {rule.rule: build(rule.rule, rule.params) for rule in scenario.monitor}


def _live_through(
    scenario: Scenario,
    cast: _Cast,
    chain: Chain,
    writer: RunWriter,
    live: bool,
    looped: frozenset[tuple[int, int]] = frozenset(),
    place: Path | None = None,
) -> Run:
    recorded = RecordedChain(chain, writer, about=describe(scenario, chain.engine, _node(chain)))
    status = "failed"
    try:
        with Live(scenario, scenario.ticks) if live else nullcontext() as screen:
            simulation = assemble(scenario, cast, recorded, looped, place)
            for tick in ticks_of(simulation):
                if screen is not None:
                    screen.update(tick.number, snapshot(simulation, tick))
        audit(simulation.state, chain)
        status = "finished"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        writer.close(status)
    return open_run(writer.path)


def assemble(
    scenario: Scenario,
    cast: _Cast,
    chain: RecordedChain,
    looped: frozenset[tuple[int, int]] = frozenset(),
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
    addresses = [chain.accounts.address(agent.name) for agent in agents]
    state = MarketState(economy, addresses)
    for block in blocks:
        state.apply(block)
    audit(state, chain)
    chain.add("agents", agent_rows(agents, addresses))
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


def snapshot(sim: Simulation, tick: Tick) -> Snapshot:
    """What the live display shows of a tick."""
    figures = sim.state.figures(tick.block.timestamp)
    return Snapshot(
        prices=figures.price.tolist(),
        appraisals=figures.appraisal.tolist(),
        volume=float(figures.volume.sum()),
        borrowed=float(figures.borrowed.sum()),
        collateral=float((figures.collateral * figures.collateral_price).sum()),
        liquidations=sim.state.liquidations,
        bad_debt=float(figures.bad_debt.sum()),
        alerts=[_said(alert) for alert in tick.alerts],
        txs=len(tick.block.ok),
        halted=figures.halted.tolist(),
    )


def _said(alert: Alert) -> str:
    level = "critical" if alert.severity == CRITICAL else "warning"
    return f"{level}: {alert.rule} {alert.subject} {alert.value:.3g} (threshold {alert.threshold:.3g})"


def _deployed(place: Path, engine: str, url: str | None, chain_ids: Collection[int]) -> Chain:
    """The node that the manifest at ``place`` speaks of, with the accounts that deployed there."""
    if engine != "rpc":
        raise InputError(f"manifest: engine {engine!r} starts a chain of its own; use --engine rpc with --manifest")
    manifest = Manifest.load(place)
    url = url or manifest.url
    if url is None:
        raise InputError(f"manifest: {place} names no url; give the node's with --url")
    own = dev_accounts()
    ours = manifest.deployer == own.address("deployer") and is_local(url)
    return RpcChain(url, allowed_chain_ids=chain_ids, accounts=own if ours else None)


def _node(chain: Chain) -> str | None:
    return None if chain.engine == "revm" else str(chain.w3.client_version)


def _free(path: Path) -> Path:
    """``path``, or the first of path.2, path.3, … that is not there yet: a run never writes over another."""
    candidates = chain_of([path], (path.with_name(f"{path.name}.{i}") for i in count(2)))
    return next(p for p in candidates if not p.exists())


def _newcomer(agent: Agent, scenario: Scenario) -> Newcomer:
    worths = zip(agent.holdings, scenario.assets, strict=True)
    units = tuple(int(worth / asset.value * TOKEN_UNIT) for worth, asset in worths)
    return Newcomer(agent.name, agent.country, int(agent.cash * CASH_UNIT), units, agent.strategy.role == "trader")
