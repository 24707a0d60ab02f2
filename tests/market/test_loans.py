"""The arithmetic of loans against Morpho and KinkedRate on chain, to the smallest unit."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from terrarium.chain import artifacts
from terrarium.chain.types import Call, Tx
from terrarium.market.economy import WAD
from terrarium.market.loans import Loans
from tests.market.town import DAY, fn, in_process

WHOLE = 5_000_000 * 10**6  # what each has in cash
EXAMPLES = settings(max_examples=60)


@cache
def lending():
    """A town in which 0 and 3 have lent a million dollars each, and 1 has posted all tokens, for 2 million dollars."""
    town = in_process()
    town.act(0, town.desk(0).lend(0, 1e6))
    town.act(3, town.desk(3).lend(0, 1e6))
    town.act(1, town.desk(1).post(0, 20_000.0))
    return town


def morpho(town, who, function, *args, after=12, ok=True):
    data = fn("Morpho", function, town.economy.assets[0].loan_params, *args)
    block = town.do(Tx(town.who[who], town.economy.morpho, data), after=after)
    assert block.ok[0] == ok, artifacts.errors().reason(block.output.get(0, b""))
    return {name: event.columns for name, event in town.state._events.loans(block.logs).items() if len(event)}


@EXAMPLES
@given(st.integers(1, 1_500_000 * 10**6), st.lists(st.integers(1, 400 * DAY), min_size=1, max_size=4))
def test_interest_debt_and_worth(borrowed, intervals):
    town = lending()
    with town.undone():
        morpho(town, 1, "borrow", borrowed, 0, town.who[1], town.who[1])
        loans = town.state.loans[0]
        for after in intervals:
            expected, debt, worth = (
                loans.interest(town.now + after),
                loans.debt(1, town.now + after),
                loans.worth(0, town.now + after),
            )
            with town.undone():
                events = morpho(town, 2, "accrueInterest", after=after)
                assert int(events["AccrueInterest"]["interest"][0]) == expected
            with town.undone():
                shares = town.state.loans[0].borrowed[1]
                events = morpho(town, 2, "repay", 0, shares, town.who[1], b"", after=after, ok=debt <= WHOLE)
                if debt <= WHOLE:
                    assert int(events["Repay"]["assets"][0]) == debt
            with town.undone():
                shares = town.state.loans[0].supplied[0]
                lent = town.state.loans[0].supply_assets + expected - town.state.loans[0].borrow_assets - expected
                events = morpho(town, 0, "withdraw", 0, shares, town.who[0], town.who[0], after=after, ok=worth <= lent)
                if worth <= lent:
                    assert int(events["Withdraw"]["assets"][0]) == worth
            # a small borrower's interest is booked at odd moments, each with its own rounding
            morpho(town, 1, "supplyCollateral", 0, town.who[1], b"", after=1, ok=False)
            morpho(town, 0, "supply", 1, 0, town.who[0], b"", after=after)
            loans = town.state.loans[0]


@EXAMPLES
@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_the_rate_is_the_contracts(supplied, borrowed):
    town = lending()
    borrowed = min(borrowed, supplied)
    loans = Loans(WAD, town.state.loans[0].rates, supply_assets=supplied, borrow_assets=borrowed)
    use = -(-borrowed * WAD // supplied) if supplied else 0
    assert loans.rate() == town.read(town.economy.rate, "KinkedRate", "ratePerYear", use)
    market = (supplied, 0, borrowed, 0, 0, 0)
    rate = artifacts.load("KinkedRate").fn("borrowRateView")
    (out,) = town.chain.call([Call(town.economy.rate, rate(town.economy.assets[0].loan_params, market))])
    assert rate.decode(out)[0] == -(-loans.rate() // (365 * DAY))


def test_the_rate_at_its_corners():
    base, low, high, kink = lending().state.loans[0].rates
    for use, rate in ((0, base), (kink, base + low), (WAD, base + low + high)):
        assert Loans(WAD, (base, low, high, kink), supply_assets=WAD, borrow_assets=use).rate() == rate


@EXAMPLES
@example(0.125, 1.3e-11, True)
@given(st.floats(0.05, 0.99), st.just(1.0) | st.floats(0.0, 1.0), st.booleans())
def test_liquidation(fall, part, by_shares):
    """After a fall of the price, any part of the collateral or of the debt; bad debt where the collateral is gone."""
    town = lending()
    with town.undone():
        morpho(town, 1, "borrow", 1_500_000 * 10**6, 0, town.who[1], town.who[1])
        town.answer(0, 100.0 * (1 - fall))
        loans = town.state.loans[0]
        debt, posted, price = loans.debt(1, town.now + 12), loans.posted[1], town.state.answer[0] * 10**28
        healthy = posted * price // 10**36 * loans.lltv // WAD >= debt
        seized, shares = (0, int(loans.borrowed[1] * part)) if by_shares else (int(posted * part), 0)
        lender = loans.worth(0, town.now + 12)
        if healthy or seized == shares == 0:
            morpho(town, 2, "liquidate", town.who[1], seized, shares, b"", ok=False)
            return
        block = town.do(
            Tx(
                town.who[2],
                town.economy.morpho,
                fn("Morpho", "liquidate", town.economy.assets[0].loan_params, town.who[1], seized, shares, b""),
            )
        )
        if not block.ok[0]:  # more than there is: of the collateral (by shares) or of the debt (by collateral)
            worth = posted * price // 10**36 * WAD // loans.incentive()
            if by_shares and part * debt * loans.incentive() / WAD < price / 10**36:
                return  # less than a smallest unit of the token, and T-REX moves no nothing
            assert worth <= debt * max(part, 0.999) if by_shares else worth * part >= debt * 0.999
            return
        event = town.state._events.loans(block.logs)["Liquidate"].columns
        taken, repaid, bad = (int(event[name][0]) for name in ("seizedAssets", "repaidAssets", "badDebtAssets"))
        # value seized per value repaid, up to the rounding of either
        assert taken * price / 10**36 == pytest.approx(repaid * loans.incentive() / WAD, abs=200, rel=1e-9)
        after = town.state.loans[0]
        assert after.bad_debt == bad
        assert after.debt(1, town.now) == pytest.approx(0 if bad else debt - repaid, abs=2)
        if taken == posted:
            assert 1 not in after.posted
            assert 1 not in after.borrowed
            assert bad == pytest.approx(debt - repaid, abs=2)
            # 0 has half of what was lent, so loses half
            assert after.worth(0, town.now) == pytest.approx(lender - bad / 2, abs=2)


@pytest.mark.parametrize(("lltv", "expected"), [(0.0, 1.15), (0.77, 1 / (1 - 0.3 * 0.23)), (0.86, 1 / 0.958), (1.0, 1)])
def test_incentive(lltv, expected):
    assert Loans(round(lltv * WAD), (0, 0, 0, WAD // 2)).incentive() / WAD == pytest.approx(min(1.15, expected))


def test_what_rounding_leaves_is_floored_as_morpho_does():
    """Debts are rounded up, so the last to repay may pay a unit more than is owed in all (Morpho: zeroFloorSub)."""
    loans = Loans(WAD, (0, 0, 0, WAD // 2), borrow_assets=5, borrow_shares=9, borrowed={1: 9})
    loans.apply("Repay", 1, {"assets": 6, "shares": 9}, 1)
    assert (loans.borrow_assets, loans.borrow_shares, loans.borrowed) == (0, 0, {})
    loans = Loans(WAD, (0, 0, 0, WAD // 2), borrow_assets=5, borrow_shares=9, borrowed={1: 9}, posted={1: 3})
    args = {"repaidAssets": 6, "repaidShares": 9, "seizedAssets": 3, "badDebtAssets": 0, "badDebtShares": 0}
    loans.apply("Liquidate", 1, args, 1)
    assert (loans.borrow_assets, loans.borrowed, loans.posted) == (0, {}, {})


def test_nobody_owes_or_has_nothing():
    empty = Loans(WAD, (WAD, WAD, WAD, WAD // 2))
    assert empty.interest(10**9) == empty.debt(3, 10**9) == empty.worth(3, 10**9) == 0
    assert np.isfinite(empty.rate())
