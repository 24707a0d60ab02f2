"""The parts of a tick that concern agents: what they plan, the block it makes, and what they learn of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from terrarium.chain.reasons import reason
from terrarium.chain.types import DEFAULT_GAS, Block, Call, Tx
from terrarium.random import AgentStreams
from terrarium.sim.decide import LOOPED, Benched, Watchdog, decide, learn
from terrarium.sim.population import Agent
from terrarium.sim.strategy import Outcome, Strategy
from terrarium.sim.system import Sent

if TYPE_CHECKING:
    from terrarium.sim.assembly import Simulation

Planned = Sequence[tuple[Agent, list[Call]]]
SYSTEM = -1  # agent number of the issuer and the monitor in the record
SYSTEM_GAS = 25_000_000  # paying a hundred holders takes about 8 million


def plan(sim: Simulation, streams: AgentStreams, watchdog: Watchdog, tick: int) -> tuple[Planned, list[Benched]]:
    """What everybody wants to do, and who was benched on the way."""
    planned, benched = [], []
    view, targets = sim.observatory.view, sim.economy.addresses
    looped = {agent for agent, when in sim.looped if when == tick}
    for agent in sim.agents:
        if agent.benched:
            continue
        if agent.id in looped:  # a resumed run does not wait for the clock again
            made: list[Call] | Benched = Benched(agent.id, LOOPED)
        else:
            readings = sim.readings(agent, tick) if agent.strategy.role == "reporter" else ()
            made = decide(agent, view(agent, readings), streams.at(agent.key, tick), targets, watchdog)
        if isinstance(made, Benched):
            agent.benched = True
            benched.append(made)
        elif made:
            planned.append((agent, made))
    return planned, benched


def mine(sim: Simulation, system: Sequence[Sent], planned: Planned, tick: int, now: int) -> Block:
    """One block of the system's and everybody's calls, in this order."""
    txs = [Tx(sender, call.to, call.data, call.value, SYSTEM_GAS) for sender, call in system]
    agents, strategies, verbs = [SYSTEM] * len(txs), [""] * len(txs), [call.verb for _, call in system]
    for agent, calls in planned:
        sender = sim.addresses[agent.id]
        txs += [Tx(sender, call.to, call.data, call.value, DEFAULT_GAS) for call in calls]
        verbs += [call.verb for call in calls]
        agents += [agent.id] * len(calls)
        strategies += [agent.kind] * len(calls)
    sim.chain.context(tick, agents, strategies, verbs)
    sim.chain.set_time(now)
    return sim.chain.submit(txs)


def teach(planned: Planned, block: Block, first: int, tick: int, watchdog: Watchdog) -> list[Benched]:
    """Tell each agent that wants to know what became of its calls, which start at transaction ``first``."""
    benched = []
    for agent, calls in planned:
        mine = range(first, first := first + len(calls))
        if type(agent.strategy).learn is Strategy.learn:
            continue
        ok = tuple(bool(block.ok[i]) for i in mine)
        outcome = Outcome(tick, ok, tuple("" if block.ok[i] else reason(block.output[i]) for i in mine))
        fault = learn(agent, outcome, watchdog)
        if fault is not None:
            agent.benched = True
            benched.append(fault)
    return benched
