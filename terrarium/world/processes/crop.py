"""Farmland: rain falls, the crop answers with a yield, the harvest at the end of each season pays holders.

    rain over [s, s'] of a season ~ Gamma(shape K (G(s') − G(s)), scale rain/K),  K = 1/rain_variation²
    G(s)     = s − seasonality sin(2πs)/2π                                        dry at both ends, wet in the middle
    y(w)     = max(0, 1 − sensitivity (1 − w/water_need)²)                        concave: drought and flood both cost
    log P   += (growth − volatility²/2) dt + volatility √dt z                     crop price times full harvest
    harvest  = P y(water of the season)
    value    = P E[y of this season | water so far] e^(−ρ left) + P E[y] Σ e^(−ρ later ends),  ρ = discount − growth

A gamma process adds up exactly over any steps, and its shared and own parts (shapes correlation·K and (1 −
correlation)·K) give any two farms of a region exactly the wanted correlation of rain. The expectation has a closed
form, so value plus paid income, discounted, is a martingale.

Sources. Gamma rainfall: H. Thom, "A note on the gamma distribution", Monthly Weather Review 86 (1958). Quadratic water
production functions: R. Hexem and E. Heady, "Water production functions for irrigated agriculture" (1978); yield
response to water in general: J. Doorenbos and A. Kassam, FAO Irrigation and Drainage Paper 33 (1979).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, pi, sin
from typing import Annotated, cast

import numpy as np
from pydantic import Field
from scipy.special import gammainc

from terrarium.errors import ScenarioError
from terrarium.scenario import Positive, Share
from terrarium.world.parameters import DAYS, Floats
from terrarium.world.process import Discounted, Process, Site, Volatility

CLIMATE = ("season_days", "elapsed", "rain", "rain_variation", "seasonality", "correlation")


@dataclass(frozen=True, kw_only=True)
class Parameters(Discounted):
    """Rates per year, rain in millimetres. The parameters in `CLIMATE` are the region's: equal within a group."""

    volatility: Volatility = 0.15
    appraisal_days: Positive = 10.0
    season_days: Annotated[float, Field(gt=0, le=3650)] = 90.0  # from sowing to harvest
    elapsed: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of the first season already past, with average rain
    rain: Positive = 500.0  # expected over a season
    rain_variation: Annotated[float, Field(gt=0, le=2)] = 0.30  # standard deviation of a season's rain over its mean
    seasonality: Share = 0.6
    water_need: Positive = 520.0  # rain of the best harvest
    sensitivity: Annotated[float, Field(ge=0, le=10)] = (
        1.5  # share of the harvest lost when rain misses by 100% (may exceed 1)
    )


class Crop(Process):
    """Rain-fed farmland of one region."""

    parameters = Parameters

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        climate = cast("tuple[Parameters, ...]", site.params)
        for name, params in zip(site.names, climate, strict=True):
            for field in CLIMATE:
                if getattr(params, field) != getattr(climate[0], field):
                    raise ScenarioError(
                        f"assets.{name}.params.{field}: {getattr(params, field)!r} differs from {site.names[0]}'s "
                        f"{getattr(climate[0], field)!r}; crops of one group share their weather: "
                        f"give {name} a group of its own"
                    )
        self._c = climate[0]
        self._shape = self._c.rain_variation**-2.0
        self._season = self._c.season_days / DAYS  # years
        self._water = np.full(len(self.start), self._c.rain * _profile(self._c.elapsed, self._c.seasonality))
        self._normal = self._expected(np.zeros(len(self.start)), self._shape)  # expected yield of a whole season
        for name, normal in zip(site.names, self._normal, strict=True):
            if normal < 1e-6:
                raise ScenarioError(
                    f"assets.{name}.params.water_need: with rain {self._c.rain:g} no harvest can be expected; "
                    f"bring water_need near rain, or lower sensitivity"
                )
        self._price = self.start / self._worth(self._c.elapsed)

    def step(self, tick: int, shift: Floats) -> tuple[Floats, Floats]:
        shared, own = self.shared(tick), self.own(tick)
        noise = self.mix(float(shared.standard_normal()), np.array([rng.standard_normal() for rng in own]))
        self._price = self._price * np.exp(self.level_move(noise, shift))
        income = np.zeros(len(self.start))
        end = 0.0
        for start, end in self._spans(tick):
            shape = self._shape * (_profile(end, self._c.seasonality) - _profile(start, self._c.seasonality))
            common = shared.standard_gamma(self._c.correlation * shape)
            fell = common + np.array([rng.standard_gamma((1.0 - self._c.correlation) * shape) for rng in own])
            self._water = self._water + fell * self._c.rain / self._shape
            if end == 1.0:
                income += self._price * self._yield(self._water)
                self._water = np.zeros(len(self.start))
        return self._price * self._worth(end % 1.0), income

    def _spans(self, tick: int) -> Iterator[tuple[float, float]]:
        """The tick as parts of seasons, each (start, end) in 0..1; an end of 1 is a harvest."""
        # whole seconds over whole seconds, so that a season of 90 days ends exactly with the 90th day
        length = self._c.season_days * 86_400.0
        start = self._c.elapsed + tick * self.site.tick_seconds / length
        end = self._c.elapsed + (tick + 1) * self.site.tick_seconds / length
        for season in range(floor(start), ceil(end)):
            yield max(start - season, 0.0), min(end - season, 1.0)

    def _worth(self, s: float) -> Floats:
        """Value over price at point ``s`` of a season, given the water so far; [k]."""
        rate = self.p.discount - self.p.growth
        step = np.exp(-rate * self._season)
        soon = self._expected(self._water, self._shape * max(1.0 - _profile(s, self._c.seasonality), 0.0))
        return np.asarray(np.exp(-rate * self._season * (1.0 - s)) * (soon + self._normal * step / (1.0 - step)))

    def _yield(self, water: Floats) -> Floats:
        return np.maximum(0.0, 1.0 - self.p.sensitivity * (1.0 - water / self.p.water_need) ** 2)

    def _expected(self, water: Floats, shape: float) -> Floats:
        """E[y(water + R)], R ~ Gamma(shape, rain/K), by partial moments of the gamma between the roots of y; [k]."""
        if shape < 1e-9:
            return self._yield(water)
        need, scale = self.p.water_need, self._c.rain / self._shape
        with np.errstate(divide="ignore"):
            reach = need / np.sqrt(self.p.sensitivity)  # inf where water does not matter
        low, high = np.maximum(need - reach - water, 0.0) / scale, np.maximum(need + reach - water, 0.0) / scale
        total = np.zeros(len(water))
        # y = a + b R + c R² between the roots;
        # E[R^j; low < R < high] = scale^j Γ(shape + j)/Γ(shape) (P(shape + j, high) − P(shape + j, low))
        miss = 1.0 - water / need
        weights = (
            1.0 - self.p.sensitivity * miss**2,
            2.0 * self.p.sensitivity * miss / need,
            -self.p.sensitivity / need**2,
        )
        moment = 1.0
        for j, weight in enumerate(weights):
            total += weight * moment * (gammainc(shape + j, high) - gammainc(shape + j, low))
            moment *= scale * (shape + j)
        return total


def _profile(s: float, seasonality: float) -> float:
    """Share of a season's rain that is expected by ``s``."""
    return s - seasonality * sin(2.0 * pi * s) / (2.0 * pi)
