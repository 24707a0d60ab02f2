"""Turns the market's state into views: keeps what was public when, and cuts out of it what each budget lets through."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from terrarium.market.desk import Desk
from terrarium.market.economy import Economy
from terrarium.market.state import MarketState
from terrarium.random import keyed
from terrarium.sim.population import Agent
from terrarium.sim.view import Alert, Borrowers, Budget, Own, Public, Row, View

Floats = npt.NDArray[np.float64]
FIELDS = ("price", "appraisal", "income", "volume", "age", "pool_cash", "pool_units", "halted", "loan_rate", "loan_use",
          "loan_cash", "collateral_price")  # fmt: skip
COLUMN = {name: i for i, name in enumerate(FIELDS)}


class Observatory:
    """Public history and everybody's holdings: ``look`` once a tick, then ``view`` for each agent. n assets."""

    def __init__(self, economy: Economy, agents: Sequence[Agent], *, ticks: int, tick_seconds: int, seed: int) -> None:
        self._economy = economy
        self._seed = seed
        self._agents = len(agents)
        self._day = tick_seconds / 86_400
        self._names = tuple(asset.name for asset in economy.assets)
        reach = [a.budget.memory + a.budget.delay for a in agents]
        # rows before the start are NaN, so that every window is one slice
        self._pad = max(reach, default=1)
        self._history = np.full((self._pad + ticks, len(FIELDS), len(self._names)), np.nan)
        self._alerts: list[Alert] = []
        self._loans: deque[tuple[Floats, Floats]] = deque(maxlen=1 + max((a.budget.delay for a in agents), default=0))
        noisy = [r for r, a in zip(reach, agents, strict=True) if a.budget.noise > 0]
        # log-errors by tick, kept as far back as anybody looks: a price remembered is the price that was seen
        self._errors: deque[Floats] = deque(maxlen=max(noisy, default=0))

    def look(self, state: MarketState, tick: int, now: int) -> None:
        """Take in the market as the last block left it; ``now`` is the time of the coming block, in seconds."""
        self._tick = tick
        self._state = state
        self._shared: dict[tuple[tuple[int, ...], int, int], Public] = {}
        figures = state.figures(now)
        row = self._history[self._pad + tick]
        row[:] = [
            figures.price,
            figures.appraisal,
            figures.income,
            figures.volume,
            now - figures.appraised_at,
            figures.pool_cash,
            figures.pool_units,
            figures.halted,
            figures.loan_rate,
            figures.loan_use,
            figures.supplied - figures.borrowed,
            figures.collateral_price,
        ]
        self._alerts.extend(Alert(tick, *posted) for posted in state.alerts)
        holdings = state.holdings(now)
        self._loans.append((holdings.collateral, holdings.debt))
        self._own = [Own(*row) for row in holdings.rows(self._agents)]
        if self._errors.maxlen:
            draws = keyed(self._seed, "noise", tick).standard_normal((self._agents, 2, len(self._names)))
            self._errors.append(draws)

    def view(self, agent: Agent, readings: Row = ()) -> View:
        """What ``agent`` sees this tick."""
        budget = agent.budget
        key = (budget.assets, budget.delay, budget.memory)
        public = self._shared.get(key)
        if public is None:
            public = self._shared[key] = self._cut(budget)
        if budget.noise > 0:
            public = self._blur(public, agent)
        return View(agent, public, self._own[agent.id], self._borrowers, self._desk, readings)
