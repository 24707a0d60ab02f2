"""Turns the market's state into views: keeps what was public when, and cuts out of it what each budget lets through."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from terrarium.market.desk import Books, Desk
from terrarium.market.economy import POOL_FEE
from terrarium.market.state import Figures, Holdings, MarketState
from terrarium.random import keyed
from terrarium.sim.population import Agent
from terrarium.sim.view import Alert, Borrowers, Budget, Meter, Public, Row, View

Floats = npt.NDArray[np.float64]
FIELDS = ("price", "appraisal", "income", "volume", "age", "pool_cash", "pool_units", "halted", "loan_rate", "loan_use",
          "loan_cash", "collateral_price")  # fmt: skip
AT = {name: i for i, name in enumerate(FIELDS)}
NOBODY = Borrowers(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0))


class Observatory:
    """Public history and everybody's holdings: ``look`` once a tick, then ``view`` for each agent. n assets."""

    def __init__(self, books: Books, agents: Sequence[Agent], *, ticks: int, tick_seconds: int, seed: int) -> None:
        self._seed = seed
        self._agents = len(agents)
        self._day = tick_seconds / 86_400
        self._names = books.economy.names
        self._appraised = np.array([asset.appraised for asset in books.economy.assets])
        self._meters = [Meter(agent.budget.evaluations) for agent in agents]
        self._desks = [Desk(books, agent.id, self._meters[agent.id].spend) for agent in agents]
        self._fixed = [(loans.lltv / 10**18, loans.incentive() / 10**18) for loans in books.state.loans]
        reach = [a.budget.memory + a.budget.delay for a in agents]
        # rows before the start are NaN, so that every window is one slice
        self._pad = max(reach, default=1)
        self._history = np.empty((self._pad + ticks, len(FIELDS), len(self._names)))
        self._history[: self._pad] = np.nan
        self._alerts: list[Alert] = []
        self._loans: deque[tuple[Floats, Floats]] = deque(maxlen=1 + max((a.budget.delay for a in agents), default=0))
        noisy = [r for r, a in zip(reach, agents, strict=True) if a.budget.noise > 0]
        # log-errors by tick, kept as far back as anybody looks: a price remembered is the price that was seen
        self._errors: deque[Floats] = deque(maxlen=max(noisy, default=0))

    def look(self, state: MarketState, figures: Figures, holdings: Holdings, tick: int, now: int) -> None:
        """Take in the market as the last block left it; ``now`` is the time of the coming block, in seconds."""
        self._tick = tick
        self._shared: dict[tuple[tuple[int, ...], int, int], Public] = {}
        self._history[self._pad + tick] = (
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
        )
        self._alerts += [Alert(tick, *posted) for posted in state.alerts]
        self._loans.append((holdings.collateral[: self._agents], holdings.debt[: self._agents]))
        self._holdings = holdings
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
        if readings and len(budget.assets) < len(readings):
            readings = tuple(r if i in budget.assets else np.nan for i, r in enumerate(readings))
        meter = self._meters[agent.id]
        meter.asked = 0
        return View(agent.id, budget, public, self._holdings, self._borrowers, self._desks[agent.id], meter, readings)

    def _cut(self, budget: Budget) -> Public:
        """Copies, so that nothing hidden, earlier or later hangs behind an array."""
        end = self._pad + self._tick + 1 - budget.delay
        window = self._history[end - budget.memory : end].copy()
        hidden = [i for i in range(len(self._names)) if i not in budget.assets]
        window[:, :, hidden] = np.nan
        window.flags.writeable = False
        newest = window[-1].tolist()
        since, until = self._tick - budget.delay - budget.memory, self._tick - budget.delay
        return Public(
            tick=self._tick,
            day=self._day,
            names=self._names,
            assets=budget.assets,
            prices=window[:, AT["price"]],
            appraisals=window[:, AT["appraisal"]],
            incomes=window[:, AT["income"]],
            volumes=window[:, AT["volume"]],
            price=tuple(newest[AT["price"]]),
            appraisal=tuple(newest[AT["appraisal"]]),
            appraisal_age=tuple(newest[AT["age"]]),
            pool_cash=tuple(newest[AT["pool_cash"]]),
            pool_units=tuple(newest[AT["pool_units"]]),
            halted=tuple(h == 1.0 for h in newest[AT["halted"]]),
            loan_rate=tuple(newest[AT["loan_rate"]]),
            loan_use=tuple(newest[AT["loan_use"]]),
            loan_cash=tuple(newest[AT["loan_cash"]]),
            lltv=tuple(lltv for lltv, _ in self._fixed),
            incentive=tuple(incentive for _, incentive in self._fixed),
            collateral_price=tuple(newest[AT["collateral_price"]]),
            pool_fee=POOL_FEE,
            alerts=tuple(
                a for a in self._alerts if since < a.tick <= until and (a.asset < 0 or a.asset in budget.assets)
            ),
        )

    def _blur(self, public: Public, agent: Agent) -> Public:
        """The agent's own errors on prices and appraisals, and on what either could be read from: pools and oracles."""
        budget = agent.budget
        end = len(self._errors) - budget.delay
        errors = np.stack([e[agent.id] for e in list(self._errors)[max(0, end - budget.memory) : max(0, end)]] or
                          [np.zeros((2, len(self._names)))])  # fmt: skip
        factor = np.ones((budget.memory, 2, len(self._names)))
        factor[-len(errors) :] = np.exp(budget.noise * errors)
        prices, appraisals = public.prices * factor[:, 0], public.appraisals * factor[:, 1]
        prices.flags.writeable = appraisals.flags.writeable = False
        last = factor[-1, 0]
        return replace(
            public,
            prices=prices,
            appraisals=appraisals,
            price=tuple(prices[-1].tolist()),
            appraisal=tuple(appraisals[-1].tolist()),
            pool_cash=tuple((np.array(public.pool_cash) * last).tolist()),
            collateral_price=tuple(
                (np.array(public.collateral_price) * np.where(self._appraised, factor[-1, 1], last)).tolist()
            ),
        )

    def _borrowers(self, agent: int, budget: Budget, asset: int, price: float) -> Borrowers:
        """A sample of the loans against ``asset`` as they were ``delay`` ticks ago, at the price the agent sees."""
        if asset not in budget.assets or len(self._loans) <= budget.delay:
            return NOBODY
        collateral, debt = self._loans[-1 - budget.delay]
        others = np.flatnonzero(debt[:, asset] > 0)
        others = others[others != agent]
        if len(others) > budget.peers:
            drawn = keyed(self._seed, "peers", agent, asset, self._tick).permutation(len(others))[: budget.peers]
            others = others[np.sort(drawn)]
        held, owed = collateral[others, asset], debt[others, asset]
        with np.errstate(divide="ignore"):
            return Borrowers(others, held, owed, owed / (held * price))
