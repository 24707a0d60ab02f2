"""Scenario files: TOML in, validated settings out.

A scenario says everything that a run depends on. Errors name the line, the value and what would do.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")]


class Settings(BaseModel):
    """Base of all tables: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Distribution(Settings):
    """One number per agent: uniform(low, high), normal(mean, sd), lognormal(median, sigma) or choice(values)."""

    dist: Literal["uniform", "normal", "lognormal", "choice"]
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: NonNegative | None = None
    median: Positive | None = None
    sigma: NonNegative | None = None
    values: tuple[float | int | str, ...] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Distribution:
        needs = {
            "uniform": ("low", "high"),
            "normal": ("mean", "sd"),
            "lognormal": ("median", "sigma"),
            "choice": ("values",),
        }
        wanted = needs[self.dist]
        given = tuple(f for f in type(self).model_fields if f != "dist" and getattr(self, f) is not None)
        if set(given) != set(wanted):
            raise ValueError(f"{self.dist} takes exactly {', '.join(wanted)}; got {', '.join(given) or 'nothing'}")
        if self.dist == "uniform" and not self.low <= self.high:  # type: ignore[operator]
            raise ValueError(f"low ({self.low}) must not be above high ({self.high})")
        if self.dist == "choice" and not self.values:
            raise ValueError("values must not be empty")
        return self


class Asset(Settings):
    """One tokenised asset and the pool and loan market opened for it."""

    name: Name
    process: Name  # a module of terrarium.world.processes
    value: Positive  # dollars per token at block 0
    supply: Positive  # tokens issued
    group: str = ""  # assets of one process and group share one realisation (correlated values)
    params: dict[str, Any] = {}  # parameters of the process
    pool_share: Share = 0.05  # part of the supply that starts in the pool, with cash of equal worth beside it
    lltv: Share = 0.77  # liquidation loan-to-value of its loan market
    oracle: Literal["appraisal", "pool"] = "appraisal"


MAX_RATE = 10.0  # per year: what KinkedRate takes


class Market(Settings):
    """What is deployed beside the assets."""

    countries: tuple[int, ...] = (840, 276, 392, 702)  # ISO 3166-1 numeric; agents are spread over them
    accreditation: bool = False  # holders need a claim signed by a trusted issuer
    oracle_max_age: int = Field(0, ge=0)  # seconds after which loans refuse the feed; 0 = never
    rate_base: NonNegative = 0.01  # loan rate per year at zero use
    rate_kink: NonNegative = 0.06  # … at the kink
    rate_max: NonNegative = 0.60  # … at full use
    kink: float = Field(0.9, gt=0, lt=1)  # use at which the rate bends
    halt_exempts_loans: bool = True  # a halt lets collateral move in and out of the loan market (so liquidations go on)

    @model_validator(mode="after")
    def _rising(self) -> Market:
        if not self.rate_base <= self.rate_kink <= self.rate_max <= MAX_RATE:
            rates = f"{self.rate_base:g}, {self.rate_kink:g}, {self.rate_max:g}"
            raise ValueError(f"rate_base, rate_kink, rate_max: must not fall, nor pass {MAX_RATE:g}; got {rates}")
        return self


class World(Settings):
    """Feedback between prices and the physical world."""

    kappa: Share = 0.3  # weight of the market price in an appraisal
    gamma: Annotated[float, Field(ge=0, le=1)] = (
        0.05  # how fast upkeep follows the price: log-growth per tick per unit log(price / value)
    )
    wear_days: Positive = 365.0  # in which capacity that upkeep built or lost returns to normal (e-folding)
    income_every: int = Field(5, ge=1, le=10_000)  # ticks between payments to holders


class Feeds(Settings):
    """How the world reports to the chain."""

    quorum: int = Field(2, ge=1, le=31)  # reports that close a round
    max_age: int = Field(3 * 86_400, ge=1)  # seconds after which a feed counts as stale
    round_timeout: int = Field(86_400, ge=1)  # seconds after which an unfilled round is abandoned


class Shock(Settings):
    """Something that happens to the world, never to the price."""

    tick: int = Field(ge=0)
    kind: Name  # a module of terrarium.world.shocks
    assets: tuple[Name, ...] = ()  # empty: all
    params: dict[str, Any] = {}


class BudgetSettings(Settings):
    """What an agent may see and compute. See `terrarium.sim.view.Budget`."""

    assets: tuple[Name, ...] = ()  # empty: all
    peers: int = Field(20, ge=0, le=100_000)
    delay: int = Field(0, ge=0, le=1_000)
    noise: NonNegative = 0.0
    memory: int = Field(32, ge=1, le=1_000)
    evaluations: int = Field(256, ge=0, le=1_000_000)


class Group(Settings):
    """A group of agents that follow one strategy."""

    strategy: Name
    count: int = Field(ge=0, le=100_000)
    cash: NonNegative | Distribution = 0.0  # dollars
    holdings: dict[str, NonNegative | Distribution] = {}  # dollars' worth at block 0, by asset name; "*" = each asset
    params: dict[str, Any] = {}  # number, string, or a distribution
    budget: BudgetSettings = BudgetSettings()
    adversary: bool = False  # the `adversarial` order lets these go first
    fixed: bool = False  # --agents does not scale this group (reporters, guardian)


class Rule(Settings):
    """One alert rule's settings; see the modules of terrarium.risk.monitor.rules."""

    rule: Name
    params: dict[str, Any] = {}


class Scenario(Settings):
    """Everything a run depends on."""

    name: Name
    title: str = ""
    description: str = ""
    seed: int = Field(1, ge=0, lt=2**63)
    ticks: int = Field(ge=1, le=1_000_000)
    tick_seconds: int = Field(86_400, ge=1, le=31_536_000)
    order: Literal["seeded", "priority-fee", "adversarial"] = "seeded"
    assets: tuple[Asset, ...] = Field(min_length=1, max_length=64)
    market: Market = Market()
    world: World = World()
    feeds: Feeds = Feeds()
    shocks: tuple[Shock, ...] = ()
    agents: tuple[Group, ...] = Field(min_length=1)
    monitor: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        names = [a.name for a in self.assets]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"assets: the name {name!r} stands twice; give each asset its own")
        known = ", ".join(names)
        for i, shock in enumerate(self.shocks):
            for asset in shock.assets:
                if asset not in names:
                    raise ValueError(f"shocks[{i}].assets: no asset {asset!r}; there are {known}")
            if shock.tick >= self.ticks:
                raise ValueError(f"shocks[{i}].tick: {shock.tick} is past the last tick ({self.ticks - 1})")
        for i, group in enumerate(self.agents):
            for asset in (*group.budget.assets, *group.holdings):
                if asset != "*" and asset not in names:
                    raise ValueError(f"agents[{i}]: no asset {asset!r}; there are {known}")
        return self
