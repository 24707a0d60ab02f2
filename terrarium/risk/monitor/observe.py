"""From the event mirror to what rules look at."""

from __future__ import annotations

import numpy as np

from terrarium.market.state import MarketState
from terrarium.risk.monitor.series import Observation


def observation(state: MarketState, block: int, now: int) -> Observation:
    """The market after ``block``, at ``now`` (seconds)."""
    figures, holdings = state.figures(now), state.holdings(now)
    account, asset = np.nonzero(holdings.debt > 0)
    return Observation(
        block=block,
        price=figures.price,
        appraisal=figures.appraisal,
        appraisal_age=now - figures.appraised_at,
        feed_max_age=float(state.economy.feed_max_age),
        pool_cash=figures.pool_cash,
        pool_units=figures.pool_units,
        supplied=figures.supplied,
        borrowed=figures.borrowed,
        collateral=figures.collateral,
        collateral_price=figures.collateral_price,
        lltv=figures.lltv,
        liquidated=figures.liquidated,
        loan_asset=asset,
        loan_debt=holdings.debt[account, asset],
        loan_collateral=holdings.collateral[account, asset],
    )
