"""Holds assets on credit: buys with money borrowed against them, and must sell when they fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class LeveragedFund(Strategy):
    """Posts its tokens as collateral, borrows against them and buys more, until assets are ``leverage`` times equity. Above
    ``limit`` it must deleverage: it frees collateral, sells it on the pool and repays, as fast as its loan allows.

    Source: the leverage-targeting banks of T. Adrian and H. Shin, "Liquidity and leverage", JFI 19 (2010); S. Thurner,
    J. D. Farmer and J. Geanakoplos, "Leverage causes fat tails and clustered volatility", Quantitative Finance 12 (2012).
    """

    leverage: Annotated[float, Field(ge=1, le=20)] = 2.5  # assets / equity it aims at
    limit: Annotated[float, Field(ge=1, le=50)] = 3.2  # … above which it must sell
    buffer: Annotated[float, Field(ge=0, lt=1)] = 0.06  # distance it keeps from the liquidation line, as share of it
    step: Annotated[float, Field(gt=0, le=1)] = 0.15  # part of the gap to its target that it closes in a tick
    impact: Annotated[float, Field(gt=0, le=1)] = 0.02  # largest share of a pool it trades at once when it need not
    premium: Annotated[float, Field(ge=0, lt=1)] = 0.03  # of the price over the appraisal, above which it buys no more
    period: Annotated[int, Field(ge=1)] = 3  # ticks between two adjustments, distress aside

    def __post_init__(self) -> None:
        if self.limit < self.leverage:
            raise ValueError(f"limit ({self.limit}) must not be below leverage ({self.leverage})")

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Adjust the loan against each asset that it holds."""
        calls: list[Call] = []
        for asset in view.assets:
            price = view.collateral_price[asset]
            if not price > 0.0 or view.halted[asset]:
                continue
            if view.units[asset] > 0.0 and (view.tick + view.agent) % self.period == 0:
                calls += view.desk.post(asset, view.units[asset])
            value, debt = view.collateral[asset] * price, view.debt[asset]
            equity = value - debt
            if value <= 0.0:
                continue
            if equity <= 0.0 or value / equity > self.limit:
                calls += self._sell(view, asset, value, debt)
            elif (view.tick + view.agent) % self.period == 0:
                calls += self._borrow(view, asset, equity, debt)
        return calls

    def _borrow(self, view: View, asset: int, equity: float, debt: float) -> list[Call]:
        """Borrow towards the target, no closer to the line than the buffer, and buy with it."""
        if view.price[asset] > view.appraisal[asset] * (1.0 + self.premium):
            return []
        value = equity + debt
        wanted = min((self.leverage - 1.0) * equity, value * view.lltv[asset] * (1.0 - self.buffer))
        amount = min((wanted - debt) * self.step, view.loan_cash[asset] * 0.5, view.pool_cash[asset] * self.impact)
        if amount < 100.0:
            return []
        least = 0.97 * view.quote_buy(asset, amount)
        return view.desk.borrow(asset, amount) + view.desk.buy(asset, amount, least)

    def _sell(self, view: View, asset: int, value: float, debt: float) -> list[Call]:
        """Use what cash there is; then free as much collateral as the loan lets go, sell it and repay."""
        price = view.collateral_price[asset]
        spare = min(view.cash * 0.9, debt)
        calls = view.desk.repay(asset, spare)
        debt -= spare
        # what must go: sold at about the market price, it repays debt until assets are `leverage` times equity
        excess = max(value - self.leverage * max(value - debt, 0.0), 0.0)
        free = max(value - debt / (view.lltv[asset] * 0.999), 0.0)
        units = min(excess, free) / price
        if units * price < 100.0:
            return calls
        proceeds = view.quote_sell(asset, units)
        calls += view.desk.release(asset, units)
        calls += view.desk.sell(asset, units, 0.5 * proceeds)
        return calls + view.desk.repay(asset, min(0.85 * proceeds, debt))
