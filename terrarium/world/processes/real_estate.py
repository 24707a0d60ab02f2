"""Property: values move with the market, rents follow late, vacancy comes and goes, net income reaches holders.

    log V   += (growth − volatility²/2) dt + volatility √dt z                      value, geometric Brownian
    log R   += (1 − e^(−dt/lease)) (log(rent_yield V) − log R) − rent_response (v − vacancy) dt        rents, sticky
    logit v reverts to logit(vacancy) at vacancy_speed, pushed by −z and noise     share of space vacant, in (0, 1)
    income   = R (1 − v − costs) dt, losses carried forward

Sources. Rents that move with the gap between actual and natural vacancy: K. Rosen and L. Smith, "The price-adjustment
process for rental housing and the natural vacancy rate", American Economic Review 73 (1983). Space market, asset
market and the cap rate between them: D. DiPasquale and W. Wheaton, "The markets for real estate assets and space",
AREUEA Journal 20 (1992). Appraisals that trail values: see `terrarium.world.feedback`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from terrarium.scenario import NonNegative, Positive
from terrarium.world.parameters import DAYS, Floats
from terrarium.world.process import Common, Process, Rate, Site, Volatility


@dataclass(frozen=True, kw_only=True)
class Parameters(Common):
    """Rates per year; shares of gross rent where nothing else is said."""

    growth: Rate = 0.02
    volatility: Volatility = 0.12
    rent_yield: Annotated[float, Field(ge=0, le=1)] = 0.08  # gross rent at full occupancy per dollar of value
    lease_days: Positive = 365.0  # by which rents trail value
    rent_response: NonNegative = 0.3  # log-fall of rents per year and unit of vacancy above the natural rate
    vacancy: Annotated[float, Field(gt=0, lt=1)] = 0.07  # natural rate, and the start
    vacancy_speed: Annotated[float, Field(gt=0, le=50)] = 1.0  # at which gaps close, per year
    vacancy_volatility: Volatility = 0.5  # of the log-odds of being vacant
    costs: Annotated[float, Field(ge=0, lt=1)] = 0.35  # of full gross rent, due whether let or not

    def __post_init__(self) -> None:
        if self.vacancy + self.costs >= 1.0:
            both = f"vacancy ({self.vacancy:g}) and costs ({self.costs:g})"
            raise ValueError(f"{both} leave no net income; their sum must stay below 1")


class RealEstate(Process):
    """Let property. A down market (shared draw) lowers value and raises vacancy at once, rents later."""

    parameters = Parameters

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._log_value = np.log(self.start)
        self._log_rent = np.log(self.start)  # of rent / rent_yield, so that a yield of 0 needs no special case
        self._odds = np.log(self.p.vacancy / (1.0 - self.p.vacancy))  # logarithm of the odds of being vacant
        self._natural = self._odds
        self._loss = np.zeros(len(self.start))  # dollars per token still to be made up

    def step(self, tick: int, shift: Floats) -> tuple[Floats, Floats]:
        p, dt = self.p, self.dt
        market = float(self.shared(tick).standard_normal())
        own = np.array([rng.standard_normal(2) for rng in self.own(tick)])
        self._log_value = self._log_value + self.level_move(self.mix(market, own[:, 0]), shift)

        # Ornstein-Uhlenbeck, exact over a tick of any length
        keep = np.exp(-p.vacancy_speed * dt)
        spread = p.vacancy_volatility * np.sqrt(-np.expm1(-2.0 * p.vacancy_speed * dt) / (2.0 * p.vacancy_speed))
        self._odds = self._natural + keep * (self._odds - self._natural) + spread * self.mix(-market, own[:, 1])
        vacancy = 1.0 / (1.0 + np.exp(-self._odds))

        catch_up = -np.expm1(-dt * DAYS / p.lease_days)
        pressure = p.rent_response * (vacancy - p.vacancy) * dt
        self._log_rent = self._log_rent + catch_up * (self._log_value - self._log_rent) - pressure
        net = p.rent_yield * np.exp(self._log_rent) * (1.0 - vacancy - p.costs) * dt - self._loss
        self._loss = np.maximum(-net, 0.0)
        return np.exp(self._log_value), np.maximum(net, 0.0)
