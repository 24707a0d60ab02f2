"""Two bare engines in process that make the same swaps: ours, and VERBS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from benchmarks.figures import Lap, lap
from terrarium.chain import artifacts
from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Call, Tx

DEPLOYER = "0x" + "d0" * 20
WHOLE = 10**24


class Engine(Protocol):
    """What a pool is set up through."""

    def create(self, code: bytes) -> str: ...
    def send(self, sender: str, to: str, data: bytes) -> None: ...
    def ask(self, to: str, data: bytes) -> bytes: ...


class Here:
    """Our bare engine."""

    def __init__(self, chain: RevmChain) -> None:
        self._chain = chain

    def create(self, code: bytes) -> str:
        return self._chain.submit([Tx(DEPLOYER, None, code, gas=25_000_000)]).created[0]

    def send(self, sender: str, to: str, data: bytes) -> None:
        if not self._chain.submit([Tx(sender, to, data)]).ok.all():
            raise RuntimeError("the pool could not be set up")

    def ask(self, to: str, data: bytes) -> bytes:
        return self._chain.call([Call(to, data)])[0]


class There:
    """VERBS."""

    def __init__(self, env: Any, people: Sequence[str]) -> None:
        self._env = env
        for who in (DEPLOYER, *people):
            env.create_account(_raw(who), 10**24)
        self._pool = Pool(self, people)

    def create(self, code: bytes) -> str:
        return "0x" + bytes(self._env.deploy_contract(_raw(DEPLOYER), "", code)).hex()

    def send(self, sender: str, to: str, data: bytes) -> None:
        self._env.execute(_raw(sender), _raw(to), data, 0)

    def ask(self, to: str, data: bytes) -> bytes:
        return bytes(self._env.call(_raw(DEPLOYER), _raw(to), data, 0)[0])

    def block(self, plan: Sequence[tuple[str, int, int]]) -> tuple[Lap, Lap]:
        """What it takes to submit and process these swaps, and what to hand over their events."""
        router, env = _raw(self._pool.router), self._env
        txs = [
            (_raw(who), router, self._pool.swap(bool(side), amount, who), False, None, None, None)
            for who, side, amount in plan
        ]

        def process() -> None:
            env.submit_transactions(txs)
            env.process_block()

        processed, _ = lap(process)
        told, events = lap(env.get_last_events)
        if sum(bool(event[0]) for event in events) != len(txs):
            raise RuntimeError("a swap failed on VERBS' side")
        return processed, told


def verbs(people: Sequence[str]) -> There | None:
    """VERBS with its pool; None where it is not installed."""
    try:
        from verbs.envs import EmptyEnvRandom
    except ImportError:
        return None
    return There(EmptyEnvRandom(1), people)


class Pool:
    """Two plain ERC-20s and their pool, on whatever engine."""

    def __init__(self, engine: Engine, people: Sequence[str]) -> None:
        coin, factory = artifacts.load("Cash"), artifacts.load("UniswapV2Factory")
        router, weth = artifacts.load("UniswapV2Router02"), artifacts.load("WETH9")
        self.coins = [engine.create(coin.creation(DEPLOYER)) for _ in range(2)]
        pools = engine.create(factory.creation(DEPLOYER))
        self.router = engine.create(router.creation(pools, engine.create(weth.creation())))
        self._swap = router.fn("swapExactTokensForTokens")
        engine.send(DEPLOYER, pools, factory.fn("createPair")(*self.coins))
        found = engine.ask(pools, factory.fn("getPair")(*self.coins))
        pair = str(factory.fn("getPair").decode(found)[0])
        mint, approve = coin.fn("mint"), coin.fn("approve")
        for token in self.coins:
            engine.send(DEPLOYER, token, mint(pair, WHOLE))
            for person in people:
                engine.send(DEPLOYER, token, mint(person, WHOLE))
                engine.send(person, token, approve(self.router, 2**256 - 1))
        engine.send(DEPLOYER, pair, artifacts.load("UniswapV2Pair").fn("mint")(DEPLOYER))

    def swap(self, forth: bool, amount: int, who: str) -> bytes:
        """Calldata for the router."""
        path = self.coins if forth else self.coins[::-1]
        return self._swap(amount, 0, path, who, 2**64)


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
