"""What a tick costs in which nobody trades: looking at the market and deciding, 10,000 times."""

from __future__ import annotations

from contextlib import closing
from statistics import fmean, median

from benchmarks.figures import Chart, Figure, Result, lap
from benchmarks.market import market
from terrarium.sim.loop import ticks

HOW = (
    "The whole loop with agents that look, decide and do nothing; the block is empty and is mined and recorded "
    "all the same. Median and least over the ticks, on the clock. Anvil works out the state root of all accounts "
    "anew for every block, so that its part grows with the number of agents too."
)


def run(quick: bool) -> Result:
    """Measure 100, 1,000 and 10,000 agents in process, and the most on Anvil."""
    figures: list[Figure] = []
    bars: dict[str, float] = {}
    sizes = (10, 20) if quick else (100, 1_000, 10_000)
    for engine, agents in [("revm", size) for size in sizes] + [("anvil", sizes[-1])]:
        wall, least, own, node = _tick(engine, agents, 3 if quick else 31)
        name = f"{agents:,} agents {'on Anvil' if engine == 'anvil' else 'in process'}"
        figures += [
            Figure(name, wall, "ms", at_most=100 if agents == sizes[-1] else None),
            Figure(f"{name}, least", least, "ms"),
            Figure(f"{name}, CPU of our process", own, "ms"),
        ]
        bars[name] = wall
        if engine == "anvil":
            figures.append(Figure(f"{name}, CPU of Anvil", node, "ms"))
    chart = Chart("A tick in which nobody trades", "ms", bars, target=100)
    return Result("a tick in which nobody trades", HOW, figures, [chart])


def _tick(engine: str, agents: int, count: int) -> tuple[float, float, float, float]:
    """Milliseconds per tick: median and least on the clock, median of our CPU, mean of the node's."""
    with market(engine, agents, count + 2, activity=0.0) as sim, closing(ticks(sim)) as live:
        pid = sim.chain.chain.node.process.pid if engine == "anvil" else None
        next(live), next(live)
        laps = [lap(lambda: next(live), pid)[0] for _ in range(count)]
    wall, own, node = ([getattr(one, kind) * 1e3 for one in laps] for kind in ("wall", "own", "child"))
    return median(wall), min(wall), median(own), fmean(node)
