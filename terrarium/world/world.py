"""The physical world of a scenario: what its assets are worth, earn, and are appraised at, tick by tick."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from terrarium.random import keyed
from terrarium.scenario import Scenario
from terrarium.world.feedback import Feedback
from terrarium.world.parameters import Floats, choose, read
from terrarium.world.process import Common, Process, Site
from terrarium.world.processes import processes
from terrarium.world.shock import Forces, Shock
from terrarium.world.shocks import shocks

Ints = npt.NDArray[np.int64]


class Reading(NamedTuple):
    """The world after a tick; read-only arrays [n] in dollars per token, by position of the asset in the scenario."""

    fundamental: Floats  # what the asset is worth, after its income was paid out
    appraisal: Floats  # what careful appraisers would say: late, and leaning on the market price
    income: Floats  # earned during the tick


@dataclass(frozen=True, slots=True)
class _Placed:
    """A shock with its place in the scenario."""

    shock: Shock
    tick: int
    columns: Ints  # of the struck assets
    draw: float  # in [0, 1)


class World:
    """Processes, shocks and feedback of one scenario under one seed.

    Every draw is keyed by what it is for: adding an asset or a shock leaves all other assets' paths as they were, to
    the bit. Raises `ScenarioError` for unknown processes, shocks or parameters, and for values out of bounds.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        assets = scenario.assets
        self.names = tuple(asset.name for asset in assets)
        self.seed = seed
        self.tick = -1  # the last one lived through
        self._day = scenario.tick_seconds / 86_400.0
        self._groups, params = _processes(scenario, seed)
        self._shocks = tuple(_placed(scenario, seed))
        self._noise = np.array([p.appraisal_noise for p in params])
        self.start = _frozen(np.array([asset.value for asset in assets]))
        self.appraisal_days = _frozen(np.array([p.appraisal_days for p in params]))
        self._feedback = Feedback(
            self.start,
            self.appraisal_days,
            kappa=scenario.world.kappa,
            gamma=scenario.world.gamma,
            wear_days=scenario.world.wear_days,
            tick_days=self._day,
        )
        back = max((ceil(placed.shock.reach / self._day) for placed in self._shocks), default=0)
        self._appraisals: deque[Floats] = deque(maxlen=back + 1)  # the newest last
        self.reading = Reading(self.start, self.start, _frozen(np.zeros(len(assets))))

    def step(self, tick: int, market_prices: Floats) -> Reading:
        """Live through ``tick`` (0, 1, 2, … in order) and return the world at its end.

        ``market_prices`` [n], dollars per token after the last block; NaN, infinite or ≤ 0 where there is no market.
        """
        if tick != self.tick + 1:
            raise ValueError(f"tick: {tick} does not follow {self.tick}; step through ticks in order, each once")
        prices = np.asarray(market_prices, dtype=np.float64)
        if prices.shape != self.start.shape:
            raise ValueError(
                f"market_prices: shape {prices.shape}; give one price for each of {len(self.names)} assets"
            )
        self.tick = tick
        forces = self._forces()
        value, income = np.empty_like(self.start), np.empty_like(self.start)
        for process, columns in self._groups:
            value[columns], income[columns] = process.step(tick, forces.shift[columns])
        fundamental, appraisal = self._feedback.step(value * forces.standing, prices)
        income *= forces.standing * forces.working * np.exp(self._feedback.upkeep)
        self.reading = Reading(_frozen(fundamental), _frozen(appraisal), _frozen(income))
        self._appraisals.append(self.reading.appraisal)
        return self.reading

    def reporter_readings(self, tick: int, reporter: int) -> Floats:
        """What ``reporter`` (from 0) measured in ``tick``, the last one stepped: dollars per token [n], NaN = nothing.

        The appraisal with the reporter's own log-normal error, unless a shock makes the reporter fail.
        """
        if tick != self.tick or tick < 0:
            raise ValueError(f"tick: {tick} is not the last one stepped ({self.tick}); ask right after `step`")
        if reporter < 0:
            raise ValueError(f"reporter: {reporter} is negative; number reporters from 0")
        readings = self._measured(tick, reporter)
        for placed in self._shocks:
            if placed.tick <= tick:
                since = (tick - placed.tick) * self._day
                seen = readings[placed.columns]
                earlier = self._earlier(tick, reporter, placed.columns)
                readings[placed.columns] = placed.shock.reading(since, reporter, placed.draw, seen, earlier)
        return _frozen(readings)

    def _forces(self) -> Forces:
        n = len(self.names)
        forces = Forces(np.zeros(n), np.ones(n), np.ones(n))
        for placed in self._shocks:
            if placed.tick <= self.tick:
                since, columns = (self.tick - placed.tick) * self._day, placed.columns
                part = Forces(forces.shift[columns], forces.standing[columns], forces.working[columns])
                placed.shock.strike(since, since + self._day, part)
                forces.shift[columns] = part.shift
                forces.standing[columns] = part.standing
                forces.working[columns] = part.working
        return forces

    def _measured(self, tick: int, reporter: int) -> Floats:
        back = self.tick - tick
        if back >= len(self._appraisals):
            return np.full_like(self.start, np.nan)
        luck = [float(keyed(self.seed, "reading", reporter, name, tick).standard_normal()) for name in self.names]
        return np.asarray(self._appraisals[-1 - back] * np.exp(self._noise * np.array(luck)))

    def _earlier(self, tick: int, reporter: int, columns: Ints) -> Callable[[float], Floats]:
        return lambda days: self._measured(tick - ceil(days / self._day), reporter)[columns]


def _processes(scenario: Scenario, seed: int) -> tuple[list[tuple[Process, Ints]], list[Common]]:
    """One process per (process, group) with the columns of its assets, and every asset's parameters."""
    known = processes()
    members: dict[tuple[str, str], list[int]] = {}
    params: list[Common] = []
    for i, asset in enumerate(scenario.assets):
        cls = choose(known, asset.process, f"assets.{asset.name}.process")
        params.append(read(cls.parameters, asset.params, f"assets.{asset.name}.params"))
        members.setdefault((asset.process, asset.group), []).append(i)
    groups = []
    for (kind, group), columns in members.items():
        names = tuple(scenario.assets[i].name for i in columns)
        values = tuple(scenario.assets[i].value for i in columns)
        site = Site(kind, group, names, values, tuple(params[i] for i in columns), seed, scenario.tick_seconds)
        groups.append((known[kind](site), np.array(columns)))
    return groups, params


def _placed(scenario: Scenario, seed: int) -> list[_Placed]:
    known = shocks()
    names = [asset.name for asset in scenario.assets]
    placed = []
    for i, entry in enumerate(scenario.shocks):
        shock = read(choose(known, entry.kind, f"shocks[{i}].kind"), entry.params, f"shocks[{i}].params")
        columns = np.array(sorted({names.index(name) for name in entry.assets or names}))
        # keyed by what the shock is, not by its position, so that another shock before it changes nothing
        draw = keyed(seed, "shock", entry.kind, entry.tick, *entry.assets).random()
        placed.append(_Placed(shock, entry.tick, columns, draw))
    return placed


def _frozen(values: Floats) -> Floats:
    values.flags.writeable = False
    return values
