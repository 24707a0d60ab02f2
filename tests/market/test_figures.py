"""Figures and holdings, in dollars and tokens, against straight computations from what the chain answers."""

from __future__ import annotations

import numpy as np
import pytest

from terrarium.chain.types import Tx
from terrarium.market.economy import WAD
from tests.market.town import DAY, fn, in_process, scenario

PRECISE = 1e-12


@pytest.fixture(scope="module")
def busy():
    """Loans on both assets, liquidity of two, a halt, income, and an appraisal that fell by half: bad debt."""
    town = in_process()
    for asset in (0, 1):
        town.act(0, town.desk(0).lend(asset, 1e6))
        town.act(1, town.desk(1).post(asset, 9_000.0))
    town.act(1, town.desk(1).borrow(0, 600_000.0), town.desk(1).borrow(1, 30_000.0), after=DAY)
    town.act(2, town.desk(2).post(0, 10.0), town.desk(2).borrow(0, 700.0), town.desk(2).add_liquidity(1, 7e3, 1e3))
    town.answer(0, 50.0)
    town.act(3, town.desk(3).liquidate(0, 1, 9_000.0))  # all of it, so the rest is bad debt
    town.do(Tx(town.guardian, town.economy.halt, fn("HaltModule", "halt", town.economy.assets[1].token)), after=DAY)
    pay = [Tx(town.issuer, town.economy.cash, fn("Cash", "mint", town.issuer, 10**10))]
    pay += [
        Tx(town.issuer, town.economy.income, fn("IncomeModule", "distribute", a.token, 10**9 * (i + 1)))
        for i, a in enumerate(town.economy.assets)
    ]
    town.act(3, town.desk(3).buy(0, 2_000.0), town.desk(3).sell(0, 5.0))
    town.do(*pay, *(Tx(town.who[3], c.to, c.data) for c in town.desk(3).buy(0, 1_000.0)))
    return town


def booked(town, now):
    """Morpho's markets and positions with interest up to ``now``, by having it booked in a block, then undone."""
    e = town.economy
    with town.undone():
        due = [Tx(town.who[0], e.morpho, fn("Morpho", "accrueInterest", a.loan_params)) for a in e.assets]
        assert town.do(*due, after=now - town.now).ok.all()
        totals = [town.read(e.morpho, "Morpho", "market", a.loan_market) for a in e.assets]
        positions = [[town.read(e.morpho, "Morpho", "position", a.loan_market, w) for a in e.assets] for w in town.who]
    return totals, positions


@pytest.mark.parametrize("later", [1, DAY, 100 * DAY])
def test_figures(busy, later):
    town, e = busy, busy.economy
    now = town.now + later
    figures, (totals, _) = town.state.figures(now), booked(town, now)
    for i, a in enumerate(e.assets):
        reserves = town.read(a.pair, "UniswapV2Pair", "getReserves")
        cash, units = reserves[:2] if a.cash_first else reserves[1::-1]
        assert town.read(a.pair, "UniswapV2Pair", "token0") == (e.cash if a.cash_first else a.token)
        assert figures.price[i] == pytest.approx(cash / units, rel=PRECISE)
        assert (figures.pool_cash[i], figures.pool_units[i]) == (cash / 1e6, units / 1e6)
        _, answer, _, at, _ = town.read(a.feed, "Feed", "latestRoundData")
        assert (figures.appraisal[i], figures.appraised_at[i]) == (answer / 1e8, at)
        oracle = "FeedOracle" if a.appraised else "PoolOracle"
        price = town.read(a.oracle, oracle, "price") / 1e36
        assert figures.collateral_price[i] == pytest.approx(price, rel=PRECISE)
        assert figures.halted[i] == town.read(e.halt, "HaltModule", "isHalted", a.token)
        supply, _, borrow, _, _, _ = totals[i]
        assert figures.supplied[i] == pytest.approx(supply / 1e6, rel=PRECISE)
        assert figures.borrowed[i] == pytest.approx(borrow / 1e6, rel=PRECISE)
        assert figures.loan_use[i] == pytest.approx(borrow / supply, rel=PRECISE)
        stored = town.read(e.morpho, "Morpho", "market", a.loan_market)
        use = -(-stored[2] * WAD // stored[0])
        rate = town.read(e.rate, "KinkedRate", "ratePerYear", use) / WAD
        assert figures.loan_rate[i] == pytest.approx(rate, rel=PRECISE)
        posted = sum(town.read(e.morpho, "Morpho", "position", a.loan_market, w)[2] for w in town.who)
        assert figures.collateral[i] == posted / 1e6
        assert town.read(a.token, "Token", "balanceOf", e.morpho) == posted
        assert figures.lltv[i] == a.lltv / WAD
        assert figures.incentive[i] == pytest.approx(1 / (1 - 0.3 * (1 - a.lltv / WAD)))
    # 9,000 tokens at 50 dollars repay 9,000 · 50 / incentive of a debt of some 600,000 dollars
    repaid = 9_000 * 50 / figures.incentive[0]
    assert figures.bad_debt[0] == pytest.approx(600_000 - repaid, abs=500)  # four days of interest
    assert figures.bad_debt[1] == 0
    assert figures.income.tolist() == pytest.approx([1e3 / 1e6, 2e3 / 1e6])
    assert figures.volume.tolist() == [1_000.0, 0.0]
    assert figures.liquidated.tolist() == [0.0, 0.0]
    assert figures.halted.tolist() == [False, True]


@pytest.mark.parametrize("later", [1, 100 * DAY])
def test_holdings(busy, later):
    town, e = busy, busy.economy
    now = town.now + later
    holdings, (totals, positions) = town.state.holdings(now), booked(town, now)
    prices = town.state.figures(now).price
    for w, who in enumerate(town.who):
        cash = town.read(e.cash, "Cash", "balanceOf", who) / 1e6
        assert holdings.cash[w] == cash
        wealth = cash
        for i, a in enumerate(e.assets):
            units = town.read(a.token, "Token", "balanceOf", who) / 1e6
            shares = town.read(a.pair, "UniswapV2Pair", "balanceOf", who)
            lp = shares / town.read(a.pair, "UniswapV2Pair", "totalSupply")
            supplied, borrowed, posted = positions[w][i]
            assets, all_shares, debts, debt_shares, _, _ = totals[i]
            lent = supplied * (assets + 1) / (all_shares + 10**6) / 1e6
            owed = borrowed * (debts + 1) / (debt_shares + 10**6) / 1e6
            row = [getattr(holdings, name)[w, i] for name in ("units", "lp", "collateral", "supplied", "debt")]
            assert row == pytest.approx([units, lp, posted / 1e6, lent, owed], rel=PRECISE, abs=1e-9)
            pool = town.read(e.cash, "Cash", "balanceOf", a.pair) / 1e6
            wealth += (units + posted / 1e6) * prices[i] + lp * 2 * pool + lent - owed
        assert holdings.wealth[w] == pytest.approx(wealth, rel=1e-9)
    assert holdings.debt[2, 0] > 700
    assert holdings.lp[2, 1] > 0


def test_they_are_computed_once_and_cannot_be_written_to(busy):
    now = busy.now + 5
    assert busy.state.figures(now) is busy.state.figures(now)
    assert busy.state.holdings(now) is busy.state.holdings(now)
    assert busy.state.figures(now + 1) is not busy.state.figures(now)
    for columns in (busy.state.figures(now), busy.state.holdings(now)):
        for column in columns:
            with pytest.raises(ValueError, match="read-only"):
                column[0] = 1
    before = busy.state.figures(now)
    with busy.undone():
        busy.do()
        assert busy.state.figures(now) is not before


def test_an_empty_pool_has_no_price():
    asset = {"name": "OAK", "process": "real_estate", "value": 9.0, "supply": 1_000, "pool_share": 0.0}
    town = in_process(settings=scenario(assets=[asset]), newcomers=[])
    figures, holdings = town.state.figures(town.now), town.state.holdings(town.now)
    assert np.isnan(figures.price[0])
    assert figures.appraisal[0] == figures.collateral_price[0] == 9.0
    assert figures.loan_use[0] == 0.0
    assert np.isfinite(holdings.wealth).all()
    assert not holdings.lp.any()
