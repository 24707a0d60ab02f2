"""Whether a long run stays as fast and as small as it began: 100,000 transactions through the whole loop."""

from __future__ import annotations

import gc
from contextlib import closing

import psutil

from benchmarks.figures import Chart, Figure, Result, lap, slope, tenth
from benchmarks.market import market
from terrarium.sim.loop import ticks

HOW = (
    "1,000 agents swap in every tick for 100 ticks, once on Anvil and once in process. Rate: median over the last "
    "ten ticks, divided by that over the first ten. Memory: what is resident after each tick, as the slope of a "
    "straight line through the last nine tenths; the record goes to disk. In process, the EVM itself lives in our "
    "memory and keeps a journal of all it did."
)


def run(quick: bool) -> Result:
    """Measure on Anvil, then in process."""
    figures: list[Figure] = []
    rates: dict[str, tuple[list[float], list[float]]] = {}
    sizes: dict[str, tuple[list[float], list[float]]] = {}
    for engine, label in (("anvil", "Anvil"), ("revm", "in process")):
        done, rate, busy, own, node = _live(engine, 20 if quick else 1_000, 10 if quick else 100)
        figures += [
            Figure(f"{label}, last tenth against first", tenth(rate, True) / tenth(rate, False), "x", at_least=0.9),
            Figure(f"{label}, the same per second of CPU", tenth(busy, True) / tenth(busy, False), "x"),
            Figure(f"{label}, transactions", done[-1], "tx"),
            Figure(
                f"{label}, memory of our process", slope(done, own), "B/tx", at_most=200 if engine == "anvil" else None
            ),
        ]
        if node:
            figures.append(Figure(f"{label}, memory of the node", slope(done, node), "B/tx"))
            sizes["Anvil's own process"] = done, [(size - node[0]) / 2**20 for size in node]
        rates[label] = done, rate
        sizes["our process, " + (f"on {label}" if node else label)] = done, [(size - own[0]) / 2**20 for size in own]
    charts = [
        Chart("Rate over a long run", "tx/s", lines=rates, x="transactions so far"),
        Chart("Memory over a long run", "MB above the start", lines=sizes, x="transactions so far"),
    ]
    return Result("a long run, from its beginning to its end", HOW, figures, charts)


def _live(
    engine: str, traders: int, count: int
) -> tuple[list[float], list[float], list[float], list[float], list[float]]:
    """After each tick: transactions so far, tx/s by clock and by CPU, bytes of our process and of the node."""
    done, rate, busy, own, node = ([] for _ in range(5))
    me = psutil.Process()
    with market(engine, traders, count + 1) as sim, closing(ticks(sim)) as live:
        pid = sim.chain.chain.node.process.pid if engine == "anvil" else None
        child = psutil.Process(pid) if pid else None
        next(live)
        gc.collect()
        total = 0.0
        for _ in range(count):
            took, tick = lap(lambda: next(live), pid)
            size = len(tick.block.ok)
            total += size
            done.append(total)
            rate.append(size / took.wall)
            busy.append(size / (took.own + took.child))
            own.append(float(me.memory_info().rss))
            if child:
                node.append(float(child.memory_info().rss))
    return done, rate, busy, own, node
