"""Holds assets on credit: buys with money borrowed against them, and must sell when they fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View

MOST = 64  # calls: no block takes more of one agent


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
    step: Annotated[float, Field(gt=0, le=1)] = 0.3  # part of the gap to its target that it closes at a time
    impact: Annotated[float, Field(gt=0, le=1)] = 0.01  # largest share of a pool it buys at once
    premium: Annotated[float, Field(ge=0, lt=1)] = 0.08  # of the price over the appraisal, above which it buys no more
    panic: Annotated[float, Field(ge=0, lt=1)] = 0.3  # share by which a forced sale may bring less than quoted
    rounds: Annotated[int, Field(ge=1, le=10)] = 3  # times it frees, sells and repays within a block
    period: Annotated[int, Field(ge=1, le=10_000)] = 3  # ticks between two adjustments, distress aside

    def __post_init__(self) -> None:
        if self.limit < self.leverage:
            raise ValueError(f"limit ({self.limit}) must not be below leverage ({self.leverage})")

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Mark the book at the lower of market and appraisal; sell if it must, else adjust at leisure."""
        price, oracle, units, posted, owed = view.price, view.collateral_price, view.units, view.collateral, view.debt
        assets = debt = 0.0
        strained = False
        for a in view.assets:
            if price[a] > 0.0:
                mark = oracle[a] if 0.0 < oracle[a] < price[a] else price[a]
                assets += (units[a] + posted[a]) * mark
            if owed[a] > 0.0:
                debt += owed[a]
                strained = strained or owed[a] > posted[a] * self._cover(view, a, self.buffer / 2.0)
        equity = assets + view.cash - debt
        if debt > 0.0 and assets > self.limit * equity:
            return self._deleverage(view, 1.0 - self.leverage * max(equity, 0.0) / assets if assets > 0.0 else 1.0)
        if strained:
            return self._deleverage(view, 0.0)
        if (view.tick + view.agent) % self.period:
            return []
        return self._adjust(view, assets, equity)

    def _cover(self, view: View, asset: int, buffer: float) -> float:
        """Dollars of debt that one posted token carries at this distance from the liquidation line."""
        return float(view.collateral_price[asset] * view.lltv[asset]) * (1.0 - buffer)

    def _deleverage(self, view: View, excess: float) -> list[Call]:
        """Pay with cash first; then sell ``excess`` of every asset held on credit, or what a strained loan needs."""
        calls: list[Call] = []
        cash = view.cash
        for a in view.assets:
            debt, posted, loose = view.debt[a], view.collateral[a], view.units[a]
            cover, line = self._cover(view, a, self.buffer), self._cover(view, a, 0.005)
            if debt <= 0.0 or not cover > 0.0 or len(calls) >= MOST:
                continue
            paid = min(cash * 0.99, debt if excess > 0.0 else max(debt - posted * cover, 0.0))
            calls += view.desk.repay(a, paid)
            cash, debt = cash - paid, debt - paid
            strain = max(debt - posted * cover, 0.0) / (view.collateral_price[a] - cover)  # tokens
            wanted = max(excess * (posted + loose), strain)
            before = sold = 0.0
            for _ in range(0 if view.halted[a] else self.rounds):
                freed = min(max(posted - debt / line, 0.0), max(wanted - loose, 0.0))
                amount = min(loose + freed, wanted)
                brought = view.quote_sell(a, sold + amount) - before
                if not brought > 100.0 or debt <= 0.0:
                    break
                sure = brought * (1.0 - self.panic)  # others may sell first
                calls += view.desk.release(a, freed)
                calls += view.desk.sell(a, amount, sure)
                calls += view.desk.repay(a, min(sure, debt))
                sold, before, wanted = sold + amount, before + brought, wanted - amount
                posted, loose, debt = posted - freed, loose + freed - amount, debt - sure
        return calls[:MOST]

    def _adjust(self, view: View, assets: float, equity: float) -> list[Call]:
        """Post what lies loose; below target, buy and borrow where the price is right; at it, repay what is idle."""
        calls: list[Call] = []
        held = [a for a in view.assets if view.units[a] + view.collateral[a] > 0.0 and view.price[a] > 0.0]
        cash, missing = view.cash, self.leverage * equity - assets
        for a in held:
            if view.halted[a] or not view.collateral_price[a] > 0.0:
                continue
            calls += view.desk.post(a, view.units[a])
            if missing <= 0.0:
                spare = max(min(cash - 0.05 * equity, view.debt[a]), 0.0)
                cash -= spare
                calls += view.desk.repay(a, spare)
            elif view.price[a] < (dearest := view.appraisal[a] * (1.0 + self.premium)):
                wanted = min(missing * self.step / len(held), view.pool_cash[a] * self.impact)
                spent = min(wanted, cash)
                cash -= spent
                calls += view.desk.buy(a, spent, spent / dearest)
                # borrows what the next purchase will take: nothing, should this one fail
                room = (view.units[a] + view.collateral[a]) * self._cover(view, a, self.buffer) - view.debt[a]
                calls += view.desk.borrow(a, min(wanted - cash, room, view.loan_cash[a] * 0.5))
        return calls
