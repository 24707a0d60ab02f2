"""What every file in agents/ must do, found through the registry: a new one is held to it without another line here."""

from __future__ import annotations

import ast
import dataclasses
import gc
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from terrarium.errors import BudgetExceeded
from terrarium.market.desk import Desk
from terrarium.market.state import Holdings
from terrarium.random import keyed
from terrarium.sim import registry
from terrarium.sim.decide import CALLS, Watchdog, decide
from terrarium.sim.population import Agent
from terrarium.sim.strategy import Outcome, Strategy
from terrarium.sim.view import Borrowers, Budget, Meter, View
from tests.agents.busy import Lived, casts, digest, live, market
from tests.agents.stage import Watched

STRATEGIES = registry.strategies()
OURS = {"arbitrageur", "feed_reporter", "guardian", "lender", "leveraged_fund", "liquidator", "market_maker",
        "momentum_trader", "noise_trader", "value_investor"}  # fmt: skip
each = pytest.mark.parametrize("name", STRATEGIES)
ROOT = Path(__file__).parents[2]


def parameters(name: str) -> dict[str, dataclasses.Field[Any]]:
    return {f.name: f for f in dataclasses.fields(STRATEGIES[name]) if f.init}


def bounds(name: str) -> dict[str, dict[str, Any]]:
    """Of the numeric parameters: {"ge": 0, "lt": 1}, …"""
    hints = get_type_hints(STRATEGIES[name], include_extras=True)
    found = {}
    for parameter in parameters(name):
        kind, *notes = get_args(hints[parameter]) if get_origin(hints[parameter]) is Annotated else (hints[parameter],)
        if kind in (int, float):
            constraints = [c for note in notes if isinstance(note, FieldInfo) for c in note.metadata]
            found[parameter] = {k: v for c in constraints for k, v in dataclasses.asdict(c).items()}
    return found


# What it says of itself


@each
def test_says_what_it_is(name):
    cls = STRATEGIES[name]
    assert cls.__doc__
    assert not cls.__doc__.startswith(f"{cls.__name__}("), "has no docstring but dataclass's own"
    assert cls.decide is not Strategy.decide
    assert (cls.decide.__doc__ or "").strip()
    assert sys.modules[cls.__module__].__doc__
    assert cls.role in ("trader", "reporter", "guardian")


@each
def test_every_parameter_is_told_with_a_comment_on_its_line(name):
    source = registry.source(name).read_text(encoding="utf-8")
    lines = source.splitlines()
    (cls,) = [n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == STRATEGIES[name].__name__]
    told = {
        n.target.id: any("#" in line for line in lines[n.lineno - 1 : n.end_lineno])
        for n in cls.body
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }
    assert [parameter for parameter in parameters(name) if not told[parameter]] == []


@each
def test_parameters_have_bounds_and_defaults_within(name):
    cls, adapter = STRATEGIES[name], TypeAdapter(STRATEGIES[name])
    assert isinstance(adapter.validate_python({}), cls)
    defaults = {p: getattr(cls(), p) for p in parameters(name)}
    assert adapter.validate_python(defaults) == cls()
    assert all(not p.startswith("_") for p in defaults)
    hints = get_type_hints(cls)
    for parameter, kind in ((p, hints[p]) for p in defaults):
        plain = kind in (int, float, bool, str) or get_origin(kind) in (Literal, tuple)
        assert plain, f"{parameter}: a scenario file cannot say a {kind}"
    for parameter, limits in bounds(name).items():
        lowest, highest = {"gt", "ge"} & set(limits), {"lt", "le"} & set(limits)
        assert lowest, f"{parameter} has no lower bound"
        assert highest, f"{parameter} has no upper bound"


@each
def test_parameters_out_of_bounds_are_refused(name):
    adapter = TypeAdapter(STRATEGIES[name])
    for parameter, limits in bounds(name).items():
        outside = {"ge": -1, "gt": 0, "le": 1, "lt": 0}
        wrong = [limits[k] + by for k, by in outside.items() if k in limits]
        for value in (*wrong, math.nan, math.inf, -math.inf, "many", None):
            with pytest.raises(ValidationError):
                adapter.validate_python({parameter: value})


# What it does in a market


@pytest.fixture(scope="module")
def lived():
    """What came of each strategy in a busy market as ``changed``: made once for all strategies."""

    @cache
    def of(name: str, **changed: Any) -> Lived:
        return _lived(next(c for c in casts() if name in c), json.dumps(changed, sort_keys=True))

    @cache
    def _lived(cast: tuple[str, ...], changed: str) -> Lived:
        changes = json.loads(changed)
        halter = (lambda view: view.desk.halt(0) + view.desk.halt(1)) if changes.pop("halted", False) else None
        with tempfile.TemporaryDirectory() as folder:
            return live(Path(folder), market(cast, **changes), halter=halter)

    return of


@each
def test_lives_through_a_crash_on_its_defaults(lived, name):
    busy = lived(name)
    assert name not in busy.benched, busy.benched.get(name)
    assert busy.asked[name] <= 256
    called = [call for agent in busy.watched[name] for calls in agent.calls for call in calls]
    assert all(call.to in busy.sim.economy.addresses for call in called)
    assert all(call.value == 0 for call in called)
    if name in OURS:
        assert called, "it found nothing to do: then nothing here is tested"


@each
def test_keeps_nothing_that_it_was_shown(lived, name):
    for agent in lived(name).watched[name]:
        held = gc.get_referents(vars(agent.inner), *vars(agent.inner).values())
        assert not any(isinstance(thing, View | Desk | np.random.Generator) for thing in held)


@pytest.mark.parametrize(
    "odd",
    [
        {"cash": 0.0, "holdings": {}},
        {"cash": 0.0, "holdings": {"*": 3e5}},
        {"budget": {"delay": 25, "memory": 3}},  # most of the time there is nothing to see yet
        {"budget": {"memory": 1, "peers": 0}},
        {"budget": {"noise": 0.7}},
        {"budget": {"assets": ["ELM"]}},
        {"asset": {"pool_share": 0.0}},  # empty pools have no price
        {"asset": {"oracle": "pool", "lltv": 0.94}},
        {"halted": True},
    ],
    ids=str,
)
@each
def test_survives_odd_markets(lived, name, odd):
    if odd.get("halted") and STRATEGIES[name].role == "guardian":
        return  # it is the one that halts
    frozen = {k: _freeze(v) for k, v in odd.items()}
    busy = lived(name, days=36, **frozen)
    assert name not in busy.benched, busy.benched.get(name)


class _Frozen(dict):
    def __hash__(self) -> int:
        return hash(json.dumps(self, sort_keys=True))


def _freeze(value: Any) -> Any:
    return _Frozen(value) if isinstance(value, dict) else value


@each
def test_with_no_questions_left_it_stops_and_does_nothing_else(lived, name):
    busy = lived(name, days=8, budget=_Frozen(evaluations=0))
    why = busy.benched.get(name, [])
    assert all(w.startswith("budget: more than 0 evaluations") for w in why)
    assert not any(calls for agent in busy.watched[name] for calls in agent.calls)


@pytest.fixture(scope="module")
def parted():
    """First tick in which each strategy called something else because of what happened to an asset it does not see."""

    def both(cast: tuple[str, ...]) -> Iterator[Lived]:
        settings = market(cast, days=30, cash=2e6, holdings={"OAK": 3e5}, budget={"assets": ["OAK"]})
        for act in (lambda view: [], lambda view: view.desk.buy(1, 1e5) + view.desk.lend(1, 1e4)):
            with tempfile.TemporaryDirectory() as folder:
                yield live(Path(folder), settings, hand=act)

    first: dict[str, float] = {}
    for cast in casts():
        still, wild = both(cast)
        assert wild.sim.state.cash.sum() == still.sim.state.cash.sum()
        assert wild.sim.state.figures(0).price[1] > 1.5 * still.sim.state.figures(0).price[1]
        for name in cast:
            pairs = zip(_by_tick(still.watched[name]), _by_tick(wild.watched[name]), strict=True)
            first[name] = min((t for t, (a, b) in enumerate(pairs) if a != b), default=math.inf)
    return first


def _by_tick(agents: list[Watched]) -> list[Any]:
    return list(zip_longest(*(agent.calls for agent in agents)))


@each
def test_what_is_hidden_makes_no_difference(parted, name):
    """The same calls, to the byte, whether the hidden asset's market lies still or is turned upside down."""
    # one that knows what it should not changes the market for all: it is whoever was the first to act on it
    assert parted[name] == math.inf or parted[name] > min(parted.values())


# Determinism


@pytest.fixture(scope="module")
def told():
    """Hashes of all calls, from another process, in which sets and dicts of strings are hashed differently."""
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    command = [sys.executable, "-m", "tests.agents.busy"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return json.loads(subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True).stdout)


@each
def test_calls_the_same_in_another_process(told, lived, name):
    assert told[name] == digest(lived(name).watched[name])


def test_the_chains_of_two_processes_agree_to_the_bit(told, lived):
    for cast in casts():
        assert told["fingerprint:" + " ".join(cast)] == lived(cast[0]).fingerprint.hex()


# Views that no market would show


def odd_view(busy: Lived, rng: np.random.Generator, evaluations: int) -> tuple[Agent, View]:
    """A real view of one agent with every figure replaced: NaN, 0, tiny, huge, or plain."""
    agent = busy.sim.agents[int(rng.integers(len(busy.sim.agents)))]
    real = busy.sim.observatory.view(agent)._public
    n = len(real.names)

    def figures(*shape: int) -> Any:
        kinds = np.array([math.nan, 0.0, 1e-9, 1e9, 1.0, 0.5, 100.0])
        few = rng.choice(kinds, size=int(rng.integers(1, 4)))  # often all alike
        return rng.choice(few, size=shape)

    def row() -> tuple[float, ...]:
        return tuple(figures(n).tolist())

    windows = {f: figures(*getattr(real, f).shape) for f in ("prices", "appraisals", "incomes", "volumes")}
    rows = {
        f: row()
        for f in ("price", "appraisal", "appraisal_age", "pool_cash", "pool_units", "loan_rate", "loan_use",
                  "loan_cash", "collateral_price")
    }  # fmt: skip
    public = dataclasses.replace(
        real,
        **windows,
        **rows,
        tick=int(rng.integers(1_000)),
        assets=tuple(range(n)) if rng.random() < 0.8 else (),
        halted=tuple((rng.random(n) < 0.3).tolist()),
    )
    people = len(busy.sim.state.accounts)
    own = [np.nan_to_num(figures(people, n)) for _ in range(5)]
    holdings = Holdings(np.nan_to_num(figures(people)), *own, wealth=figures(people))
    k = int(rng.integers(4))
    loans = Borrowers(rng.integers(0, len(busy.sim.agents), k), figures(k), figures(k), figures(k))
    meter = Meter(evaluations)
    desk = Desk(busy.sim.books, agent.id, meter.spend)
    budget = Budget(public.assets, 20, 0, 0.0, len(public.prices), evaluations)
    return agent, View(agent.id, budget, public, holdings, lambda *_: loans, desk, meter, row())


def settings_of(name: str) -> list[dict[str, Any]]:
    """The defaults, and each numeric parameter at the ends of what it may be, where the others allow it."""
    found: list[dict[str, Any]] = [{}]
    for parameter, limits in bounds(name).items():
        inside = {"gt": 1e-6, "ge": 0, "lt": -1e-6, "le": 0}
        found += [{parameter: limits[k] + by} for k, by in inside.items() if k in limits]
    adapter, usable = TypeAdapter(STRATEGIES[name]), []
    for params in found:
        try:
            adapter.validate_python(params)
        except ValidationError:
            continue
        usable.append(params)
    return usable


@each
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's on NaN
def test_answers_views_that_no_market_would_show(lived, name):
    busy, adapter = lived(name), TypeAdapter(STRATEGIES[name])
    addresses = busy.sim.economy.addresses
    watchdog = Watchdog()
    for number, params in enumerate(settings_of(name)):
        for attempt in range(8):
            rng = keyed(5, name, number, attempt)
            strategy = adapter.validate_python(params)
            for _ in range(4):  # it remembers what it saw before
                agent, view = odd_view(busy, rng, evaluations=10_000)
                made = decide(dataclasses.replace(agent, strategy=strategy), view, rng, addresses, watchdog)
                assert isinstance(made, list), (params, made)
                assert len(made) <= CALLS
                strategy.learn(Outcome(view.tick, (False,) * len(made), ("Error: no",) * len(made)))


@each
def test_lets_the_end_of_its_budget_through(lived, name):
    """`BudgetExceeded` is for the loop to see: a strategy that caught it could go on asking."""
    busy = lived(name)
    for attempt in range(30):
        rng = keyed(6, name, attempt)
        strategy = STRATEGIES[name]()
        _, view = odd_view(busy, rng, evaluations=1)
        with np.errstate(all="ignore"):
            try:
                strategy.decide(view, rng)
            except BudgetExceeded:
                continue
        assert not view.overspent
