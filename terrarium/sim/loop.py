"""One tick after the other: the world moves, agents decide, one block is mined, everybody learns what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from terrarium.chain.types import Block, Call, Tx
from terrarium.random import AgentStreams
from terrarium.risk.monitor.alerts import Alert
from terrarium.sim import tables
from terrarium.sim.decide import LOOPED, Benched, Watchdog, decide
from terrarium.sim.order import ordered
from terrarium.sim.population import Agent
from terrarium.sim.strategy import Outcome, Strategy

if TYPE_CHECKING:
    from terrarium.sim.simulation import Simulation

SYSTEM = -1
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
    with Watchdog().running() as watchdog:
        for tick in range(scenario.ticks):
            now = start + (tick + 1) * scenario.tick_seconds
            figures, holdings = sim.state.figures(now), sim.state.holdings(now)
            reading = sim.world.step(tick, figures.price)
            sim.observatory.look(sim.state, figures, holdings, tick, now)

            planned, benched = _decide(sim, streams, watchdog, tick)
            system = sim.issuer.calls(tick, reading) + sim.outbox.calls(pending)
            block = _mine(sim, system, ordered(planned, scenario.order, scenario.seed, tick), tick, now)

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


def _decide(
    sim: Simulation, streams: AgentStreams, watchdog: Watchdog, tick: int
) -> tuple[list[tuple[Agent, list[Call]]], list[Benched]]:
    """What everybody wants to do, and who was benched on the way."""
    planned, benched = [], []
    for agent in sim.agents:
        if agent.benched:
            continue
        if (agent.id, tick) in sim.looped:  # a resumed run does not wait for the clock again
            made: list[Call] | Benched = Benched(agent.id, LOOPED)
        else:
            view = sim.observatory.view(agent, sim.readings(agent, tick))
            made = decide(agent, view, streams.at(agent.key, tick), sim.economy.addresses, watchdog)
        if isinstance(made, Benched):
            agent.benched = True
            benched.append(made)
        elif made:
            planned.append((agent, made))
    return planned, benched


def _mine(
    sim: Simulation, system: list[tuple[str, Call]], planned: list[tuple[Agent, list[Call]]], tick: int, now: int
) -> Block:
    """Mine the system's and everybody's calls as one block, and tell each agent what became of its own."""
    txs = [Tx(sender, call.to, call.data, call.value) for sender, call in system]
    agents, strategies, verbs = [SYSTEM] * len(txs), [""] * len(txs), [call.verb for _, call in system]
    for agent, calls in planned:
        sender = sim.addresses[agent.id]
        for call in calls:
            txs.append(Tx(sender, call.to, call.data, call.value))
            verbs.append(call.verb)
        agents += [agent.id] * len(calls)
        strategies += [agent.kind] * len(calls)
    sim.chain.context(tick, agents, strategies, verbs)
    sim.chain.set_time(now)
    block = sim.chain.submit(txs)
    at = len(system)
    for agent, calls in planned:
        results = range(at, at := at + len(calls))
        ok = tuple(bool(block.ok[i]) for i in results)
        reasons = tuple("" if block.ok[i] else sim.reason(block.output[i]) for i in results)
        agent.strategy.learn(Outcome(tick, ok, reasons))
    return block
