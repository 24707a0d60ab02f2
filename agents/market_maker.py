"""Provides liquidity to the pools, and flees when the water gets rough."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class MarketMaker(Strategy):
    """Puts cash and tokens into the pools for their fees, and takes them out in rough weather: depth goes when needed.

    It leaves while the price moves so much that fees no longer pay for the loss against rebalancing (σ²/8 per unit of
    time), or has fallen far from its peak, and comes back when it is calm. Volatility is exponentially weighted.

    Source: J. Milionis et al., "Automated market making and loss-versus-rebalancing", arXiv 2208.06046.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.6  # of its cash that it puts to work
    calm: Annotated[float, Field(gt=0, lt=1)] = 0.02  # volatility per day below which it provides
    rough: Annotated[float, Field(gt=0, lt=1)] = 0.05  # … above which it leaves
    drawdown: Annotated[float, Field(gt=0, lt=1)] = 0.15  # fall from the peak at which it leaves
    memory: Annotated[float, Field(ge=1, le=10_000)] = 8.0  # ticks: mean age of the moves that make up volatility
    _last: dict[int, float] = field(default_factory=dict, init=False)  # price of the tick before, by asset
    _peak: dict[int, float] = field(default_factory=dict, init=False)  # highest price, slowly forgotten
    _variance: dict[int, float] = field(default_factory=dict, init=False)  # of the log-price, per tick

    def __post_init__(self) -> None:
        if self.rough <= self.calm:
            raise ValueError(f"rough ({self.rough}) must be above calm ({self.calm})")

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Enter calm pools, leave rough ones."""
        calls: list[Call] = []
        price, provided, halted, day = view.price, view.lp, view.halted, view.day
        calm, rough = self.calm * self.calm * day, self.rough * self.rough * day
        for a in view.assets:
            here = price[a]
            if not here > 0.0:
                continue
            variance, fallen = self._look(a, here)
            if halted[a]:
                continue
            if provided[a] > 0.0:
                if variance > rough or fallen > self.drawdown:
                    calls += view.desk.remove_liquidity(a, 1.0)
            elif variance < calm and fallen < self.drawdown / 2.0:
                cash = min(view.cash * self.share / len(view.assets), view.units[a] * here)
                calls += view.desk.add_liquidity(a, cash, cash / here)
        return calls

    def _look(self, asset: int, price: float) -> tuple[float, float]:
        """Variance per tick and fall from the peak, with this price taken in."""
        last = self._last.get(asset, price)
        move = log(price / last) if price != last else 0.0
        before = self._variance.get(asset, 0.0)
        self._variance[asset] = variance = before + (move * move - before) / self.memory
        peak = self._peak.get(asset, price)
        self._peak[asset] = peak = price if price >= peak else peak + (price - peak) / (4.0 * self.memory)
        self._last[asset] = price
        return variance, 1.0 - price / peak
