"""Runs a scenario from its first block to its last, or finishes a run that was cut; everything is recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import nullcontext
from itertools import chain as chain_of
from itertools import count
from pathlib import Path

from terrarium import scenarios
from terrarium.chain.accounts import dev_accounts
from terrarium.chain.engines import open_chain
from terrarium.chain.rpc import RpcChain, is_local
from terrarium.chain.types import Chain
from terrarium.errors import InputError
from terrarium.market.lens import audit
from terrarium.market.manifest import Manifest
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.reader import Run, open_run
from terrarium.record.writer import RunWriter
from terrarium.report.live import Live, Snapshot
from terrarium.risk.monitor.alerts import CRITICAL, Alert
from terrarium.scenario import Scenario
from terrarium.sim.assembly import Cast, Simulation, assemble
from terrarium.sim.decide import LOOPED
from terrarium.sim.loop import Tick
from terrarium.sim.loop import ticks as ticks_of
from terrarium.sim.population import scaled


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
    cast = Cast(settings)
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
    cast = Cast(settings)
    with open_chain(engine) as chain:
        writer = RunWriter.resume(folder)
        known = frozenset(zip(looped["agent"].tolist(), looped["tick"].tolist(), strict=True))
        return _live_through(settings, cast, chain, writer, live, known)


def _live_through(
    scenario: Scenario,
    cast: Cast,
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
