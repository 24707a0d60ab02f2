"""Buys and sells at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class NoiseTrader(Strategy):
    """Buys or sells a small part of what it has, at random moments and without a view: the crowd that makes markets liquid.

    Source: F. Black, "Noise", Journal of Finance 41 (1986).
    """

    activity: Annotated[float, Field(ge=0, le=1)] = 0.15  # chance of trading in a tick
    size: Annotated[float, Field(gt=0, le=1)] = 0.05  # mean share of its cash, or of its tokens, that it trades

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Toss for whether, what, which side and how much."""
        if rng.random() >= self.activity:
            return []
        asset = view.assets[int(rng.integers(len(view.assets)))]
        if view.halted[asset]:
            return []
        share = min(rng.exponential(self.size), 0.5)
        if rng.random() < 0.5:
            return view.desk.buy(asset, view.cash * share)
        return view.desk.sell(asset, view.units[asset] * share)
