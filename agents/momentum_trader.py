"""Follows the trend: buys what has been rising, sells what has been falling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class MomentumTrader(Strategy):
    """Extrapolates the return of the last ``window`` ticks, in proportion to its strength.

    Source: the trend followers of Brock and Hommes (1998); N. Jegadeesh and S. Titman, Journal of Finance 48 (1993).
    """

    window: Annotated[int, Field(ge=1, le=1_000)] = 10  # ticks over which it measures the trend; memory limits it
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.03  # trend below which it does nothing
    size: Annotated[float, Field(gt=0, le=1)] = 0.10  # share of cash or tokens traded at a trend of 10 %
    slippage: Annotated[float, Field(ge=0, lt=1)] = 0.05  # share by which a trade may bring less than quoted
    period: Annotated[int, Field(ge=1, le=10_000)] = 2  # ticks between two looks at the market

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Trade each asset that has a trend."""
        if (view.tick + view.agent) % self.period:
            return []
        calls: list[Call] = []
        then = view.prices[max(0, len(view.prices) - 1 - self.window)].tolist()
        for asset in view.assets:
            if view.halted[asset] or not then[asset] > 0.0:
                continue
            trend = view.price[asset] / then[asset] - 1.0
            share = min(self.size * abs(trend) / 0.1, 0.5)
            if trend > self.threshold:
                cash = view.cash * share / len(view.assets)
                calls += view.desk.buy(asset, cash, view.quote_buy(asset, cash) * (1.0 - self.slippage))
            elif trend < -self.threshold:
                units = view.units[asset] * share
                calls += view.desk.sell(asset, units, view.quote_sell(asset, units) * (1.0 - self.slippage))
        return calls
