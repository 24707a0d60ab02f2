"""The desk: units, rounding down, clamping; what it asks for is what the chain does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrarium.chain.types import Tx
from terrarium.market.desk import Books, Desk, _floor
from tests.market.town import CASH, DAY, UNITS, fn, in_process

NOTHING = (0.0, -1.0, math.nan, -math.inf, 4e-9, np.float64(0.0), np.nan)


@pytest.fixture(scope="module")
def shared():
    return in_process()


@pytest.fixture
def town(shared):
    with shared.undone():
        yield shared


@given(st.integers(0, 10**15), st.sampled_from([10**6, 10**8]))
def test_smallest_units_survive_being_floats(amount, unit):
    assert _floor(amount / unit, unit) == amount
    assert _floor(np.float64(amount) / unit, unit) == amount


@given(st.floats(0, 1e9))
def test_amounts_are_rounded_down(amount):
    exact = math.floor(np.longdouble(amount) * 10**6 * (1 + np.longdouble(2) ** -50))
    assert math.floor(np.longdouble(amount) * 10**6) <= _floor(amount, 10**6) <= exact


def test_all_may_be_written_as_infinity():
    assert _floor(math.inf, 10**6) == _floor(1e300, 10**6) == pytest.approx(10**18)


@pytest.mark.parametrize("amount", NOTHING)
def test_nothing_makes_no_call_but_counts(town, amount):
    asked = []
    desk = Desk(Books(town.economy, town.state), 0, lambda: asked.append(1))
    calls = [desk.buy(0, amount), desk.sell(0, amount), desk.add_liquidity(0, amount, 5.0), desk.lend(0, amount)]
    calls += [desk.add_liquidity(0, 5.0, amount), desk.remove_liquidity(0, amount), desk.unlend(0, amount)]
    calls += [desk.post(0, amount), desk.release(0, amount), desk.borrow(0, amount), desk.repay(0, amount)]
    calls += [desk.liquidate(0, 1, amount), desk.submit(0, amount)]
    assert calls == [[]] * 13
    assert len(asked) == 13


def test_who_has_nothing_has_nothing_to_give_back(town):
    desk = town.desk(0)
    assert desk.remove_liquidity(0, 1.0) == desk.unlend(0, 5.0) == desk.release(0, 5.0) == desk.repay(0, 5.0) == []


def test_the_verb_is_the_methods_name(town):
    desk = town.desk(0)
    for verb, calls in {
        "buy": desk.buy(0, 1.0),
        "sell": desk.sell(0, 1.0),
        "add_liquidity": desk.add_liquidity(0, 1.0, 1.0),
        "lend": desk.lend(0, 1.0),
        "post": desk.post(0, 1.0),
        "borrow": desk.borrow(0, 1.0),
        "liquidate": desk.liquidate(0, 1, 1.0),
        "claim_income": desk.claim_income(0),
        "submit": desk.submit(0, 1.0),
        "halt": desk.halt(0),
        "unhalt": desk.unhalt(0),
        "sync": desk.sync(0),
    }.items():
        assert [call.verb for call in calls] == [verb]
        assert calls[0].to in town.economy.addresses


@pytest.mark.parametrize("amount", [0.000001, 1.0, 1_234.567891, 99_999.0])
@pytest.mark.parametrize("asset", [0, 1])
def test_trades_bring_what_the_router_says(town, amount, asset):
    economy, state = town.economy, town.state
    path, unit = [economy.cash, economy.assets[asset].token], round(amount * 10**6)
    promised = town.read(economy.router, "UniswapV2Router02", "getAmountsOut", unit, path)[1] if amount > 1e-3 else 0
    if promised:
        town.act(0, town.desk(0).buy(asset, amount, (promised + 1) / 1e6), ok=False)
        assert state.units[0, asset] == UNITS
        town.act(0, town.desk(0).buy(asset, amount, promised / 1e6))
        assert (state.cash[0], state.units[0, asset]) == (CASH - unit, UNITS + promised)
    unit = min(unit, UNITS)
    if amount > 1e-3:
        before = int(state.cash[0]), int(state.units[0, asset])
        promised = town.read(economy.router, "UniswapV2Router02", "getAmountsOut", unit, path[::-1])[1]
        town.act(0, town.desk(0).sell(asset, unit / 1e6, (promised + 1) / 1e6), ok=False)
        town.act(0, town.desk(0).sell(asset, unit / 1e6, promised / 1e6))
        assert (state.cash[0], state.units[0, asset]) == (before[0] + promised, before[1] - unit)


def test_spending_is_clamped_to_what_is_there(town):
    town.act(0, town.desk(0).buy(1, math.inf))
    assert town.state.cash[0] == 0
    town.act(1, town.desk(1).lend(0, 1e11))
    assert town.state.cash[1] == 0
    town.act(2, town.desk(2).add_liquidity(0, 1e11, 1e11))
    assert min(town.state.cash[2], town.state.units[2, 0]) == 0
    town.act(2, town.desk(2).remove_liquidity(0, 7.0))
    assert town.state.lp[2, 0] == 0
    town.act(3, town.desk(3).post(0, 5.0))
    town.act(3, town.desk(3).release(0, math.inf))
    assert town.state.units[3, 0] == UNITS


@pytest.mark.parametrize("share", [0.1, 0.5, 1 / 3, 1.0])
def test_liquidity_leaves_in_shares(town, share):
    town.act(0, town.desk(0).add_liquidity(0, 1e5, 1e3))
    own = int(town.state.lp[0, 0])
    town.act(0, town.desk(0).remove_liquidity(0, share))
    assert town.state.lp[0, 0] == own - int(own * share)


@given(st.integers(1, 2**60), st.floats(0, 1))
def test_never_more_liquidity_than_there_is(own, share):
    town = LP_TOWN
    before = int(town.state.lp[0, 0])
    town.state.lp[0, 0] = own
    try:
        for asked in (share, 1.0):
            for call in town.desk(0).remove_liquidity(0, asked):
                assert int.from_bytes(call.data[4 + 64 : 4 + 96], "big") <= own
    finally:
        town.state.lp[0, 0] = before


LP_TOWN = in_process()


def test_repaying_what_the_view_shows_repays_all(town):
    """Debts are shown with the interest up to the coming block; so much, as a float, is enough to be free."""
    town.act(0, town.desk(0).lend(0, 1e6))
    town.act(1, town.desk(1).post(0, 2_000.0), town.desk(1).borrow(0, 123_456.789))
    for after in (12, DAY, 300 * DAY):
        with town.undone():
            state = town.state
            shown = float(state.holdings(town.now + after).debt[1, 0])
            exact, cash = state.loans[0].debt(1, town.now + after), int(state.cash[1])
            town.act(1, town.desk(1).repay(0, shown), after=after)
            assert 1 not in state.loans[0].borrowed
            assert cash - int(state.cash[1]) == exact
            assert abs(exact - shown * 1e6) < 3
        with town.undone():  # a little less is just that, though it is more than was owed when interest was last booked
            state = town.state
            shown = float(state.holdings(town.now + after).debt[1, 0]) - 0.01
            cash = int(state.cash[1])
            town.act(1, town.desk(1).repay(0, shown), after=after)
            assert cash - int(state.cash[1]) == _floor(shown, 10**6)
            assert 0 < state.loans[0].debt(1, town.now) < 20_000


def test_taking_back_what_the_view_shows_takes_all(town):
    town.act(0, town.desk(0).lend(0, 1e6))
    town.act(2, town.desk(2).lend(0, 1e6))
    town.act(1, town.desk(1).post(0, 9_000.0), town.desk(1).borrow(0, 500_000.0))
    for after, short in ((12, 0.0), (200 * DAY, 0.0), (200 * DAY, 0.01)):
        with town.undone():
            state = town.state
            shown = float(state.holdings(town.now + after).supplied[0, 0]) - short
            exact, cash = state.loans[0].worth(0, town.now + after), int(state.cash[0])
            town.act(0, town.desk(0).unlend(0, shown), after=after)
            assert (0 in state.loans[0].supplied) == bool(short)
            assert int(state.cash[0]) - cash == (_floor(shown, 10**6) if short else exact)


def test_liquidation_reporting_halting_and_income(town):
    town.act(0, town.desk(0).lend(0, 1e6))
    town.act(1, town.desk(1).post(0, 1_000.0), town.desk(1).borrow(0, 70_000.0))
    calls = [call for asset, value in ((0, 80.0), (1, 7.5)) for call in town.desk(0).submit(asset, value)]
    assert town.do(*(Tx(r, c.to, c.data) for r in town.reporters for c in calls), after=3 * DAY).ok.all()
    assert town.state.figures(town.now).appraisal.tolist() == [80.0, 7.5]
    town.act(2, town.desk(2).liquidate(0, 1, 100.0))
    assert town.state.units[2, 0] == UNITS + 100 * 10**6
    assert town.state.loans[0].posted[1] == 900 * 10**6
    halting = [Tx(town.guardian, c.to, c.data) for c in town.desk(0).halt(0)]
    assert town.do(*halting).ok.all()
    assert town.state.halted.tolist() == [True, False]
    town.act(0, town.desk(0).sell(0, 1.0), ok=False)
    assert town.do(*(Tx(town.guardian, c.to, c.data) for c in town.desk(0).unhalt(0))).ok.all()
    town.act(0, town.desk(0).halt(0), ok=False)  # who is no guardian
    a, cash = town.economy.assets[1], int(town.state.cash[3])
    minted = Tx(town.issuer, town.economy.cash, fn("Cash", "mint", town.issuer, 10**10))
    paid = Tx(town.issuer, town.economy.income, fn("IncomeModule", "distribute", a.token, 10**10))
    assert town.do(minted, paid).ok.all()
    town.act(3, town.desk(3).claim_income(1))
    assert 0 <= 10**10 * UNITS // 10**12 - (int(town.state.cash[3]) - cash) <= 1  # the contract rounds down
    # cash sent to a pool counts once the pool takes it in
    reserve = int(town.state.pool_cash[0])
    town.do(Tx(town.who[0], town.economy.cash, fn("Cash", "transfer", town.economy.assets[0].pair, 777)))
    assert town.state.pool_cash[0] == reserve
    town.act(0, town.desk(0).sync(0))
    assert town.state.pool_cash[0] == reserve + 777
