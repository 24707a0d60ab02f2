"""Buys what is cheap against its own estimate of worth, sells what is dear."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.utility import Utility, risky_share
from terrarium.sim.view import View


@dataclass
class ValueInvestor(Strategy):
    """Estimates worth from appraisal and income, and holds as much as its utility likes at the return it expects.

    Income is capitalised at the yield at which it first saw the asset: each has its own, and a crop's is no rent's. It
    moves a part of the way at a time, so that it does not move the price itself.

    Source: the fundamentalists of W. Brock and C. Hommes, "Heterogeneous beliefs and routes to chaos", JEDC 22 (1998).
    """

    margin: Annotated[float, Field(ge=0, lt=1)] = 0.05  # mispricing below which it does nothing
    patience: Annotated[float, Field(gt=0, le=100_000)] = 60.0  # days in which it expects a mispricing to close
    income_weight: Annotated[float, Field(ge=0, le=1)] = 0.2  # of capitalised income in its estimate
    utility: Utility = "crra"  # how it weighs return against risk: profit, mean_variance, crra or drawdown_averse
    aversion: Annotated[float, Field(gt=0, le=100)] = 3.0  # to risk; profit does not heed it
    pace: Annotated[float, Field(gt=0, le=1)] = 0.2  # part of the way to its target that it goes at a time
    impact: Annotated[float, Field(gt=0, le=1)] = 0.01  # largest share of a pool it trades at once
    slippage: Annotated[float, Field(ge=0, lt=1)] = 0.03  # share by which a trade may bring less than quoted
    period: Annotated[int, Field(ge=1, le=10_000)] = 3  # ticks between two looks at the market
    _peak: float = field(default=0.0, init=False)  # highest wealth
    _yields: dict[int, float] = field(default_factory=dict, init=False)  # by asset, per tick, as first seen

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Compare price and worth of each asset, and move towards the holding that suits."""
        if (view.tick + view.agent) % self.period:
            return []
        self._peak = max(self._peak, view.wealth)
        drawdown = 1.0 - view.wealth / self._peak if self._peak > 0.0 else 0.0
        calls: list[Call] = []
        cash = view.cash
        for asset in view.assets:
            price, worth = view.price[asset], self._worth(view, asset)
            if view.halted[asset] or not price > 0.0 or not worth > 0.0:
                continue
            edge = worth / price - 1.0
            if abs(edge) < self.margin:
                continue
            volatility, yearly = _volatility(view, asset), edge * 365.0 / self.patience
            share = risky_share(self.utility, yearly, volatility, self.aversion, drawdown) / len(view.assets)
            gap = (share * view.wealth / price - view.units[asset]) * self.pace
            if gap > 0.0 and edge > 0.0:
                spent = min(gap * price, cash * self.pace, self.impact * view.pool_cash[asset])
                cash -= spent
                calls += view.desk.buy(asset, spent, (1.0 - self.slippage) * view.quote_buy(asset, spent))
            elif gap < 0.0 and edge < 0.0:
                units = min(-gap, self.impact * view.pool_units[asset])
                calls += view.desk.sell(asset, units, (1.0 - self.slippage) * view.quote_sell(asset, units))
        return calls

    def _worth(self, view: View, asset: int) -> float:
        """Dollars per token: the appraisal, leaning on capitalised income where enough payments were seen to tell."""
        appraisal, paid = view.appraisal[asset], view.incomes[:, asset]
        ticks = np.flatnonzero(paid > 0.0)
        if len(ticks) < 4 or not appraisal > 0.0:
            return float(appraisal)
        # from the first payment to the last, so that where in the window they fall makes no difference
        income = float(paid[ticks[1:]].sum()) / float(ticks[-1] - ticks[0])
        capitalised = income / self._yields.setdefault(asset, income / appraisal)
        return float((1.0 - self.income_weight) * appraisal + self.income_weight * capitalised)


def _volatility(view: View, asset: int) -> float:
    """Yearly volatility of the price over what the agent remembers, at least 10 %."""
    prices = view.prices[:, asset]
    moves = np.diff(np.log(prices[prices > 0.0]))
    return max(float(moves.std()) * (365.0 / view.day) ** 0.5, 0.1) if len(moves) > 4 else 0.3
