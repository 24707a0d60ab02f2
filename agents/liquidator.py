"""The keeper: liquidates unhealthy loans and sells what it seizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class Liquidator(Strategy):
    """Looks through borrowers, and where a loan is past its limit seizes as much collateral as still pays: the incentive
    must beat what selling the seized tokens on the pool costs. Sells them at once, so it needs cash for one block only.

    Source: K. Qin et al., "An empirical study of DeFi liquidations", IMC 2021.
    """

    profit: Annotated[float, Field(ge=0, lt=1)] = 0.005  # of what it repays, that a liquidation must bring
    most: Annotated[int, Field(ge=1, le=64)] = 10  # liquidations in a tick

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """The most unhealthy loans first."""
        calls: list[Call] = []
        cash, left = view.cash, self.most
        for asset in view.assets:
            price = view.collateral_price[asset]
            if view.halted[asset] or not price > 0.0 or view.loan_use[asset] <= 0.0:
                continue
            loans = view.borrowers(asset)
            risky = [i for i in (-loans.ltv).argsort(kind="stable").tolist() if loans.ltv[i] > view.lltv[asset]]
            seized = 0.0
            for i in risky[:left]:
                units = self._worthwhile(view, asset, float(loans.collateral[i]), float(loans.debt[i]), seized, cash)
                if units <= 0.0:
                    break
                calls += view.desk.liquidate(asset, int(loans.account[i]), units)
                cash -= units * price / view.incentive[asset]
                seized += units
                left -= 1
            if seized > 0.0:
                calls += view.desk.sell(asset, seized, 0.5 * view.quote_sell(asset, seized))
        return calls

    def _worthwhile(self, view: View, asset: int, collateral: float, debt: float, before: float, cash: float) -> float:
        """Tokens to seize from one borrower, halved until they pay; 0 where none would. ``before``: seized already."""
        price, incentive = view.collateral_price[asset], view.incentive[asset]
        units = min(collateral, debt * incentive / price, cash * incentive / price)
        sold_before = view.quote_sell(asset, before)
        for _ in range(6):
            cost = units * price / incentive
            if cost < 10.0:
                return 0.0
            if view.quote_sell(asset, before + units) - sold_before > cost * (1.0 + self.profit):
                return units
            units *= 0.5
        return 0.0
