"""Trades the pool towards the appraisal, until the fee eats what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class Arbitrageur(Strategy):
    """Takes the appraisal for the worth of a token, and trades the pool towards it.

    Where the price is farther off than fee and ``margin``, it trades exactly as much as brings it to the edge of that
    band, or as far as its purse goes.

    Source: the closed form for a constant product x·y = k, G. Angeris et al., "An analysis of Uniswap markets", 2019.
    """

    margin: Annotated[float, Field(ge=0, lt=1)] = 0.015  # on top of the fee: its pay for an appraisal that may be late
    purse: Annotated[float, Field(gt=0, le=1)] = 0.05  # share of cash or tokens in one trade: its capital moves slowly
    max_age: Annotated[float, Field(gt=0, le=100_000)] = 5.0  # days after which it no longer trusts an appraisal

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Trade every pool that is out of its band."""
        calls: list[Call] = []
        keep, left = 1.0 - view.pool_fee, view.cash
        appraisal, price = view.appraisal, view.price
        below, above = keep / (1.0 + self.margin), (1.0 + self.margin) / keep
        for asset in view.assets:
            worth, here = appraisal[asset], price[asset]
            if not (worth > 0.0 and here > 0.0) or worth * below <= here <= worth * above:
                continue
            if view.halted[asset] or view.appraisal_age[asset] > self.max_age * 86_400.0:
                continue
            cash, units = view.pool_cash[asset], view.pool_units[asset]
            # somebody may trade first in the block: at worse than the appraisal it lets the trade fail
            if here < worth:
                wanted = ((cash * units * worth * below) ** 0.5 - cash) / keep
                spend = min(wanted, view.cash * self.purse, left)
                left -= spend
                calls += view.desk.buy(asset, spend, spend / worth)
            else:
                wanted = ((cash * units / (worth * above)) ** 0.5 - units) / keep
                sold = min(wanted, view.units[asset] * self.purse)
                calls += view.desk.sell(asset, sold, sold * worth)
        return calls
