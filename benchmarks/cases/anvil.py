"""Swaps on Anvil: the whole loop, against the tuned web3.py way."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack, closing
from itertools import islice
from statistics import median

from benchmarks.figures import Chart, Figure, Result, lap
from benchmarks.market import market, mined
from benchmarks.web3py import Tuned
from terrarium.sim.loop import ticks

HOW = (
    "Per round some ticks of the whole loop (look, decide, build calls, submit, mirror, monitor, record on disk), "
    "then the same swaps through web3.py on an Anvil of its own that mines at once: gas and nonce given, receipts "
    "polled each millisecond, nothing signed. Swap and receipt: the least that can be called a swap. With event: "
    "its Swap event decoded too. The same work: the sender's two balances and the pool's reserves read first, as "
    "a decision needs them. Rates and ratios are the median of the rounds. CPU: what our process and Anvil "
    "together spend on a core."
)
WAYS = {
    "swap and receipt": {"look": False, "decode": False},
    "with event": {"look": False, "decode": True},
    "the same work": {"look": True, "decode": True},
}


def run(quick: bool) -> Result:
    """Measure with 200 and with 1,000 agents, and T-REX tokens with 1,000."""
    figures: list[Figure] = []
    rates: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for traders, each in ((20, 1),) if quick else ((200, 10), (1_000, 3)):
        found, ours, theirs, relative = _compare(traders, rounds=2 if quick else 9, each=each, swaps=2 if quick else 20)
        figures += found
        rates |= {f"Terrarium, {traders:,} agents": ours, f"web3.py, {traders:,} agents": theirs}
        ratios |= {f"{way}, {traders:,} agents": ratio for way, ratio in relative.items()}
    traders = 20 if quick else 1_000
    rate, cpu = _trex(traders, rounds=2 if quick else 7)
    figures += [
        Figure(f"T-REX tokens, {traders:,} agents", rate, "tx/s"),
        Figure(f"T-REX tokens, {traders:,} agents, CPU", cpu, "µs/tx"),
    ]
    rates[f"Terrarium, T-REX tokens, {traders:,} agents"] = rate
    charts = [
        Chart(
            "Swaps on Anvil, end to end", "transactions per second", rates, target=3_000,
            others=tuple(name for name in rates if name.startswith("web3.py")),
        ),
        Chart("… times as fast as tuned web3.py", "x", ratios, target=75),
    ]  # fmt: skip
    return Result("swaps of plain tokens on Anvil, end to end", HOW, figures, charts)


def _compare(traders: int, rounds: int, each: int, swaps: int) -> tuple[list[Figure], float, float, dict[str, float]]:
    """Figures; our rate and web3.py's at the same work; our rate over theirs by way."""
    ours: list[float] = []
    own = node = count = 0.0
    theirs: dict[str, list[float]] = defaultdict(list)
    ratios: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        sim = stack.enter_context(market("anvil", traders, each * (rounds + 1)))
        web3 = Tuned(stack.enter_context(market("anvil", traders, 1)))
        live = stack.enter_context(closing(ticks(sim)))
        pid = sim.chain.chain.node.process.pid
        first = sim.chain.height + 1
        list(islice(live, each))  # warm-up
        queue = mined(sim, first, len(WAYS) * swaps * rounds)
        share = len(queue) // (len(WAYS) * rounds)
        for _ in range(rounds):
            took, made = lap(lambda: list(islice(live, each)), pid)
            if not all(tick.block.ok.all() for tick in made):
                raise RuntimeError("a swap failed")
            size = sum(len(tick.block.ok) for tick in made)
            ours.append(size / took.wall)
            own, node, count = own + took.own, node + took.child, count + size
            for way, options in WAYS.items():
                some, queue = queue[:share], queue[share:]
                ready = web3.prepare(some)
                took, _ = lap(lambda ready=ready, options=options: web3.swap(ready, **options), web3.pid)
                theirs[way].append(share / took.wall)
                ratios[way].append(ours[-1] / theirs[way][-1])
                spent[way] += (took.own + took.child) / share / rounds
    name, busy = f"{traders:,} agents", (own + node) / count
    figures = [
        Figure(name, median(ours), "tx/s", at_least=3_000),
        Figure(f"{name}, best round", max(ours), "tx/s"),
        Figure(f"{name}, CPU of our process", own / count * 1e6, "µs/tx"),
        Figure(f"{name}, CPU of Anvil", node / count * 1e6, "µs/tx"),
        Figure(f"{name}, per second of CPU", 1 / busy, "tx/s", at_least=3_000),
    ]
    for way in WAYS:
        figures += [
            Figure(f"{name}, web3.py, {way}", median(theirs[way]), "tx/s"),
            Figure(f"{name}, against web3.py, {way}", median(ratios[way]), "x", at_least=75),
            Figure(f"{name}, against web3.py, {way}, by CPU", spent[way] / busy, "x"),
        ]
    return figures, median(ours), median(theirs["the same work"]), {way: median(found) for way, found in ratios.items()}


def _trex(traders: int, rounds: int) -> tuple[float, float]:
    """tx/s, and µs of CPU per transaction."""
    rates, spent = [], []
    with market("anvil", traders, rounds + 1, plain=False) as sim, closing(ticks(sim)) as live:
        pid = sim.chain.chain.node.process.pid
        next(live)
        for _ in range(rounds):
            took, tick = lap(lambda: next(live), pid)
            rates.append(len(tick.block.ok) / took.wall)
            spent.append((took.own + took.child) / len(tick.block.ok) * 1e6)
    return median(rates), median(spent)
