"""Swaps in process: the whole loop, and the bare engine against VERBS."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from itertools import islice
from statistics import median

import numpy as np

from benchmarks.bare import Here, Pool, verbs
from benchmarks.figures import Chart, Figure, Result, lap
from benchmarks.market import market
from terrarium.chain import artifacts
from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Tx
from terrarium.sim.loop import ticks

HOW = (
    "The whole loop as on Anvil: median of the rounds, on the clock; CPU: all rounds together. The bare engine "
    "makes the same swaps as VERBS 0.4, a block of each in turn, from the same state: ours submits and decodes "
    "the swaps to numpy columns, VERBS submits, processes and keeps the events to itself; with events, it also "
    "hands them to Python, raw. Rates and ratios are the median of the rounds."
)
NO_VERBS = (
    " VERBS is not installed here (pip install verbs==0.4.1, Python below 3.13), so there is nothing to compare with."
)
TRADERS, BLOCK = 200, 1_000


def run(quick: bool) -> Result:
    """Measure the loop with 200 and with 1,000 agents, then the bare engine."""
    figures: list[Figure] = []
    bars: dict[str, float] = {}
    for traders, each in ((20, 1),) if quick else ((200, 20), (1_000, 6)):
        rate, best, cpu = _loop(traders, 2 if quick else 9, each)
        name = f"{traders:,} agents"
        figures += [
            Figure(name, rate, "tx/s", at_least=10_000),
            Figure(f"{name}, best round", best, "tx/s"),
            Figure(f"{name}, CPU", cpu, "µs/tx"),
            Figure(f"{name}, per second of CPU", 1e6 / cpu, "tx/s", at_least=10_000),
        ]
        bars[f"whole loop, {name}"] = rate
    made, how = _bare(3 if quick else 41, 20 if quick else BLOCK), HOW
    figures.append(Figure("bare engine", made["ours"], "tx/s"))
    figures.append(Figure("bare engine, CPU", made["spent"], "µs/tx"))
    bars["bare engine, swaps decoded"] = made["ours"]
    if "verbs" in made:
        figures += [
            Figure("VERBS process_block", made["verbs"], "tx/s"),
            Figure("VERBS process_block, with events", made["told"], "tx/s"),
            Figure("bare engine against VERBS", made["ratio"], "x", at_least=0.95),
            Figure("bare engine against VERBS, by CPU", made["busy"], "x"),
            Figure("bare engine against VERBS with events", made["fair"], "x"),
        ]
        bars |= {"VERBS process_block": made["verbs"], "VERBS, with events": made["told"]}
    else:
        how += NO_VERBS
    others = ("VERBS process_block", "VERBS, with events")
    chart = Chart("Swaps in process", "transactions per second", bars, target=10_000, others=others)
    return Result("swaps of plain tokens in process", how, figures, [chart])


def _loop(traders: int, rounds: int, each: int) -> tuple[float, float, float]:
    """tx/s on the clock, median and best round, and µs of CPU per transaction."""
    rates = []
    spent = count = 0.0
    with market("revm", traders, each * (rounds + 1)) as sim, closing(ticks(sim)) as live:
        list(islice(live, each))
        for _ in range(rounds):
            took, made = lap(lambda: list(islice(live, each)))
            size = sum(len(tick.block.ok) for tick in made)
            rates.append(size / took.wall)
            spent, count = spent + took.own, count + size
    return median(rates), max(rates), spent / count * 1e6


def _bare(rounds: int, size: int) -> dict[str, float]:
    """Our rate and CPU in µs per swap; where VERBS is installed, its rates, and ours over them by clock and by CPU."""
    people = ["0x" + f"{0xA0000000 + i:040x}" for i in range(TRADERS)]
    chain, swap = RevmChain(), artifacts.load("UniswapV2Pair").event("Swap")
    here = Pool(Here(chain), people)
    there = verbs(people)
    rng = np.random.default_rng(1)
    found: dict[str, list[float]] = defaultdict(list)
    for turn in range(rounds + 1):
        sides, amounts = rng.integers(2, size=size).tolist(), rng.integers(10**17, 10**18, size=size).tolist()
        names = [people[i] for i in rng.integers(TRADERS, size=size)]
        plan = list(zip(names, sides, amounts, strict=True))
        txs = [Tx(who, here.router, here.swap(bool(side), amount, who)) for who, side, amount in plan]

        def mine(txs: list[Tx] = txs) -> None:
            block = chain.submit(txs)
            if not block.ok.all() or swap.decode(block.logs).rows != size:
                raise RuntimeError("a swap failed on our side")

        them = None
        if there is not None and turn % 2:
            them = there.block(plan)
        us, _ = lap(mine)
        if there is not None and not turn % 2:
            them = there.block(plan)
        if not turn:  # the first is warm-up
            continue
        found["ours"].append(size / us.wall)
        found["spent"].append(us.own / size * 1e6)
        if them is not None:
            processed, told = them
            found["verbs"].append(size / processed.wall)
            found["told"].append(size / (processed.wall + told.wall))
            found["ratio"].append(processed.wall / us.wall)
            found["busy"].append(processed.own / us.own)
            found["fair"].append((processed.wall + told.wall) / us.wall)
    return {name: median(values) for name, values in found.items()}
