"""Who takes part: strategies drawn from the scenario's groups, each with its own keyed draws."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from numpy.random import Generator
from pydantic import TypeAdapter, ValidationError

from terrarium.errors import InputError, ScenarioError
from terrarium.random import key, keyed
from terrarium.scenario import Distribution, Group, Scenario
from terrarium.sim.registry import strategies
from terrarium.sim.strategy import Strategy
from terrarium.sim.view import Budget


@dataclass(slots=True)
class Agent:
    """One member of the population. ``id`` counts from 0; ``key`` names its random draws and outlives other groups' changes."""

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
    """``scenario`` with ``agents`` agents in all: groups that are not ``fixed`` keep their proportions (largest remainder)."""
    fixed = sum(group.count for group in scenario.agents if group.fixed)
    free = sum(group.count for group in scenario.agents) - fixed
    if agents < fixed or (free == 0 and agents != fixed):
        raise InputError(
            f"agents: {agents} is too few: {fixed} of this scenario's agents do not scale; give {fixed + 1}"
        )
    exact = [g.count if g.fixed else g.count * (agents - fixed) / max(free, 1) for g in scenario.agents]
    counts = [int(x) for x in exact]
    by_remainder = sorted(range(len(counts)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: agents - sum(counts)]:
        counts[i] += 1
    groups = tuple(g.model_copy(update={"count": c}) for g, c in zip(scenario.agents, counts, strict=True))
    return scenario.model_copy(update={"agents": groups})


def populate(scenario: Scenario) -> list[Agent]:
    """Draw the population of ``scenario`` under its seed.

    Raises `ScenarioError` for an unknown strategy or a parameter it does not take or cannot use.
    """
    seed = scenario.seed
    population: list[Agent] = []
    seen: dict[str, int] = {}
    columns = {asset.name: i for i, asset in enumerate(scenario.assets)}
    for index, group in enumerate(scenario.agents):
        kinds = strategies()
        if group.strategy not in kinds:
            raise ScenarioError(
                f"agents[{index}].strategy: no strategy {group.strategy!r}; there are {', '.join(sorted(kinds))}"
            )
        cls = kinds[group.strategy]
        build = TypeAdapter(cls)
        for _ in range(group.count):
            ordinal = seen.get(group.strategy, 0)
            seen[group.strategy] = ordinal + 1
            draw = _Draws(seed, group.strategy, ordinal)
            params = {name: draw(f"params.{name}", value) for name, value in group.params.items()}
            takes = [field.name for field in fields(cls) if field.init]
            if unknown := set(params) - set(takes):
                known = ", ".join(takes) or "none"
                raise ScenarioError(
                    f"agents[{index}].params.{min(unknown)}: {group.strategy} has no such parameter; it takes {known}"
                )
            try:
                strategy = build.validate_python(params)
            except ValidationError as error:
                first = error.errors()[0]
                raise ScenarioError(
                    f"agents[{index}].params.{'.'.join(map(str, first['loc']))}: {first['msg']}; got {first['input']!r}"
                ) from None
            holdings = [0.0] * len(columns)
            for name, value in group.holdings.items():
                for asset in columns if name == "*" else [name]:
                    holdings[columns[asset]] = float(draw(f"holdings.{asset}", value))
            population.append(
                Agent(
                    id=len(population),
                    key=int(key(seed, "agent", group.strategy, ordinal)[0]),
                    name=_account(cls.role, group.strategy, ordinal),
                    strategy=strategy,
                    kind=group.strategy,
                    budget=_budget(group, columns),
                    cash=float(draw("cash", group.cash)),
                    holdings=tuple(holdings),
                    country=scenario.market.countries[ordinal % len(scenario.market.countries)],
                    adversary=group.adversary,
                    params=params,
                )
            )
    return population


class _Draws:
    """The draws of one agent, each keyed by the name of what is drawn."""

    def __init__(self, seed: int, strategy: str, ordinal: int) -> None:
        self._key = (seed, "population", strategy, ordinal)

    def __call__(self, name: str, value: Any) -> Any:
        if isinstance(value, dict) and "dist" in value:
            try:
                value = Distribution.model_validate(value)
            except ValidationError as error:
                raise ScenarioError(f"{name}: {error.errors()[0]['msg']}") from None
        if not isinstance(value, Distribution):
            return value
        return _sample(value, keyed(*self._key, name))


def _sample(d: Distribution, rng: Generator) -> Any:
    match d.dist:
        case "uniform":
            return float(rng.uniform(d.low, d.high))
        case "normal":
            return float(rng.normal(d.mean, d.sd))
        case "lognormal":
            return float(d.median * rng.lognormal(0.0, d.sigma))
        case "choice":
            return d.values[int(rng.integers(len(d.values)))]


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
    assets = tuple(sorted(columns[name] for name in b.assets)) if b.assets else tuple(columns.values())
    return Budget(assets, b.peers, b.delay, b.noise, b.memory, b.evaluations)
