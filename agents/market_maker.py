"""Provides liquidity to the pools, and flees when the water gets rough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class MarketMaker(Strategy):
    """Puts cash and tokens into the pools for their fees. Takes its liquidity out while the price moves so much that the
    fees no longer pay for the loss against rebalancing (σ²/8 per unit of time), and comes back when it is calm.

    Source: J. Milionis et al., "Automated market making and loss-versus-rebalancing", arXiv 2208.06046.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.6  # of its cash that it puts to work
    calm: Annotated[float, Field(gt=0, lt=1)] = 0.02  # volatility per day below which it provides
    rough: Annotated[float, Field(gt=0, lt=1)] = 0.05  # … above which it leaves
    period: Annotated[int, Field(ge=1)] = 4  # ticks between two looks at the market
    _providing: set[int] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        if self.rough <= self.calm:
            raise ValueError(f"rough ({self.rough}) must be above calm ({self.calm})")

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Enter calm pools, leave rough ones."""
        if (view.tick + view.agent) % self.period:
            return []
        calls: list[Call] = []
        for asset in view.assets:
            if view.halted[asset] or not view.price[asset] > 0.0:
                continue
            volatility = _volatility(view, asset)
            if asset in self._providing and volatility > self.rough:
                self._providing.discard(asset)
                calls += view.desk.remove_liquidity(asset, 1.0)
            elif asset not in self._providing and volatility < self.calm:
                self._providing.add(asset)
                cash = min(view.cash * self.share / len(view.assets), view.units[asset] * view.price[asset])
                calls += view.desk.add_liquidity(asset, cash, cash / view.price[asset])
        return calls


def _volatility(view: View, asset: int) -> float:
    """Of the price per square root of a day, over the last ten ticks."""
    prices = view.prices[-11:, asset]
    prices = prices[prices > 0.0]
    return float(np.diff(np.log(prices)).std()) / view.day**0.5 if len(prices) > 3 else 0.0
