"""One tick after the other: the world moves, agents decide, one block is mined, everybody learns what came of it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from terrarium.chain.types import Block
from terrarium.random import AgentStreams
from terrarium.risk.monitor.alerts import Alert
from terrarium.sim import tables
from terrarium.sim.decide import Benched, Watchdog
from terrarium.sim.order import ordered
from terrarium.sim.turn import mine, plan, teach

if TYPE_CHECKING:
    from terrarium.sim.assembly import Simulation

WEALTH_SAMPLES = 100  # most times a run that everybody's wealth is written down


class Tick(NamedTuple):
    """What came of one tick."""

    number: int
    block: Block
    alerts: list[Alert]
    benched: list[Benched]


def ticks(sim: Simulation) -> Iterator[Tick]:
    """Live through the scenario, tick by tick; each is acknowledged in the record before it is yielded."""
    scenario = sim.scenario
    streams = AgentStreams(scenario.seed)
    start = sim.started
    pending: list[Alert] = []  # raised by the last block, to be posted with the next
    every = max(1, scenario.ticks // WEALTH_SAMPLES)
    with _settled(), Watchdog().running() as watchdog:
        for tick in range(scenario.ticks):
            now = start + (tick + 1) * scenario.tick_seconds
            figures, holdings = sim.state.figures(now), sim.state.holdings(now)
            reading = sim.world.step(tick, figures.price)
            sim.observatory.look(sim.state, figures, holdings, tick, now)

            planned, benched = plan(sim, streams, watchdog, tick)
            system = sim.issuer.calls(tick, reading) + sim.outbox.calls(pending)
            planned = ordered(planned, scenario.order, scenario.seed, tick)
            block = mine(sim, system, planned, tick, now)
            benched += teach(planned, block, len(system), tick, watchdog)

            sim.state.apply(block)
            pending = sim.monitor.observe(sim.observe(block, now))
            figures, holdings = sim.state.figures(now), sim.state.holdings(now)
            rows = tables.market_rows(tick, reading, figures)
            rows["positions"] = tables.position_rows(tick, holdings, len(sim.agents), figures.collateral_price)
            if tick % every == 0 or tick == scenario.ticks - 1:
                rows["wealth"] = tables.wealth_rows(tick, holdings, len(sim.agents))
            rows["alerts"] = tables.alert_rows(tick, pending)
            rows["actions"] = tables.bench_rows(tick, benched)
            sim.chain.acknowledge(rows)
            yield Tick(tick, block, pending, benched)


@contextmanager
def _settled() -> Iterator[None]:
    """Spare the garbage collector what is there already (agents, contracts, modules): it stays, and looking through it
    again and again took a tenth of the time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
