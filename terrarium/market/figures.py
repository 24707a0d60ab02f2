"""What the mirror says in dollars and tokens. A accounts, n assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from terrarium.market.economy import CASH_UNIT, FEED_UNIT, TOKEN_UNIT, WAD
from terrarium.market.loans import VIRTUAL_ASSETS, VIRTUAL_SHARES

if TYPE_CHECKING:
    from terrarium.market.state import MarketState

Floats = npt.NDArray[np.float64]


class Figures(NamedTuple):
    """The market in dollars and tokens; all [n]."""

    price: Floats  # pool mid price; NaN while the pool is empty
    appraisal: Floats  # newest answer of the feed
    appraised_at: Floats  # its time, seconds
    income: Floats  # paid per token in the last block
    volume: Floats  # dollars traded in the last block
    pool_cash: Floats
    pool_units: Floats
    halted: npt.NDArray[np.bool_]
    supplied: Floats  # dollars lent, with interest
    borrowed: Floats  # dollars owed, with interest
    collateral: Floats  # tokens posted
    collateral_price: Floats  # what the loan market's oracle says
    loan_rate: Floats  # per year
    loan_use: Floats  # borrowed / supplied
    lltv: Floats
    incentive: Floats  # value seized per value repaid
    bad_debt: Floats  # dollars written off since the start
    liquidated: Floats  # dollars repaid by liquidators or written off in the last block


class Holdings(NamedTuple):
    """What accounts have, in dollars and tokens: [A] or [A, n]."""

    cash: Floats
    units: Floats
    lp: Floats  # share of each pool, 0..1
    collateral: Floats
    debt: Floats  # with interest
    supplied: Floats  # with interest
    wealth: Floats  # marked at pool prices


Columned = TypeVar("Columned", Figures, Holdings)


def measured(state: MarketState, now: int) -> Figures:
    """The market at ``now`` (seconds), interest up to then included. Read-only."""
    interest = [loans.interest(now) for loans in state.loans]
    supplied = np.array([(m.supply_assets + i) / CASH_UNIT for m, i in zip(state.loans, interest, strict=True)])
    borrowed = np.array([(m.borrow_assets + i) / CASH_UNIT for m, i in zip(state.loans, interest, strict=True)])
    with np.errstate(divide="ignore", invalid="ignore"):
        price = state.pool_cash / state.pool_units
        use = np.where(supplied > 0, borrowed / supplied, 0.0)
        appraisal = np.where(state.round > 0, _answers(state), np.nan)
    return _frozen(
        Figures(
            price=price,
            appraisal=appraisal,
            appraised_at=np.where(state.round > 0, state.answered_at, np.nan),
            income=state.income.copy(),
            volume=state.volume.copy(),
            pool_cash=state.pool_cash / CASH_UNIT,
            pool_units=state.pool_units / TOKEN_UNIT,
            halted=state.halted,
            supplied=supplied,
            borrowed=borrowed,
            collateral=np.array([m.collateral / TOKEN_UNIT for m in state.loans]),
            collateral_price=_collateral_price(state, price),
            loan_rate=np.array([m.rate() / WAD for m in state.loans]),
            loan_use=use,
            lltv=np.array([m.lltv / WAD for m in state.loans]),
            incentive=np.array([m.incentive() / WAD for m in state.loans]),
            bad_debt=np.array([m.bad_debt / CASH_UNIT for m in state.loans]),
            liquidated=state.liquidated.copy(),
        )
    )


def _answers(state: MarketState) -> Floats:
    return state.answer.astype(np.float64) / FEED_UNIT


def held(state: MarketState, now: int) -> Holdings:
    """What every account has at ``now`` (seconds), interest up to then included. Read-only."""
    shape = state.units.shape
    collateral, debt, supplied = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, m in enumerate(state.loans):
        interest = m.interest(now)
        per_debt = (m.borrow_assets + interest + VIRTUAL_ASSETS) / (m.borrow_shares + VIRTUAL_SHARES) / CASH_UNIT
        per_share = (m.supply_assets + interest + VIRTUAL_ASSETS) / (m.supply_shares + VIRTUAL_SHARES) / CASH_UNIT
        for book, column, scale in (
            (m.posted, collateral, 1 / TOKEN_UNIT),
            (m.borrowed, debt, per_debt),
            (m.supplied, supplied, per_share),
        ):
            if book:
                column[list(book), i] = np.fromiter(book.values(), np.float64, len(book)) * scale
    cash, units = state.cash / CASH_UNIT, state.units / TOKEN_UNIT
    with np.errstate(divide="ignore", invalid="ignore"):
        lp = np.where(state.lp_supply > 0, state.lp / state.lp_supply, 0.0)
        price = np.nan_to_num(state.pool_cash / state.pool_units, posinf=0.0)
    pools = 2 * state.pool_cash / CASH_UNIT  # both sides are worth the same
    wealth = cash + (units + collateral) @ price + lp @ pools + supplied.sum(axis=1) - debt.sum(axis=1)
    return _frozen(Holdings(cash, units, lp, collateral, debt, supplied, wealth))


def _collateral_price(state: MarketState, pool: Floats) -> Floats:
    """[n] dollars per token, as the oracle of each loan market says."""
    return np.where([a.appraised for a in state.economy.assets], _answers(state), pool)


def _frozen(columns: Columned) -> Columned:
    """Everybody who asks gets the same arrays, so nobody may write to them."""
    for column in columns:
        column.flags.writeable = False
    return columns
