"""Who takes part: strategies drawn from the scenario's groups, each with its own keyed draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import Any

from numpy.random import Generator
from pydantic import TypeAdapter, ValidationError

from terrarium.errors import InputError, ScenarioError
from terrarium.random import key, keyed
from terrarium.scenario import Distribution, Group, Scenario
from terrarium.sim.feasible import feasible
from terrarium.sim.registry import strategies
from terrarium.sim.strategy import Strategy
from terrarium.sim.view import Budget

MOST = 1e12  # dollars: in smallest units, well within 64 bits


@dataclass(slots=True)
class Agent:
    """One member of the population. ``id`` counts from 0; ``key`` names its draws, whatever other groups there are."""

    id: int
    key: int
    name: str  # account name: "agent:strategy:3", "reporter:0", "guardian"
    strategy: Strategy
    kind: str  # name of the strategy
    budget: Budget
    cash: float  # dollars at the start
    holdings: tuple[float, ...]  # dollars' worth at the start, by asset
    country: int
    adversary: bool
    params: dict[str, Any]
    benched: bool = False


def scaled(scenario: Scenario, agents: int) -> Scenario:
    """``scenario`` with ``agents`` agents in all; groups not ``fixed`` keep their proportions (largest remainder).

    More agents than the scenario has bring as many more tokens with them, in and out of the pools.
    Raises `InputError` where that cannot be.
    """
    fixed = sum(group.count for group in scenario.agents if group.fixed)
    free = sum(group.count for group in scenario.agents) - fixed
    if free == 0 and agents != fixed:
        raise InputError(f"agents: none of this scenario's {fixed} agents scale; leave the number away")
    if agents < fixed:
        raise InputError(
            f"agents: {agents} is too few: {fixed} of this scenario's agents do not scale; give {fixed + 1} or more"
        )
    exact = [g.count if g.fixed else g.count * (agents - fixed) / max(free, 1) for g in scenario.agents]
    counts = [int(x) for x in exact]
    by_remainder = sorted(range(len(counts)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: agents - sum(counts)]:
        counts[i] += 1
    groups = tuple(g.model_copy(update={"count": c}) for g, c in zip(scenario.agents, counts, strict=True))
    growth = max(1.0, (agents - fixed) / max(free, 1))
    assets = tuple(asset.model_copy(update={"supply": asset.supply * growth}) for asset in scenario.assets)
    return scenario.model_copy(update={"agents": groups, "assets": assets})


def populate(scenario: Scenario) -> list[Agent]:
    """Draw the population of ``scenario`` under its seed.

    Raises `ScenarioError` for an unknown strategy, a parameter it does not take or cannot use, money that no account
    can hold, more than one guardian, or what is not `feasible`.
    """
    seed, kinds = scenario.seed, strategies()
    population: list[Agent] = []
    members: Counter[str] = Counter()  # so far, by strategy
    roles: Counter[str] = Counter()  # … and by role
    columns = {asset.name: i for i, asset in enumerate(scenario.assets)}
    for index, group in enumerate(scenario.agents):
        where = f"agents[{index}]"
        if group.strategy not in kinds:
            raise ScenarioError(
                f"{where}.strategy: no strategy {group.strategy!r}; there are {', '.join(sorted(kinds))}"
            )
        cls = kinds[group.strategy]
        build = TypeAdapter(cls)
        takes = [field.name for field in fields(cls) if field.init]
        if unknown := set(group.params) - set(takes):
            known = ", ".join(takes) or "none"
            raise ScenarioError(
                f"{where}.params.{min(unknown)}: {group.strategy} has no such parameter; it takes {known}"
            )
        for _ in range(group.count):
            ordinal = members[group.strategy]
            draw = _Draws(where, seed, group.strategy, ordinal)
            params = {name: draw(f"params.{name}", value) for name, value in group.params.items()}
            try:
                strategy = build.validate_python(params)
            except ValidationError as error:
                first = error.errors()[0]
                at = ".".join(map(str, first["loc"]))
                raise ScenarioError(f"{where}.params.{at}: {first['msg']}; got {first['input']!r}") from None
            holdings = [0.0] * len(columns)
            for name, value in group.holdings.items():
                for asset in columns if name == "*" else [name]:
                    holdings[columns[asset]] = draw.dollars(f"holdings.{asset}", value)
            if cls.role == "guardian" and roles["guardian"]:
                raise ScenarioError(f"{where}.count: a second guardian; the switch has one holder, so give one in all")
            population.append(
                Agent(
                    id=len(population),
                    key=int(key(seed, "agent", group.strategy, ordinal)[0]),
                    name=_account(cls.role, group.strategy, roles["reporter"] if cls.role == "reporter" else ordinal),
                    strategy=strategy,
                    kind=group.strategy,
                    budget=_budget(group, columns),
                    cash=draw.dollars("cash", group.cash),
                    holdings=tuple(holdings),
                    country=scenario.market.countries[ordinal % len(scenario.market.countries)],
                    adversary=group.adversary,
                    params=params,
                )
            )
            members[group.strategy] += 1
            roles[cls.role] += 1
    feasible(scenario, population)
    return population


class _Draws:
    """The draws of one agent, each keyed by the name of what is drawn."""

    def __init__(self, where: str, seed: int, strategy: str, ordinal: int) -> None:
        self._where = where
        self._key = (seed, "population", strategy, ordinal)

    def __call__(self, name: str, value: Any) -> Any:
        if isinstance(value, dict) and "dist" in value:
            try:
                value = Distribution.model_validate(value)
            except ValidationError as error:
                first = error.errors()[0]
                raise ScenarioError(f"{self._where}.{name}: {first['msg'].removeprefix('Value error, ')}") from None
        if not isinstance(value, Distribution):
            return value
        return _sample(value, keyed(*self._key, name))

    def dollars(self, name: str, value: Any) -> float:
        """A draw that is an amount of money."""
        drawn = self(name, value)
        if isinstance(drawn, str) or not 0.0 <= drawn <= MOST:
            raise ScenarioError(
                f"{self._where}.{name}: drew {drawn!r}, which no account can hold; give a distribution within "
                f"0 and {MOST:g}, such as lognormal"
            )
        return float(drawn)


def _sample(d: Distribution, rng: Generator) -> Any:
    match d:
        case Distribution(dist="uniform", low=float(low), high=float(high)):
            return float(rng.uniform(low, high))
        case Distribution(dist="normal", mean=float(mean), sd=float(sd)):
            return float(rng.normal(mean, sd))
        case Distribution(dist="lognormal", median=float(median), sigma=float(sigma)):
            return float(median * rng.lognormal(0.0, sigma))
        case Distribution(values=tuple(values)):
            return values[int(rng.integers(len(values)))]
    raise AssertionError(d)  # `Distribution` lets nothing else through


def _account(role: str, strategy: str, ordinal: int) -> str:
    match role:
        case "reporter":
            return f"reporter:{ordinal}"
        case "guardian":
            return "guardian"
        case _:
            return f"agent:{strategy}:{ordinal}"


def _budget(group: Group, columns: dict[str, int]) -> Budget:
    b = group.budget
    assets = tuple(sorted({columns[name] for name in b.assets} or columns.values()))
    return Budget(assets, b.peers, b.delay, b.noise, b.memory, b.evaluations)
