"""Swaps on Anvil: the whole loop, against the tuned web3.py way."""

from __future__ import annotations

from contextlib import ExitStack, closing
from itertools import islice
from statistics import median

from benchmarks.figures import Chart, Figure, Result, lap
from benchmarks.market import market, mined
from benchmarks.web3py import Tuned
from terrarium.sim.loop import ticks

HOW = (
    "Per round some ticks of the whole loop (look, decide, build calls, submit, mirror, monitor, record on disk), then the same "
    "swaps through web3.py on an Anvil of its own that mines at once; each figure is the median of the rounds, each ratio the "
    "median of the rounds' ratios. CPU: what our process and Anvil spent on a core; the clock follows it on a machine that is free."
)


def run(quick: bool) -> Result:
    """Measure with 200 and with 1,000 agents, and T-REX tokens with 1,000."""
    figures: list[Figure] = []
    bars: dict[str, float] = {}
    for traders, each in ((20, 1),) if quick else ((200, 10), (1_000, 2)):
        found, drawn = _compare(traders, rounds=2 if quick else 7, each=each, swaps=2 if quick else 25)
        figures += found
        bars |= drawn
    traders = 20 if quick else 1_000
    rate, cpu = _trex(traders, rounds=2 if quick else 6)
    figures += [
        Figure(f"T-REX tokens, {traders:,} agents", rate, "tx/s"),
        Figure(f"T-REX tokens, {traders:,} agents, CPU", cpu, "µs/tx"),
    ]
    bars[f"T-REX tokens, {traders:,} agents"] = rate
    chart = Chart("Swaps on Anvil, end to end", "transactions per second (log)", bars, target=3_000, log=True)
    return Result("swaps of plain tokens on Anvil, end to end", HOW, figures, [chart])


def _compare(traders: int, rounds: int, each: int, swaps: int) -> tuple[list[Figure], dict[str, float]]:
    ours, theirs, bare, ratios, barest, own, node, idle = ([] for _ in range(8))
    with ExitStack() as stack:
        sim = stack.enter_context(market("anvil", traders, each * (rounds + 1)))
        web3 = Tuned(stack.enter_context(market("anvil", traders, 1)))
        live = stack.enter_context(closing(ticks(sim)))
        pid = sim.chain.chain.node.process.pid
        first = sim.chain.height + 1
        list(islice(live, each))  # warm-up
        queue = mined(sim, first, 2 * swaps * rounds)
        for _ in range(rounds):
            took, made = lap(lambda: list(islice(live, each)), pid)
            count = sum(len(tick.block.ok) for tick in made)
            if not all(tick.block.ok.all() for tick in made):
                raise RuntimeError("a swap failed")
            ours.append(count / took.wall)
            own.append(took.own / count * 1e6)
            node.append(took.child / count * 1e6)
            for rates, relative, decode in ((theirs, ratios, True), (bare, barest, False)):
                some = queue[:swaps]
                del queue[:swaps]
                if not some:
                    continue
                ready = web3.prepare(some)
                took, _ = lap(lambda ready=ready, decode=decode: web3.swap(ready, decode), web3.pid)
                rates.append(len(some) / took.wall)
                relative.append(ours[-1] / rates[-1])
                idle.append(1 - (took.own + took.child) / took.wall)
    name = f"{traders:,} agents"
    figures = [
        Figure(name, median(ours), "tx/s", at_least=3_000),
        Figure(f"{name}, CPU of our process", median(own), "µs/tx"),
        Figure(f"{name}, CPU of Anvil", median(node), "µs/tx"),
        Figure(f"{name}, per second of CPU", 1e6 / (median(own) + median(node)), "tx/s"),
        Figure(f"{name}, tuned web3.py with events", median(theirs), "tx/s"),
        Figure(f"{name}, tuned web3.py, receipts only", median(bare), "tx/s"),
        Figure(f"{name}, against web3.py with events", median(ratios), "x", at_least=75),
        Figure(f"{name}, against web3.py, receipts only", median(barest), "x"),
    ]
    return figures, {f"Terrarium, {name}": median(ours), f"tuned web3.py, beside {name}": median(theirs)}


def _trex(traders: int, rounds: int) -> tuple[float, float]:
    rates, spent = [], []
    with market("anvil", traders, rounds + 1, plain=False) as sim, closing(ticks(sim)) as live:
        pid = sim.chain.chain.node.process.pid
        next(live)
        for _ in range(rounds):
            took, tick = lap(lambda: next(live), pid)
            rates.append(len(tick.block.ok) / took.wall)
            spent.append((took.own + took.child) / len(tick.block.ok) * 1e6)
    return median(rates), median(spent)
