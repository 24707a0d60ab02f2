"""What a tick costs in which nobody trades: looking at the market and deciding, 10,000 times."""

from __future__ import annotations

from contextlib import closing
from statistics import median

from benchmarks.figures import Chart, Figure, Result, lap
from benchmarks.market import market
from terrarium.sim.loop import ticks

HOW = (
    "The whole loop with agents that look, decide and do nothing; the block is empty and is recorded all the same. "
    "Median and least over the ticks, on the clock."
)


def run(quick: bool) -> Result:
    """Measure 100, 1,000 and 10,000 agents in process, and the most on Anvil."""
    figures: list[Figure] = []
    bars: dict[str, float] = {}
    sizes = (10, 20) if quick else (100, 1_000, 10_000)
    for engine, agents in [("revm", size) for size in sizes] + [("anvil", sizes[-1])]:
        middle, low, busy = _tick(engine, agents, 3 if quick else 25)
        name = f"{agents:,} agents {'on Anvil' if engine == 'anvil' else 'in process'}"
        most = 100 if agents == sizes[-1] else None
        figures += [
            Figure(name, middle, "ms", at_most=most),
            Figure(f"{name}, least", low, "ms"),
            Figure(f"{name}, CPU", busy, "ms"),
        ]
        bars[name] = middle
    return Result("a tick in which nobody trades", HOW, figures, [Chart("A tick in which nobody trades", "ms", bars, target=100)])


def _tick(engine: str, agents: int, count: int) -> tuple[float, float, float]:
    """Milliseconds per tick: median, least, and median of our CPU."""
    with market(engine, agents, count + 2, activity=0.0) as sim, closing(ticks(sim)) as live:
        next(live), next(live)
        laps = [lap(lambda: next(live))[0] for _ in range(count)]
    walls = [one.wall * 1e3 for one in laps]
    return median(walls), min(walls), median(one.own * 1e3 for one in laps)
