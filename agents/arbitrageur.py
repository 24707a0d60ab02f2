"""Trades the pool towards the appraisal, until the fee eats what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class Arbitrageur(Strategy):
    """Takes the appraisal for the worth of a token. Where the pool's price is farther from it than fee and ``margin``, it
    trades exactly as much of the way as brings the price to the edge of that band, or as far as its purse goes.

    Source: the closed form for a constant product x·y = k, G. Angeris et al., "An analysis of Uniswap markets", 2019.
    """

    margin: Annotated[float, Field(ge=0, lt=1)] = 0.04  # on top of the fee: its pay for the risk that the appraisal is late
    purse: Annotated[float, Field(gt=0, le=1)] = 0.25  # share of cash or tokens it puts into one trade
    max_age: Annotated[float, Field(gt=0)] = 5.0  # days after which it no longer trusts an appraisal

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Trade every pool that is out of its band."""
        calls: list[Call] = []
        for asset in view.assets:
            worth, price = view.appraisal[asset], view.price[asset]
            if view.halted[asset] or not worth > 0.0 or not price > 0.0:
                continue
            if view.appraisal_age[asset] > self.max_age * 86_400.0:
                continue
            keep = 1.0 - view.pool_fee
            cash, units = view.pool_cash[asset], view.pool_units[asset]
            low, high = worth * keep / (1.0 + self.margin), worth / keep * (1.0 + self.margin)
            if price < low:
                wanted = ((cash * units * low) ** 0.5 - cash) / keep
                spend = min(wanted, view.cash * self.purse)
                calls += view.desk.buy(asset, spend, spend / worth)
            elif price > high:
                wanted = ((cash * units / high) ** 0.5 - units) / keep
                sold = min(wanted, view.units[asset] * self.purse)
                calls += view.desk.sell(asset, sold, sold * worth)
        return calls
