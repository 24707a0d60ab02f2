"""The audit: it must see every kind of mistake a mirror can make, and name it."""

from __future__ import annotations

import copy

import pytest

from terrarium.errors import ChainError
from terrarium.market import lens
from terrarium.market.lens import audit, differences
from tests.market.town import DAY, in_process


@pytest.fixture(scope="module")
def town():
    town = in_process()
    town.act(0, town.desk(0).lend(1, 1_000.0))
    town.act(1, town.desk(1).post(1, 500.0), town.desk(1).borrow(1, 100.0), town.desk(1).buy(0, 1_000.0), after=DAY)
    town.act(2, town.desk(2).add_liquidity(1, 700.0, 100.0))
    return town


def bump(name, *where):
    def change(state):
        array = getattr(state, name)
        array[where] += 1

    return change


def bump_loans(name, account=None):
    def change(state):
        loans = state.loans[1]
        if account is None:
            setattr(loans, name, getattr(loans, name) + 1)
        else:
            book = getattr(loans, name)
            book[account] = book.get(account, 0) + 1

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (bump("cash", 2), "cash of {2}"),
        (bump("units", 3, 1), "ELM of {3}"),
        (bump("cash", -2), "supply of cash"),
        (bump("units", -2, 1), "supply of ELM"),
        (bump("lp", 2, 1), "shares of the pool of ELM of {2}"),
        (bump("lp_supply", 1), "ELM of shares in existence"),
        (bump("pool_cash", 0), "OAK of reserve"),
        (bump("pool_units", 1), "ELM of reserve"),
        (bump("round", 0), "OAK of round"),
        (bump("answer", 1), "ELM of answer"),
        (bump("answered_at", 0), "OAK of updated at"),
        (bump_loans("supply_assets"), "ELM of supply assets"),
        (bump_loans("supply_shares"), "ELM of supply shares"),
        (bump_loans("borrow_assets"), "ELM of borrow assets"),
        (bump_loans("borrow_shares"), "ELM of borrow shares"),
        (bump_loans("updated"), "ELM of last update"),
        (bump_loans("collateral"), "ELM of collateral in all"),
        (bump_loans("supplied", 0), "supply shares of ELM of {0}"),
        (bump_loans("borrowed", 1), "borrow shares of ELM of {1}"),
        (bump_loans("posted", 1), "collateral of ELM of {1}"),
        (bump_loans("posted", 0), "collateral of ELM of {0}"),
        (lambda state: setattr(state, "all_halted", True), "halt of OAK"),
        (bump("token_halted", 1), "halt of ELM"),
    ],
)
def test_every_mistake_is_found(town, change, named):
    state = copy.deepcopy(town.state)
    assert list(differences(state, town.chain)) == []
    change(state)
    found = list(differences(state, town.chain))
    assert found[0][0].startswith(named.format(*town.who))
    assert found[0][1] != found[0][2]
    with pytest.raises(ChainError, match=r"the event mirror is wrong after block \d+: ") as caught:
        audit(state, town.chain)
    assert found[0][0] in str(caught.value)


def test_accounts_beyond_one_call(town, monkeypatch):
    monkeypatch.setattr(lens, "CHUNK", 3)
    state = copy.deepcopy(town.state)
    assert list(differences(state, town.chain)) == []
    state.cash[3] -= 1
    [(what, mirror, real)] = differences(state, town.chain)
    assert (what, real - mirror) == (f"cash of {town.who[3]}", 1)
