"""Buys and sells at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class NoiseTrader(Strategy):
    """Buys and sells at random, as much the one as the other, in proportion to its wealth: the crowd that moves prices.

    Source: F. Black, "Noise", Journal of Finance 41 (1986).
    """

    activity: Annotated[float, Field(ge=0, le=1)] = 0.15  # chance of trading in a tick
    size: Annotated[float, Field(gt=0, le=1)] = 0.02  # standard deviation of a trade, as a share of wealth
    slippage: Annotated[float, Field(ge=0, lt=1)] = 0.05  # share by which a trade may bring less than quoted

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Toss for whether and what; one draw around zero says which side and how much."""
        if rng.random() >= self.activity or not view.assets:
            return []
        asset = view.assets[int(rng.integers(len(view.assets)))]
        amount = self.size * view.wealth * rng.standard_normal()  # dollars; below zero: to be sold
        price = view.price[asset]
        if view.halted[asset] or not price > 0.0:
            return []
        if amount > 0.0:
            cash = min(amount, view.cash)
            return view.desk.buy(asset, cash, view.quote_buy(asset, cash) * (1.0 - self.slippage))
        units = min(-amount / price, view.units[asset])
        return view.desk.sell(asset, units, view.quote_sell(asset, units) * (1.0 - self.slippage))
