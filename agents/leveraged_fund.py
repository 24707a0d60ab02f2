"""Holds assets on credit: buys with money borrowed against them, and must sell when they fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class LeveragedFund(Strategy):
    """Posts its tokens as collateral, borrows against them and buys more, until assets are ``leverage`` times equity.

    Above ``limit`` it must deleverage, and sells of everything it holds on credit: what one asset loses, others pay. It
    frees collateral, sells it on the pool and repays, several times over within a block, as each repayment frees more.

    Source: the leverage-targeting banks of T. Adrian and H. Shin, "Liquidity and leverage", JFI 19 (2010); S. Thurner,
    J. D. Farmer, J. Geanakoplos, "Leverage causes fat tails and clustered volatility", Quantitative Finance 12 (2012).
    """

    leverage: Annotated[float, Field(ge=1, le=20)] = 2.5  # assets / equity it aims at
    limit: Annotated[float, Field(ge=1, le=50)] = 3.2  # … above which it must sell
    buffer: Annotated[float, Field(ge=0, lt=1)] = 0.06  # distance its loans keep from the liquidation line, share of it
    step: Annotated[float, Field(gt=0, le=1)] = 0.15  # part of the gap to its target that it closes at a time
    impact: Annotated[float, Field(gt=0, le=1)] = 0.02  # largest share of a pool it trades at once when it need not
    premium: Annotated[float, Field(ge=0, lt=1)] = 0.03  # of the price over the appraisal, above which it buys no more
    panic: Annotated[float, Field(ge=0, lt=1)] = 0.3  # share by which a forced sale may bring less than quoted
    rounds: Annotated[int, Field(ge=1, le=10)] = 3  # times it frees, sells and repays within a block
    period: Annotated[int, Field(ge=1, le=10_000)] = 3  # ticks between two adjustments, distress aside

    def __post_init__(self) -> None:
        if self.limit < self.leverage:
            raise ValueError(f"limit ({self.limit}) must not be below leverage ({self.leverage})")

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Mark the book at the market; sell if it must, else adjust at leisure."""
        price, units, posted, owed = view.price, view.units, view.collateral, view.debt
        assets = debt = 0.0
        for a in view.assets:
            if price[a] > 0.0:
                assets += (units[a] + posted[a]) * price[a]
                debt += owed[a]
        equity = assets + view.cash - debt
        if debt > 0.0 and assets > self.limit * equity:
            excess = min(1.0 - self.leverage * max(equity, 0.0) / assets, 1.0)
            return self._deleverage(view, excess)
        if (view.tick + view.agent) % self.period:
            return []
        return self._adjust(view, assets, equity)

    def _deleverage(self, view: View, excess: float) -> list[Call]:
        """Sell this share of every asset held on credit."""
        calls: list[Call] = []
        cash = view.cash
        for a in view.assets:
            debt, posted, loose = view.debt[a], view.collateral[a], view.units[a]
            if debt <= 0.0:
                continue
            paid = min(cash * 0.99, debt)
            calls += view.desk.repay(a, paid)
            cash, debt = cash - paid, debt - paid
            if view.halted[a] or not view.collateral_price[a] > 0.0:
                continue
            line = view.collateral_price[a] * view.lltv[a] * 0.995  # dollars that a posted token covers, with interest
            wanted = excess * (posted + loose)
            before = sold = 0.0
            for _ in range(self.rounds):
                freed = min(max(posted - debt / line, 0.0), max(wanted - loose, 0.0))
                amount = min(loose + freed, wanted)
                brought = view.quote_sell(a, sold + amount) - before
                if not brought > 100.0:
                    break
                calls += view.desk.release(a, freed)
                calls += view.desk.sell(a, amount, brought * (1.0 - self.panic))
                calls += view.desk.repay(a, min(brought * (1.0 - self.panic), debt))
                sold, before, wanted = sold + amount, before + brought, wanted - amount
                posted, loose, debt = posted - freed, loose + freed - amount, debt - brought * (1.0 - self.panic)
                if debt <= 0.0:
                    break
        return calls

    def _adjust(self, view: View, assets: float, equity: float) -> list[Call]:
        """Post what lies loose; below the target, borrow and buy where the price is right; at it, repay what is idle."""
        calls: list[Call] = []
        held = [a for a in view.assets if view.units[a] + view.collateral[a] > 0.0 and view.price[a] > 0.0]
        cash, missing = view.cash, self.leverage * equity - assets
        for a in held:
            if view.halted[a] or not view.collateral_price[a] > 0.0:
                continue
            posted = view.collateral[a] + view.units[a]
            calls += view.desk.post(a, view.units[a])
            if missing <= 0.0:
                spare = min(cash - 0.05 * equity, view.debt[a])
                calls += view.desk.repay(a, spare)
                cash -= max(spare, 0.0)
            elif view.price[a] <= view.appraisal[a] * (1.0 + self.premium):
                wanted = min(missing * self.step / len(held), view.pool_cash[a] * self.impact)
                room = posted * view.collateral_price[a] * view.lltv[a] * (1.0 - self.buffer) - view.debt[a]
                spent = min(wanted, cash)
                cash -= spent
                # buys with what it has, and borrows it back: what is bought now is collateral for the next time
                calls += view.desk.buy(a, spent, 0.97 * view.quote_buy(a, spent))
                calls += view.desk.borrow(a, min(wanted, room, view.loan_cash[a] * 0.5))
        return calls
