"""What an agent sees: only what its budget of information lets through, and what it asks is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from terrarium.errors import BudgetExceeded

if TYPE_CHECKING:
    from terrarium.market.desk import Desk
    from terrarium.market.state import Holdings

Floats = npt.NDArray[np.float64]
Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """What an agent may see and compute; enforced by `View`.

    assets: column indices it sees. peers: borrowers it can look at per ask. delay: ticks by which public figures are
    late. noise: standard deviation of the log-error on prices and appraisals. memory: rows of history. evaluations:
    asks per tick.
    """

    assets: tuple[int, ...]
    peers: int
    delay: int
    noise: float
    memory: int
    evaluations: int


class Alert(NamedTuple):
    """A warning the monitor posted on chain. ``asset`` is -1 where it concerns the whole market."""

    tick: int
    rule: str
    asset: int
    severity: int
    value: float
    threshold: float


class Borrowers(NamedTuple):
    """Loans of k others against one asset: account number, collateral (tokens), debt (dollars), loan-to-value."""

    account: npt.NDArray[np.int64]
    collateral: Floats
    debt: Floats
    ltv: Floats


@dataclass(frozen=True, slots=True)
class Public:
    """The public part of a view: shared by all agents with the same budget of information. n assets; see `View`."""

    tick: int
    day: float
    names: tuple[str, ...]
    assets: tuple[int, ...]
    prices: Floats
    appraisals: Floats
    incomes: Floats
    volumes: Floats
    price: Row
    appraisal: Row
    appraisal_age: Row
    pool_cash: Row
    pool_units: Row
    halted: tuple[bool, ...]
    loan_rate: Row
    loan_use: Row
    loan_cash: Row
    lltv: Row
    incentive: Row
    collateral_price: Row
    pool_fee: float
    alerts: tuple[Alert, ...]


class Own(NamedTuple):
    """What an agent has, exactly, as of the last block: dollars, tokens, share of each pool (0..1)."""

    cash: float
    units: Row
    lp: Row
    collateral: Row
    debt: Row
    supplied: Row
    wealth: float

    @classmethod
    def of(cls, holdings: Holdings, agent: int) -> Own:
        """One agent's row, as plain floats: they are faster to decide with than numpy's."""
        units, lp, collateral, debt, supplied = (tuple(column[agent].tolist()) for column in holdings[1:-1])
        cash, wealth = float(holdings.cash[agent]), float(holdings.wealth[agent])
        return cls(cash, units, lp, collateral, debt, supplied, wealth)


class Meter:
    """Counts what one agent asks in a tick: a view kept from an earlier tick spends from the same purse."""

    __slots__ = ("_most", "asked")

    def __init__(self, most: int) -> None:
        self._most = most
        self.asked = 0

    @property
    def exceeded(self) -> bool:
        """Whether there was one too many."""
        return self.asked > self._most

    def spend(self) -> None:
        """One evaluation more. Raises `BudgetExceeded` where that is one too many."""
        self.asked += 1
        if self.exceeded:
            raise BudgetExceeded(f"more than {self._most} evaluations in one tick")


def _public(name: str, doc: str) -> property:
    return property(lambda self: getattr(self._public, name), doc=doc)


def _own(name: str, doc: str) -> property:
    return property(lambda self: getattr(self._mine(), name), doc=doc)


class View:
    """One agent's sight of one tick. Dollars and tokens as floats; n assets, indexed by column; NaN where hidden.

    Public figures are late and noisy as the budget says; an agent's own are exact. Each ask (`quote_buy`, `quote_sell`,
    `borrowers`, every `desk` method) costs one evaluation; one too many raises `BudgetExceeded`.
    """

    __slots__ = ("_agent", "_borrowers", "_budget", "_desk", "_holdings", "_meter", "_own", "_public", "_readings")

    def __init__(
        self,
        agent: int,
        budget: Budget,
        public: Public,
        holdings: Holdings,
        borrowers: Callable[[int, Budget, int, float], Borrowers],
        desk: Desk,
        meter: Meter,
        readings: Row = (),
    ) -> None:
        self._agent = agent
        self._budget = budget
        self._public = public
        self._holdings = holdings  # everybody's; a row is cut out when the agent first looks at itself
        self._own: Own | None = None
        self._borrowers = borrowers
        self._desk = desk
        self._meter = meter
        self._readings = readings

    agent = property(lambda self: self._agent, doc="Number of this agent.")
    readings = property(
        lambda self: self._readings, doc="[n] reporters only: what it measured this tick; NaN: nothing."
    )
    tick = _public("tick", "Number of this tick, from 0.")
    day = _public("day", "Length of a tick in days.")
    names = _public("names", "Names of all assets, by column.")
    assets = _public("assets", "Columns this agent sees.")
    prices = _public("prices", "[memory, n] pool mid prices, newest last; NaN before the start.")
    appraisals = _public("appraisals", "[memory, n] answers of the chain's feeds.")
    incomes = _public("incomes", "[memory, n] dollars paid per token in each tick.")
    volumes = _public("volumes", "[memory, n] dollars traded on the pool in each tick.")
    price = _public("price", "[n] newest pool mid price.")
    appraisal = _public("appraisal", "[n] newest answer of the feed.")
    appraisal_age = _public("appraisal_age", "[n] seconds since the feed's newest round.")
    pool_cash = _public("pool_cash", "[n] dollars in the pool.")
    pool_units = _public("pool_units", "[n] tokens in the pool.")
    halted = _public("halted", "[n] whether the token's transfers are halted.")
    loan_rate = _public("loan_rate", "[n] yearly rate on loans against the asset.")
    loan_use = _public("loan_use", "[n] borrowed / supplied.")
    loan_cash = _public("loan_cash", "[n] dollars that can be borrowed or withdrawn now.")
    lltv = _public("lltv", "[n] loan-to-value at which a loan may be liquidated.")
    incentive = _public("incentive", "[n] collateral value seized per dollar repaid, at least 1.")
    collateral_price = _public("collateral_price", "[n] dollars per token as the loan market's oracle says.")
    pool_fee = _public("pool_fee", "Share of the input that a swap pays to the pool.")
    alerts = _public("alerts", "Alerts seen on chain within the memory window, oldest first.")
    cash = _own("cash", "Dollars held.")
    units = _own("units", "[n] tokens held.")
    lp = _own("lp", "[n] share of the pool owned, 0..1.")
    collateral = _own("collateral", "[n] tokens posted.")
    debt = _own("debt", "[n] dollars owed, with interest.")
    supplied = _own("supplied", "[n] dollars lent, with interest.")
    wealth = _own("wealth", "Dollars, all holdings marked at pool prices.")

    @property
    def overspent(self) -> bool:
        """Whether more was asked than the budget allows."""
        return self._meter.exceeded

    @property
    def desk(self) -> Desk:
        """Builds this agent's calls."""
        return self._desk

    def quote_buy(self, asset: int, cash: float) -> float:
        """Tokens that ``cash`` dollars would buy on the pool now (constant product, fee on the input)."""
        self._meter.spend()
        cash *= 1.0 - self._public.pool_fee
        return self._public.pool_units[asset] * cash / (self._public.pool_cash[asset] + cash) if cash > 0.0 else 0.0

    def quote_sell(self, asset: int, units: float) -> float:
        """Dollars that ``units`` tokens would bring on the pool now."""
        self._meter.spend()
        units *= 1.0 - self._public.pool_fee
        return self._public.pool_cash[asset] * units / (self._public.pool_units[asset] + units) if units > 0.0 else 0.0

    def borrowers(self, asset: int) -> Borrowers:
        """Loans of others against ``asset``: a random sample of at most ``budget.peers``, none where it is hidden."""
        self._meter.spend()
        return self._borrowers(self._agent, self._budget, asset, self._public.collateral_price[asset])

    def _mine(self) -> Own:
        if self._own is None:
            self._own = Own.of(self._holdings, self._agent)
        return self._own
