"""Holds the event mirror against the chain, to the smallest unit, through the packed views of `Lens`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from terrarium.chain import artifacts
from terrarium.chain.types import Call, Chain
from terrarium.errors import ChainError
from terrarium.market.state import ELSEWHERE, NOBODY, MarketState

CHUNK = 1_000  # accounts per call


def audit(state: MarketState, chain: Chain) -> None:
    """Compare all balances, supplies, halts, reserves, feeds, loans and positions. Raises `ChainError` naming the
    first difference."""
    for what, mirror, real in differences(state, chain):
        raise ChainError(
            f"the event mirror is wrong after block {state.block}: {what} is {real}, the mirror says {mirror}"
        )


def differences(state: MarketState, chain: Chain) -> Iterator[tuple[str, int, int]]:
    """(what, the mirror's value, the chain's value) wherever the two differ."""
    economy = state.economy
    assets = economy.assets
    known = [a for a in state.accounts.known if a not in (NOBODY, ELSEWHERE)]
    rows = [state.accounts.known.index(a) for a in known]
    tokens = [(economy.cash, "cash", state.cash)]
    for i, asset in enumerate(assets):
        tokens.append((asset.token, asset.name, state.units[:, i]))
        tokens.append((asset.pair, f"shares of the pool of {asset.name}", state.lp[:, i]))
    for token, name, book in tokens:
        yield from _compare(name, known, book[rows].tolist(), _read(chain, economy.lens, "balances", known, token))
    issues = [economy.cash, *(asset.token for asset in assets)]
    nobody = state.accounts.known.index(NOBODY)
    issued = [-state.cash[nobody], *-state.units[nobody]]
    supplies = _packed(chain, economy.lens, "supplies", b"".join(map(_raw, issues)))
    yield from _compare("supply", ["cash", *economy.names], issued, supplies)
    halted = artifacts.load("HaltModule").fn("isHalted")
    flags = [halted.decode(out)[0] for out in chain.call([Call(economy.halt, halted(asset.token)) for asset in assets])]
    yield from _compare("halt", list(economy.names), state.halted.tolist(), flags)
    pools = _packed(chain, economy.lens, "reserves", b"".join(_raw(a.pair) for a in assets))
    feeds = _packed(chain, economy.lens, "rounds", b"".join(_raw(a.feed) for a in assets))
    totals = _packed(chain, economy.lens, "markets", economy.morpho, [a.loan_market for a in assets])
    for i, asset in enumerate(assets):
        loans = state.loans[i]
        first, second = state.pool_cash[i], state.pool_units[i]
        reserves = (first, second) if asset.cash_first else (second, first)
        fields = ["reserve0", "reserve1", "shares in existence"]
        yield from _compare(asset.name, fields, [*reserves, state.lp_supply[i]], pools[3 * i : 3 * i + 3])
        fields = ["round", "answer", "updated at"]
        newest = feeds[4 * i : 4 * i + 2] + feeds[4 * i + 3 : 4 * i + 4]
        yield from _compare(asset.name, fields, [state.round[i], state.answer[i], state.answered_at[i]], newest)
        fields = ["supply assets", "supply shares", "borrow assets", "borrow shares", "last update"]
        mirror = [loans.supply_assets, loans.supply_shares, loans.borrow_assets, loans.borrow_shares, loans.updated]
        yield from _compare(asset.name, fields, mirror, totals[6 * i : 6 * i + 5])
        positions = _read(chain, economy.lens, "positions", known, economy.morpho, asset.loan_market)
        for k, (kind, own) in enumerate(
            [("supply shares", loans.supplied), ("borrow shares", loans.borrowed), ("collateral", loans.posted)]
        ):
            yield from _compare(f"{kind} of {asset.name}", known, [own.get(r, 0) for r in rows], positions[k::3])
        posted = sum(positions[2::3]) + loans.posted.get(-1, 0)  # strangers' are not asked for
        yield from _compare(asset.name, ["collateral in all"], [loans.collateral], [posted])


def _compare(name: str, keys: list[str], mirror: list[int], real: list[int]) -> Iterator[tuple[str, int, int]]:
    for key, m, r in zip(keys, mirror, real, strict=True):
        if int(m) != r:
            yield f"{name} of {key}", int(m), r


def _read(chain: Chain, lens: str, function: str, accounts: list[str], *before: object) -> list[int]:
    out: list[int] = []
    for start in range(0, len(accounts), CHUNK):
        packed = b"".join(_raw(a) for a in accounts[start : start + CHUNK])
        out += _packed(chain, lens, function, *before, packed)
    return out


def _packed(chain: Chain, lens: str, function: str, *args: object) -> list[int]:
    """Numbers of 16 bytes each, as `Lens` packs them."""
    fn = artifacts.load("Lens").fn(function)
    (output,) = chain.call([Call(lens, fn(*args))])
    halves = np.frombuffer(fn.decode(output)[0], ">u8").reshape(-1, 2)
    return [(int(high) << 64) + int(low) for high, low in halves]


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
