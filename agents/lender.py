"""Lends cash where it pays best, and runs when it smells trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class Lender(Strategy):
    """Spreads its cash over the loan markets in proportion to what they pay, and takes it out of a market whose collateral
    has lost more than ``fear`` of its value, as long as there is cash to be had: a run, one lender at a time.

    Source: D. Diamond and P. Dybvig, "Bank runs, deposit insurance, and liquidity", JPE 91 (1983), for the incentive.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.8  # of its cash that it lends in all
    least: Annotated[float, Field(ge=0)] = 0.0  # yearly return below which it does not lend
    fear: Annotated[float, Field(gt=0, lt=1)] = 0.2  # fall of the collateral from its best that makes it run
    period: Annotated[int, Field(ge=1)] = 5  # ticks between two adjustments, a run aside
    _fled: set[int] = field(default_factory=set, init=False)

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Flee first; then lend what is idle."""
        calls: list[Call] = []
        best = _highest(view)
        for asset in view.assets:
            fallen = view.price[asset] < (1.0 - self.fear) * best[asset]
            if fallen and view.supplied[asset] > 1.0 and view.loan_cash[asset] > 1.0:
                self._fled.add(asset)
                calls += view.desk.unlend(asset, min(view.supplied[asset], 0.9 * view.loan_cash[asset]))
            elif not fallen:
                self._fled.discard(asset)
        if calls or (view.tick + view.agent) % self.period:
            return calls
        pays = {a: view.loan_rate[a] * view.loan_use[a] + 1e-4 for a in view.assets if a not in self._fled}
        pays = {a: rate for a, rate in pays.items() if rate >= self.least}
        idle = view.cash - (1.0 - self.share) * (view.cash + sum(view.supplied[a] for a in view.assets))
        if idle < 1_000.0 or not pays:
            return []
        total = sum(pays.values())
        return [call for a, rate in pays.items() for call in view.desk.lend(a, idle * rate / total)]


def _highest(view: View) -> list[float]:
    """Highest price of each asset within memory; 0 where none is known."""
    prices = view.prices
    known = prices == prices
    top: list[float] = (prices * 1.0).max(axis=0, initial=0.0, where=known).tolist()
    return top
