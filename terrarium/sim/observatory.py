"""Turns the market's state into views: keeps what was public when, and cuts out of it what each budget lets through."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from terrarium.market.economy import Economy
from terrarium.market.state import MarketState
from terrarium.sim.population import Agent
from terrarium.sim.view import Alert, Public

Floats = npt.NDArray[np.float64]
FIELDS = (
    "price",
    "appraisal",
    "income",
    "volume",
    "age",
    "pool_cash",
    "pool_units",
    "halted",
    "rate",
    "use",
    "lendable",
    "oracle",
)
PRICE, APPRAISAL, INCOME, VOLUME = range(4)


class Observatory:
    """Public history and everybody's holdings: ``look`` once a tick, then ``view`` for each agent."""

    def __init__(self, economy: Economy, agents: Sequence[Agent], *, ticks: int, tick_seconds: int, seed: int) -> None:
        self._economy = economy
        self._seed = seed
        self._count = len(agents)
        self._day = tick_seconds / 86_400
        self._names = tuple(asset.name for asset in economy.assets)
        reach = [a.budget.memory + a.budget.delay for a in agents]
        # rows before the start are NaN, so that every window is one slice
        self._pad = max(reach, default=1)
        self._history = np.full((self._pad + ticks, len(FIELDS), len(self._names)), np.nan)
        self._alerts: list[Alert] = []
        self._loans: deque[tuple[Floats, Floats]] = deque(maxlen=1 + max((a.budget.delay for a in agents), default=0))
        noisy = [r for r, a in zip(reach, agents, strict=True) if a.budget.noise > 0]
        self._errors: deque[Floats] | None = deque(maxlen=max(noisy)) if noisy else None

    def look(self, state: MarketState, tick: int, now: int) -> None:
        """Take in the market as the last block left it; ``now`` is the time of the coming block, in seconds."""
        self._tick = tick
        self._shared: dict[tuple[tuple[int, ...], int, int], Public] = {}
        market = state.figures(now)
        row = self._history[self._pad + tick]
        with np.errstate(divide="ignore", invalid="ignore"):
            row[:] = (
                market.price,
                market.appraisal,
                market.income,
                market.volume,
                now - market.appraised_at,
                market.pool_cash,
                market.pool_units,
                market.halted,
                market.loan_rate,
                np.where(market.supplied > 0, market.borrowed / market.supplied, 0.0),
                market.supplied - market.borrowed,
                market.collateral_price,
            )


"""
"""
