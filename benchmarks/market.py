"""A market to measure on: noise traders who swap in every tick, through the real loop, on a pool of Uniswap V2.

``plain``: the token is a second `Cash` contract, an ERC-20 that only moves balances. Otherwise it is the T-REX token
that scenarios trade. All else is the product: `terrarium.sim.loop.ticks` over a recorded chain.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from terrarium import scenarios
from terrarium.chain import artifacts
from terrarium.chain.engines import open_chain
from terrarium.chain.types import Block, Call, Chain, Tx
from terrarium.market.calls import approve
from terrarium.market.deploy import deploy
from terrarium.market.economy import CASH_UNIT, TOKEN_UNIT, Economy
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.reader import open_run
from terrarium.record.writer import RunWriter
from terrarium.scenario import Asset as AssetSettings
from terrarium.scenario import Group, Scenario
from terrarium.sim.assembly import Cast, Simulation, assemble, ready

VALUE = 100.0  # dollars per token
SUPPLY = 20_000_000.0  # tokens, half of them in the pool: deep enough for thousands of traders
STAKE = 50_000.0  # dollars, and dollars' worth of tokens, that each trader starts with


def scenario(traders: int, ticks: int, activity: float = 1.0) -> Scenario:
    """One asset and ``traders`` that swap in each tick with chance ``activity``; no income, no shocks, no rules."""
    group = Group(
        strategy="noise_trader",
        count=traders,
        cash=STAKE,
        holdings={"*": STAKE},
        params={"activity": activity, "size": 0.01},
    )
    asset = AssetSettings(name="TOWER", process="real_estate", value=VALUE, supply=SUPPLY, pool_share=0.5)
    made = Scenario(name="benchmark", ticks=ticks, assets=(asset,), agents=(group,))
    return scenarios.revised(made, world=made.world.model_copy(update={"income_every": 10_000}))


@contextmanager
def market(engine: str, traders: int, ticks: int, *, activity: float = 1.0, plain: bool = True) -> Iterator[Simulation]:
    """A market that is ready for its first tick, recorded to a folder that goes when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="terrarium-bench-"))
    try:
        with open_chain(engine) as chain:
            settings = scenario(traders, ticks, activity)
            with RunWriter.create(folder / "run", describe(settings, engine, None)) as writer:
                recorded = RecordedChain(chain, writer)
                if plain:
                    yield _plain(recorded, settings)
                else:
                    yield assemble(settings, Cast(settings), recorded)
    finally:
        shutil.rmtree(folder)


def _plain(chain: RecordedChain, settings: Scenario) -> Simulation:
    """As `assemble`, with a second `Cash` in the token's place."""
    cast, blocks = Cast(settings), list[Block]()
    deployed = Economy.of(deploy(chain, settings, 0, mined=blocks.append), chain.accounts.address("issuer"))
    addresses = [chain.accounts.address(agent.name) for agent in cast.agents]
    token, pair = plain_pool(chain, deployed, addresses, blocks)
    asset = replace(deployed.assets[0], token=token, pair=pair, cash_first=int(deployed.cash, 16) < int(token, 16))
    economy = replace(deployed, assets=(asset,), addresses=deployed.addresses | {token, pair})
    return ready(settings, cast, chain, economy, blocks)


def plain_pool(chain: Chain, economy: Economy, traders: list[str], blocks: list[Block]) -> tuple[str, str]:
    """Token and pair of a pool of two plain ERC-20s, with ``traders`` ready to swap on it. Appends what was mined."""
    deployer = chain.accounts.address("deployer")

    def send(txs: list[Tx]) -> Block:
        blocks.append(chain.submit(txs))
        if not blocks[-1].ok.all():
            raise RuntimeError("the plain pool could not be set up")
        return blocks[-1]

    cash, factory = artifacts.load("Cash"), artifacts.load("UniswapV2Factory")
    token = send([Tx(deployer, None, cash.creation(deployer))]).created[0]
    where = _factory(chain, economy)
    send([Tx(deployer, where, factory.fn("createPair")(token, economy.cash))])
    (found,) = chain.call([Call(where, factory.fn("getPair")(token, economy.cash))])
    pair = str(factory.fn("getPair").decode(found)[0])
    mint, many = cash.fn("mint"), cash.fn("mintMany")
    pooled = SUPPLY / 2
    txs = [
        Tx(deployer, token, mint(pair, int(pooled * TOKEN_UNIT))),
        Tx(deployer, economy.cash, mint(pair, int(pooled * VALUE * CASH_UNIT))),
        Tx(deployer, pair, artifacts.load("UniswapV2Pair").fn("mint")(deployer)),
    ]
    for start in range(0, len(traders), 200):
        some = traders[start : start + 200]
        txs.append(Tx(deployer, economy.cash, many(some, [int(STAKE * CASH_UNIT)] * len(some)), gas=25_000_000))
        txs.append(Tx(deployer, token, many(some, [int(STAKE / VALUE * TOKEN_UNIT)] * len(some)), gas=25_000_000))
    send(txs)
    for start in range(0, len(traders), 500):
        some = traders[start : start + 500]
        send([Tx(trader, coin, approve(economy.router)) for trader in some for coin in (economy.cash, token)])
    return token, pair


def _factory(chain: Chain, economy: Economy) -> str:
    ask = artifacts.load("UniswapV2Router02").fn("factory")
    return str(ask.decode(chain.call([Call(economy.router, ask())])[0])[0])


def mined(sim: Simulation, first: int, most: int) -> list[tuple[str, bytes]]:
    """Sender and calldata of the transactions recorded from block ``first`` on, at most ``most``."""
    rows = open_run(sim.chain.writer.path).table("transactions")
    rows = rows[rows["block"] >= first].head(most)
    return list(zip(rows["sender"], rows["data"], strict=True))
