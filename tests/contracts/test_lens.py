"""Lens: packed views, held against the contracts they read, one account at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.conftest import UNIT, fails


def pack(*accounts: Any) -> bytes:
    return b"".join(bytes.fromhex(getattr(account, "address", account)[2:]) for account in accounts)


def unpack(out: bytes, columns: int = 1) -> list[list[int]]:
    numbers = [int.from_bytes(out[at : at + 16], "big") for at in range(0, len(out), 16)]
    return [numbers[at : at + columns] for at in range(0, len(numbers), columns)]


@pytest.fixture
def lens(project: Any, admin: Any) -> Any:
    return admin.deploy(project.Lens)


def test_balances_supplies_and_identities(
    lens: Any, token: Any, cash: Any, registry: Any, admin: Any, alice: Any, bob: Any
) -> None:
    token.mint(alice, 3 * UNIT, sender=admin)
    cash.mint(bob, 2**127, sender=admin)
    accounts = pack(alice, bob, admin)
    assert unpack(lens.balances(token, accounts)) == [[3 * UNIT], [0], [0]]
    assert unpack(lens.balances(cash, accounts)) == [[0], [2**127], [0]]
    assert unpack(lens.supplies(pack(token, cash))) == [[3 * UNIT], [2**127]]
    assert bytes(lens.verified(registry, accounts)) == b"\1\1\0"
    assert bytes(lens.balances(token, b"")) == b""


def test_incomes(lens: Any, income: Any, token: Any, cash: Any, admin: Any, alice: Any, bob: Any) -> None:
    token.mint(alice, UNIT, sender=admin)
    token.mint(bob, 2 * UNIT, sender=admin)
    cash.mint(admin, 10, sender=admin)
    cash.approve(income, 10, sender=admin)
    income.distribute(token, 10, sender=admin)
    assert unpack(lens.incomes(income, token, pack(alice, bob))) == [[3], [6]]


def test_pools(lens: Any, pair: Any) -> None:
    reserve0, reserve1, _ = pair.getReserves()
    assert unpack(lens.reserves(pack(pair, pair)), 3) == [[reserve0, reserve1, pair.totalSupply()]] * 2


def test_loans(lens: Any, loans: Any, alice: Any, bob: Any) -> None:
    morpho, market_id = loans
    assert unpack(lens.positions(morpho, market_id, pack(alice, bob)), 3) == [
        [getattr(p, f) for f in ("supplyShares", "borrowShares", "collateral")]
        for p in (morpho.position(market_id, account) for account in (alice, bob))
    ]
    assert unpack(lens.markets(morpho, [market_id]), 6) == [list(morpho.market(market_id))]
    assert morpho.position(market_id, alice).borrowShares > 0


def test_feeds(lens: Any, feed: Any, reporters: list[Any]) -> None:
    assert unpack(lens.rounds(pack(feed)), 4) == [[0, 0, 0, 0]]
    for reporter in reporters[:3]:
        feed.submit(42, sender=reporter)
    round_id, answer, started, updated, _ = feed.latestRoundData()
    assert unpack(lens.rounds(pack(feed, feed)), 4) == [[round_id, answer, started, updated]] * 2


def test_what_does_not_fit_is_refused(lens: Any, cash: Any, admin: Any, alice: Any) -> None:
    with fails(lens, "Lens__BadLength", length=21):
        lens.balances(cash, b"\0" * 21)
    cash.mint(alice, 2**128, sender=admin)
    with fails(lens, "Lens__DoesNotFit", value=2**128):
        lens.balances(cash, pack(alice))
