"""Swaps in process: the whole loop, and the bare engine against VERBS."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import islice
from statistics import median

import numpy as np

from benchmarks.figures import Chart, Figure, Result, lap
from benchmarks.market import market
from terrarium.chain import artifacts
from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Block, Tx
from terrarium.sim.loop import ticks

HOW = (
    "The whole loop as on Anvil: median of the rounds. The bare engine makes the same swaps as VERBS, a block of each in turn, "
    "from the same state: ours submits and decodes the swaps to numpy columns, VERBS submits and processes and decodes nothing; "
    "the ratio is the median of the rounds' ratios."
)
TRADERS, BLOCK = 200, 1_000
DEPLOYER = "0x" + "d0" * 20
WHOLE = 10**24


def run(quick: bool) -> Result:
    """Measure the loop with 200 and with 1,000 agents, then the bare engine."""
    figures: list[Figure] = []
    bars: dict[str, float] = {}
    for traders, each in ((20, 1),) if quick else ((200, 20), (1_000, 4)):
        rate, cpu = _loop(traders, 2 if quick else 9, each)
        name = f"{traders:,} agents"
        figures += [
            Figure(name, rate, "tx/s", at_least=10_000),
            Figure(f"{name}, per second of CPU", 1e6 / cpu, "tx/s"),
        ]
        bars[f"whole loop, {name}"] = rate
    ours, theirs, ratio, spent = _bare(3 if quick else 31, 20 if quick else BLOCK)
    figures += [
        Figure("bare engine", ours, "tx/s"),
        Figure("bare engine, CPU", spent, "µs/tx"),
        Figure("VERBS process_block", theirs, "tx/s"),
        Figure("bare engine against VERBS", ratio, "x", at_least=0.95),
    ]
    bars |= {"bare engine, swaps decoded": ours, "VERBS process_block": theirs}
    return Result("swaps of plain tokens in process", HOW, figures, [Chart("Swaps in process", "transactions per second", bars, target=10_000)])


def _loop(traders: int, rounds: int, each: int) -> tuple[float, float]:
    rates, spent = [], []
    with market("revm", traders, each * (rounds + 1)) as sim, closing(ticks(sim)) as live:
        list(islice(live, each))
        for _ in range(rounds):
            took, made = lap(lambda: list(islice(live, each)))
            count = sum(len(tick.block.ok) for tick in made)
            rates.append(count / took.wall)
            spent.append(took.own / count * 1e6)
    return median(rates), median(spent)


def _bare(rounds: int, size: int) -> tuple[float, float, float, float]:
    """Our rate, VERBS', the ratio, and our CPU in µs per swap."""
    from verbs.envs import EmptyEnvRandom

    chain, env = RevmChain(), EmptyEnvRandom(1)
    env.create_account(_raw(DEPLOYER), 10**24)
    people = ["0x" + f"{0xA0000000 + i:040x}" for i in range(TRADERS)]
    for person in people:
        env.create_account(_raw(person), 10**18)

    def create_here(code: bytes) -> str:
        return chain.submit([Tx(DEPLOYER, None, code, gas=25_000_000)]).created[0]

    def create_there(code: bytes) -> str:
        return "0x" + bytes(env.deploy_contract(_raw(DEPLOYER), "", code)).hex()

    def send_here(sender: str, to: str, data: bytes) -> None:
        if not chain.submit([Tx(sender, to, data)]).ok.all():
            raise RuntimeError("the pool could not be set up")

    def send_there(sender: str, to: str, data: bytes) -> None:
        env.execute(_raw(sender), _raw(to), data, 0)

    def ask_here(to: str, data: bytes) -> bytes:
        return bytes(env_call(chain, to, data))

    def ask_there(to: str, data: bytes) -> bytes:
        return bytes(env.call(_raw(DEPLOYER), _raw(to), data, 0)[0])

    here = _pool(create_here, send_here, ask_here, people)
    there = _pool(create_there, send_there, ask_there, people)
    swap = artifacts.load("UniswapV2Pair").event("Swap")
    rng = np.random.default_rng(1)
    ours, theirs, ratios, spent = [], [], [], []
    for turn in range(rounds + 1):
        plan = [(people[int(rng.integers(TRADERS))], bool(rng.integers(2)), int(rng.integers(10**17, 10**18))) for _ in range(size)]
        txs = [Tx(who, here.router, here.swap(side, amount, who)) for who, side, amount in plan]
        theirs_txs = [(_raw(who), _raw(there.router), there.swap(side, amount, who), False, None, None, None) for who, side, amount in plan]

        def mine(txs: list[Tx] = txs) -> tuple[Block, int]:
            block = chain.submit(txs)
            return block, swap.decode(block.logs).rows

        def process(txs: list[tuple[object, ...]] = theirs_txs) -> None:
            env.submit_transactions(txs)
            env.process_block()

        first, second = (mine, process) if turn % 2 else (process, mine)
        one, given = lap(first)
        two, other = lap(second)
        (us, (block, found)), them = ((one, given), two) if turn % 2 else ((two, other), one)
        done = sum(bool(event[0]) for event in env.get_last_events())
        if not block.ok.all() or found != size or done != size:
            raise RuntimeError(f"of {size} swaps {found} went through on our side and {done} on VERBS'")
        if turn:  # the first is warm-up
            ours.append(size / us.wall)
            theirs.append(size / them.wall)
            ratios.append(them.wall / us.wall)
            spent.append(us.own / size * 1e6)
    return median(ours), median(theirs), median(ratios), median(spent)


class _pool:
    """Two plain ERC-20s and their pool, made through whatever engine the callables speak to."""

    def __init__(
        self,
        create: Callable[[bytes], str],
        send: Callable[[str, str, bytes], None],
        ask: Callable[[str, bytes], bytes],
        people: list[str],
    ) -> None:
        coin, factory = artifacts.load("Cash"), artifacts.load("UniswapV2Factory")
        self.coins = [create(coin.creation(DEPLOYER)) for _ in range(2)]
        pools = create(factory.creation(DEPLOYER))
        self.router = create(artifacts.load("UniswapV2Router02").creation(pools, create(artifacts.load("WETH9").creation())))
        self._swap = artifacts.load("UniswapV2Router02").fn("swapExactTokensForTokens")
        send(DEPLOYER, pools, factory.fn("createPair")(*self.coins))
        pair = str(factory.fn("getPair").decode(ask(pools, factory.fn("getPair")(*self.coins)))[0])
        mint, approve = coin.fn("mint"), coin.fn("approve")
        for token in self.coins:
            send(DEPLOYER, token, mint(pair, WHOLE))
            for person in people:
                send(DEPLOYER, token, mint(person, WHOLE))
                send(person, token, approve(self.router, 2**256 - 1))
        send(DEPLOYER, pair, artifacts.load("UniswapV2Pair").fn("mint")(DEPLOYER))

    def swap(self, forth: bool, amount: int, who: str) -> bytes:
        """Calldata for the router."""
        path = self.coins if forth else self.coins[::-1]
        return self._swap(amount, 0, path, who, 2**64)


def env_call(chain: RevmChain, to: str, data: bytes) -> bytes:
    """What a read-only call gives."""
    from terrarium.chain.types import Call

    return chain.call([Call(to, data)])[0]


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
