"""Lends cash where it pays best, and runs when it smells trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class Lender(Strategy):
    """Lends where a dollar earns most, moves to where it earns more, and runs when it is afraid.

    It runs, as long as there is cash to be had, when a loan market is nearly drained, when its collateral has fallen by
    ``fear``, or when it has lost money on bad debt.

    Source: D. Diamond and P. Dybvig, "Bank runs, deposit insurance, and liquidity", JPE 91 (1983), for the incentive.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.8  # of its cash that it lends in all
    least: Annotated[float, Field(ge=0, le=10)] = 0.0  # yearly return below which it does not lend
    hope: Annotated[float, Field(ge=0, le=1)] = 0.5  # use it expects of cash newly lent, where nothing else is known
    margin: Annotated[float, Field(ge=0, le=10)] = 0.01  # yearly return that another market must pay more to move there
    fear: Annotated[float, Field(gt=0, lt=1)] = 0.2  # fall of the collateral from its best that makes it run
    drained: Annotated[float, Field(gt=0, le=1)] = 0.97  # use of a loan market that makes it run
    calm: Annotated[int, Field(ge=0, le=100_000)] = 20  # ticks without a cause for fear before it comes back
    period: Annotated[int, Field(ge=1, le=10_000)] = 5  # ticks between two adjustments, a run aside
    _had: dict[int, float] = field(default_factory=dict, init=False)  # dollars lent, by asset, when last looked at
    _best: dict[int, float] = field(default_factory=dict, init=False)  # highest price seen, slowly forgotten
    _until: dict[int, int] = field(default_factory=dict, init=False)  # tick before which it stays out

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Flee first; at leisure, lend what is idle and move what earns too little."""
        calls: list[Call] = []
        tick, price, supplied, use = view.tick, view.price, view.supplied, view.loan_use
        for a in view.assets:
            best = self._best.get(a, 0.0) * 0.999
            self._best[a] = best = max(best, price[a])
            lost = supplied[a] < self._had.get(a, 0.0) - 1.0
            self._had[a] = supplied[a]
            if lost or use[a] >= self.drained or price[a] < (1.0 - self.fear) * best:
                self._until[a] = tick + self.calm
            if supplied[a] > 1.0 and tick < self._until.get(a, 0):
                calls += self._take(view, a, supplied[a])
        if calls or (tick + view.agent) % self.period:
            return calls
        open_ = [a for a in view.assets if tick >= self._until.get(a, 0) and view.loan_rate[a] >= 0.0]
        return self._allot(view, open_) if open_ else []

    def _allot(self, view: View, markets: list[int]) -> list[Call]:
        """Idle cash goes out in quarters, each to what then pays best; the worst market is left for a better one."""
        calls: list[Call] = []
        idle = view.cash - (1.0 - self.share) * (view.cash + sum(view.supplied[a] for a in view.assets))
        given = dict.fromkeys(markets, 0.0)
        for _ in range(4 if idle >= 1_000.0 else 0):
            pays, best = max((self._pays(view, a, given[a] + idle / 4.0), -a) for a in markets)
            if pays >= self.least:
                given[-best] += idle / 4.0
        for a, cash in given.items():
            calls += view.desk.lend(a, cash)
        lent = [a for a in markets if view.supplied[a] > 1.0]
        if lent and not calls:
            earns, worst = min((view.loan_rate[a] * view.loan_use[a], a) for a in lent)
            moved = view.supplied[worst] / 4.0
            if max(self._pays(view, a, moved) for a in markets) > earns + self.margin:
                calls += self._take(view, worst, moved)
        return calls

    def _pays(self, view: View, asset: int, cash: float) -> float:
        """Yearly return on a dollar once ``cash`` more is lent: the rate on what is borrowed, shared by all lenders."""
        use = view.loan_use[asset]
        supplied = view.loan_cash[asset] / (1.0 - use) if use < 1.0 else cash
        return float(view.loan_rate[asset] * (use * supplied + self.hope * cash) / max(supplied + cash, 1.0))

    def _take(self, view: View, asset: int, cash: float) -> list[Call]:
        """Withdraw, at most what the market can pay; what is taken on purpose is no loss."""
        cash = min(cash, 0.25 * view.loan_cash[asset])  # others want theirs in the same block
        self._had[asset] = view.supplied[asset] - cash
        return view.desk.unlend(asset, cash) if cash > 1.0 else []
