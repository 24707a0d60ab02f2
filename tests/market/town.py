"""A small economy on a real chain: people with cash and tokens, the mirror beside it, every block audited."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from terrarium.chain import artifacts
from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Block, Call, Chain, Tx
from terrarium.market.calls import approve
from terrarium.market.deploy import deploy
from terrarium.market.desk import Books, Desk
from terrarium.market.economy import Economy
from terrarium.market.lens import audit
from terrarium.market.onboard import Newcomer, onboard
from terrarium.market.state import MarketState
from terrarium.scenario import Scenario
from tests.chain.engines import open_engine

REPORTERS, PEOPLE = 2, 4
CASH, UNITS = 5_000_000_000_000, 20_000_000_000  # smallest units: 5 million dollars, 20,000 tokens of each
DAY = 86_400


def scenario(**changes: Any) -> Scenario:
    """Two assets: OAK of 100 dollars, whose loans go by the feed, and ELM of 7, whose loans go by its pool."""
    shared = {"process": "real_estate", "supply": 1_000_000, "pool_share": 0.01}
    settings = {
        "name": "town",
        "ticks": 10,
        "feeds": {"quorum": REPORTERS},
        "assets": [
            {**shared, "name": "OAK", "value": 100.0, "lltv": 0.77},
            {**shared, "name": "ELM", "value": 7.0, "lltv": 0.86, "oracle": "pool"},
        ],
        "agents": [{"strategy": "feed_reporter", "count": REPORTERS}, {"strategy": "noise_trader", "count": PEOPLE}],
    }
    return Scenario.model_validate({**settings, **changes})


def fn(artifact: str, function: str, *args: Any) -> bytes:
    """Calldata."""
    return artifacts.load(artifact).fn(function)(*args)


def people(count: int = PEOPLE, cash: int = CASH, units: int = UNITS, assets: int = 2) -> list[Newcomer]:
    """So many traders with the same means."""
    return [Newcomer(f"agent:{i}", 840, cash, (units,) * assets, True) for i in range(count)]


class Town:
    """Deployed and onboarded; ``do`` mines a block and audits the mirror."""

    def __init__(self, chain: Chain, settings: Scenario | None = None, newcomers: Sequence[Newcomer] | None = None):
        self.chain = chain
        self.scenario = settings or scenario()
        self.newcomers = people(assets=len(self.scenario.assets)) if newcomers is None else list(newcomers)
        self.blocks: list[Block] = []
        self.manifest = deploy(chain, self.scenario, REPORTERS, mined=self.blocks.append)
        self.economy = Economy.of(self.manifest, chain.accounts.address("issuer"))
        onboard(chain, self.economy, self.newcomers, self.blocks.append)
        self.who = [chain.accounts.address(n.name) for n in self.newcomers]
        self.issuer, self.guardian = (chain.accounts.address(n) for n in ("issuer", "guardian"))
        self.reporters = [chain.accounts.address(f"reporter:{i}") for i in range(REPORTERS)]
        self.state = MarketState(self.economy, self.who)
        for block in self.blocks:
            self.state.apply(block)
        audit(self.state, chain)
        self.now = self.blocks[-1].timestamp

    def desk(self, index: int = 0) -> Desk:
        """Desk of one of the people."""
        return Desk(Books(self.economy, self.state), index, lambda: None)

    def do(self, *txs: Tx, after: int = 12) -> Block:
        """Mine these ``after`` so many seconds; the mirror is held against the chain."""
        self.chain.set_time(self.now + after)
        block = self.chain.submit(txs)
        self.now = block.timestamp
        self.blocks.append(block)
        self.state.apply(block)
        audit(self.state, self.chain)
        return block

    def act(self, index: int, *calls: list[Call], after: int = 12, ok: bool | None = True) -> Block:
        """Mine the calls of one of the people; ``ok`` is what is expected of all of them (None: nothing)."""
        txs = [Tx(self.who[index], call.to, call.data) for some in calls for call in some]
        block = self.do(*txs, after=after)
        assert ok is None or (block.ok == ok).all(), [artifacts.errors().reason(o) for o in block.output.values()]
        return block

    def answer(self, asset: int, dollars: float, after: int = 3 * DAY) -> None:
        """Have all reporters say this, in a new round."""
        data = fn("Feed", "submit", round(dollars * 10**8))
        assert self.do(*(Tx(r, self.economy.assets[asset].feed, data) for r in self.reporters), after=after).ok.all()

    def read(self, to: str, artifact: str, function: str, *args: Any) -> Any:
        """What a view function of one contract gives."""
        f = artifacts.load(artifact).fn(function)
        found = f.decode(self.chain.call([Call(to, f(*args))])[0])
        return found[0] if len(found) == 1 else found

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside did not happen."""
        point, state, now, blocks = self.chain.snapshot(), copy.deepcopy(self.state), self.now, len(self.blocks)
        try:
            yield
        finally:
            self.chain.revert(point)
            self.state, self.now = state, now
            del self.blocks[blocks:]


def in_process(**options: Any) -> Town:
    """A town on revm."""
    return Town(RevmChain(), **options)


@contextmanager
def on(engine: str, **options: Any) -> Iterator[Town]:
    """A town on any engine."""
    with open_engine(engine) as chain:
        yield Town(chain, **options)


def allow(town: Town, owner: str, token: str, spender: str) -> None:
    """An approval without end."""
    assert town.do(Tx(owner, token, approve(spender))).ok.all()
