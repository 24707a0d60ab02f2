"""The keeper: liquidates unhealthy loans and sells what it seizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View

SMALL = 10.0  # dollars repaid for which it does not bother


@dataclass
class Liquidator(Strategy):
    """Looks through borrowers, and where a loan is past its limit seizes as much collateral as pays.

    The incentive must beat what selling the tokens on the pool costs; the size is that at which one more token would no
    longer do so. What it seizes it sells within the block, so it needs cash for a moment only.

    Source: K. Qin et al., "An empirical study of DeFi liquidations", IMC 2021.
    """

    profit: Annotated[float, Field(ge=0, lt=1)] = 0.005  # of what it repays, that a liquidation must bring
    most: Annotated[int, Field(ge=1, le=30)] = 10  # liquidations in a tick
    panic: Annotated[float, Field(ge=0, lt=1)] = 0.3  # share by which a sale may bring less than quoted
    period: Annotated[int, Field(ge=1, le=10_000)] = 1  # ticks between two looks

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """The most unhealthy loans first; what was left of an earlier seizure is sold with the rest."""
        if (view.tick + view.agent) % self.period:
            return []
        calls: list[Call] = []
        cash, left = view.cash, self.most
        for asset in view.assets:
            price, loose = view.collateral_price[asset], view.units[asset]
            if view.halted[asset] or not price > 0.0:
                continue
            owed = price / view.incentive[asset]  # dollars to repay per token seized
            sold, brought = loose, view.quote_sell(asset, loose) if loose > 0.0 else 0.0
            calls += view.desk.sell(asset, loose, brought * (1.0 - self.panic)) if loose > 0.0 else []
            worth = self._worthwhile(view, asset, owed) - loose
            if not left or worth <= 0.0 or not view.loan_use[asset] > 0.0:
                continue
            for account, collateral, debt in self._unhealthy(view, asset, owed, left):
                units = min(collateral, 0.999 * debt / owed, cash / owed, worth)  # a hair less: debts are rounded
                if units * owed < SMALL:
                    break
                before, brought = brought, view.quote_sell(asset, sold + units)
                # a sale each: should another keeper have been faster with one loan, the other sales still go through
                calls += view.desk.liquidate(asset, account, units)
                calls += view.desk.sell(asset, units, (brought - before) * (1.0 - self.panic))
                cash, worth, sold, left = cash - units * owed, worth - units, sold + units, left - 1
        return calls

    def _worthwhile(self, view: View, asset: int, owed: float) -> float:
        """Tokens the pool takes until the last one sold brings no more than its cost and the profit."""
        keep, cash, units = 1.0 - view.pool_fee, view.pool_cash[asset], view.pool_units[asset]
        most: float = ((keep * cash * units / (owed * (1.0 + self.profit))) ** 0.5 - units) / keep
        return max(0.0, most)  # an empty or hidden pool (NaN) takes none

    def _unhealthy(self, view: View, asset: int, owed: float, most: int) -> list[tuple[int, float, float]]:
        """Account, collateral and debt of the loans furthest past the limit; crumbs are left."""
        loans = view.borrowers(asset)
        pays = (loans.ltv > view.lltv[asset]) & (loans.collateral * owed >= SMALL) & (loans.debt >= SMALL)
        worst = [i for i in (-loans.ltv).argsort(kind="stable").tolist() if pays[i]]
        return [(int(loans.account[i]), float(loans.collateral[i]), float(loans.debt[i])) for i in worst[:most]]
