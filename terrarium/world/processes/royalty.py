"""Intellectual property: attention fades, fast at first and slowly after, and now and then a hit brings it back.

    du = −decay u dt + hits                     talk of the day (communicative memory), u + v = attention
    dv = −fade v dt + retention u dt            what stays in the catalogue (cultural memory)
    hits: Poisson(hit_rate dt), each adds an exponential multiple (mean hit_size) of attention to u
    log L += (growth − volatility²/2) dt + volatility √dt z            dollars per unit of use (the platforms' rate)
    income = L ∫(u + v) dt · noise,  noise ~ gamma with mean 1 and variance usage_noise²/dt
    value  = L (a u + b v) with (ρ I − Mᵀ)(a, b) = (1, 1), ρ = discount − growth, M the expected motion including hits

The sum of the two memories decays like a power at first and like an exponential later; ``retention = 0, catalogue = 0``
is the plain exponential. Discounted value plus income is a martingale (up to when in a tick a hit falls).

Sources. Two-phase decay of attention to songs, films, papers and patents: C. Candia, C. Jara-Figueroa, C.
Rodriguez-Sickert, A.-L. Barabási and C. Hidalgo, "The universal decay of collective memory and attention", Nature Human
Behaviour 3 (2019). Shocks of attention to creative works: D. Sornette, F. Deschâtres, T. Gilbert and Y. Ageon,
"Endogenous versus exogenous shocks in complex networks", Physical Review Letters 93 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from terrarium.scenario import Positive, Share
from terrarium.world.parameters import Floats
from terrarium.world.process import Discounted, Process, Rate, Site, Volatility

Speed = Annotated[float, Field(gt=0, le=50)]


@dataclass(frozen=True, kw_only=True)
class Parameters(Discounted):
    """Rates per year."""

    growth: Rate = 0.01
    volatility: Volatility = 0.10
    correlation: Share = 0.3
    appraisal_days: Positive = 10.0
    appraisal_noise: Annotated[float, Field(ge=0, le=1)] = 0.02
    discount: Annotated[float, Field(gt=0, le=1)] = 0.12
    decay: Speed = 0.8  # of the talk of the day
    retention: Annotated[float, Field(ge=0, le=50)] = 0.08  # speed at which talk enters the catalogue; at most decay
    fade: Speed = 0.06  # of the catalogue
    catalogue: Share = 0.7  # of today's attention; 0 = a new work, 1 = an old one
    hit_rate: Annotated[float, Field(ge=0, le=1000)] = 1.0
    hit_size: Annotated[float, Field(ge=0, le=100)] = 0.12
    usage_noise: Annotated[float, Field(ge=0, le=2)] = 0.02  # standard deviation of a year's income over its mean

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.retention > self.decay:
            raise ValueError(
                f"retention ({self.retention:g}) must not be above decay ({self.decay:g}): it is part of it"
            )
        hits = self.hit_rate * self.hit_size
        motion = np.array([[hits - self.decay, hits], [self.retention, -self.fade]])
        if float(np.linalg.eigvals(motion).real.max()) >= self.discount - self.growth:
            raise ValueError(
                f"hits ({self.hit_rate:g} a year of {self.hit_size:g}) outgrow discount − growth, "
                f"so the asset has no finite worth; lower hit_rate, hit_size or retention, or raise decay or discount"
            )


class Royalty(Process):
    """A catalogue of songs, films or patents that pays by use."""

    parameters = Parameters

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        p = self.p
        rate, hits = p.discount - p.growth, p.hit_rate * p.hit_size
        # the 2x2 system of the docstring, solved by Cramer's rule
        determinant = (rate + p.decay - hits) * (rate + p.fade) - hits * p.retention
        self._worth = (rate + p.fade + p.retention) / determinant, (rate + p.decay) / determinant
        self._talk, self._stock = 1.0 - p.catalogue, p.catalogue.copy()
        self._level = self.start / (self._worth[0] * self._talk + self._worth[1] * self._stock)

    def step(self, tick: int, shift: Floats) -> tuple[Floats, Floats]:
        p, dt = self.p, self.dt
        market = float(self.shared(tick).standard_normal())
        own = [_draw(rng, rate * dt, noise) for rng, rate, noise in
               zip(self.own(tick), p.hit_rate, p.usage_noise**2 / dt, strict=True)]  # fmt: skip
        normal, boost, noise = np.array(own).T
        self._level = self._level * np.exp(self.level_move(self.mix(market, normal), shift))
        self._talk = self._talk + p.hit_size * boost * (self._talk + self._stock)

        # linear decay, exact over a tick of any length
        lost, kept = np.exp(-p.decay * dt), np.exp(-p.fade * dt)
        gap = p.decay - p.fade
        near = np.abs(gap) < 1e-9
        passed = np.where(
            near, dt * lost, (kept - lost) / np.where(near, 1.0, gap)
        )  # of one unit of talk, per unit retention
        used_talk = self._talk * (1.0 - lost) / p.decay
        stock = self._stock * kept + p.retention * self._talk * passed
        used_stock = (p.retention * used_talk + self._stock - stock) / p.fade
        self._talk, self._stock = self._talk * lost, stock
        value = self._level * (self._worth[0] * self._talk + self._worth[1] * self._stock)
        return value, self._level * (used_talk + used_stock) * noise


def _draw(rng: np.random.Generator, hits: float, variance: float) -> tuple[float, float, float]:
    """Standard normal, total size of the tick's hits (mean hit = 1), and usage noise (mean 1, given variance)."""
    normal = float(rng.standard_normal())
    noise = float(rng.standard_gamma(1.0 / variance)) * variance if variance > 0.0 else 1.0
    return normal, float(rng.standard_gamma(rng.poisson(hits))), noise
