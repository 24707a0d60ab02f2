"""Buys what is cheap against its own estimate of worth, sells what is dear."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.utility import risky_share
from terrarium.sim.view import View


@dataclass
class ValueInvestor(Strategy):
    """Estimates worth as a mean of the appraisal and of the income it has seen, capitalised, and holds as much as its
    utility likes at the return it expects. Moves a part of the way at a time, so that it does not move the price itself.

    Source: the fundamentalists of W. Brock and C. Hommes, "Heterogeneous beliefs and routes to chaos", JEDC 22 (1998).
    """

    margin: Annotated[float, Field(ge=0, lt=1)] = 0.05  # mispricing below which it does nothing
    patience: Annotated[float, Field(gt=0)] = 60.0  # days in which it expects a mispricing to close
    income_weight: Annotated[float, Field(ge=0, le=1)] = 0.2  # of capitalised income in its estimate
    yield_wanted: Annotated[float, Field(gt=0, lt=1)] = 0.07  # income per year on worth at which it capitalises
    utility: Literal["profit", "mean_variance", "crra", "drawdown_averse"] = "crra"
    aversion: Annotated[float, Field(gt=0, le=100)] = 3.0
    pace: Annotated[float, Field(gt=0, le=1)] = 0.2  # part of the way to its target that it goes in a tick
    period: Annotated[int, Field(ge=1)] = 3  # ticks between two looks at the market
    _peak: float = field(default=0.0, init=False)

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Compare price and worth of each asset, and move towards the holding that suits."""
        if (view.tick + view.agent) % self.period:
            return []
        self._peak = max(self._peak, view.wealth)
        drawdown = 1.0 - view.wealth / self._peak if self._peak > 0.0 else 0.0
        calls: list[Call] = []
        for asset in view.assets:
            price, worth = view.price[asset], self._worth(view, asset)
            if view.halted[asset] or not price > 0.0 or not worth > 0.0:
                continue
            edge = worth / price - 1.0
            if abs(edge) < self.margin:
                continue
            volatility = _volatility(view, asset)
            yearly = edge * 365.0 / self.patience
            share = risky_share(self.utility, yearly, volatility, self.aversion, drawdown) / len(view.assets)
            wanted = share * view.wealth / price
            gap = (wanted - view.units[asset]) * self.pace
            if gap > 0.0 and edge > 0.0:
                cash = min(gap * price, view.cash * self.pace)
                calls += view.desk.buy(asset, cash, 0.97 * view.quote_buy(asset, cash))
            elif gap < 0.0 and edge < 0.0:
                calls += view.desk.sell(asset, -gap, 0.97 * view.quote_sell(asset, -gap))
        return calls

    def _worth(self, view: View, asset: int) -> float:
        """Dollars per token: the appraisal, leaning on capitalised income where enough of it was seen."""
        appraisal = view.appraisal[asset]
        incomes = view.incomes[:, asset]
        seen = incomes[np.isfinite(incomes)]
        if len(seen) < 20 or seen.sum() <= 0.0:
            return appraisal
        capitalised = float(seen.mean()) * 365.0 / view.day / self.yield_wanted
        return (1.0 - self.income_weight) * appraisal + self.income_weight * min(capitalised, 2.0 * appraisal)


def _volatility(view: View, asset: int) -> float:
    """Yearly volatility of the price over what the agent remembers, at least 10 %."""
    prices = view.prices[:, asset]
    moves = np.diff(np.log(prices[prices > 0.0]))
    return max(float(moves.std()) * (365.0 / view.day) ** 0.5, 0.1) if len(moves) > 4 else 0.3
