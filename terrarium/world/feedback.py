"""How market prices act on the physical world and on those who appraise it. Logarithms, per asset, once a tick:

    k  = e^(−dt/wear) (k + clip(gamma (p − f), ±PACE dt))            upkeep: capacity built (> 0) or neglected (< 0)
    f  = x + k                                                       fundamental: intrinsic value x times capacity
    a += (1 − e^(−dt/lag)) ((1 − kappa) f + kappa p − a)             appraisal: late, and leaning on the market

``p`` is the market price after the last block and stands against the ``f`` of that time. Where there is no price,
upkeep rests and appraisers look at fundamentals alone. Income moves with capacity, as the fundamental does.

Sources. Investment follows the ratio of market price to replacement value: J. Tobin, "A general equilibrium approach
to monetary theory", JMCB 1 (1969); F. Hayashi, "Tobin's marginal q and average q", Econometrica 50 (1982). Appraisals
as a weighted mean of the last appraisal and new evidence: D. Geltner, "Smoothing in appraisal-based returns", Journal
of Real Estate Finance and Economics 4 (1991); D. Quan and J. Quigley, "Price formation and the appraisal function in
real estate markets", same volume.
"""

from __future__ import annotations

import numpy as np

from terrarium.world.parameters import DAYS, Floats

PACE = 1.0  # bound on upkeep: log-capacity built or lost per year
RANGE = np.log(1e6)  # fundamentals and appraisals stay within this log-distance of their start


class Feedback:
    """The state of upkeep and appraisal of n assets."""

    def __init__(
        self, start: Floats, lag_days: Floats, *, kappa: float, gamma: float, wear_days: float, tick_days: float
    ) -> None:
        self._origin = np.log(start)
        self._catch_up = -np.expm1(-tick_days / lag_days)
        self._kappa, self._gamma = kappa, gamma
        self._keep = float(np.exp(-tick_days / wear_days))
        self._pace = PACE * tick_days / DAYS
        self._fundamental = self._origin.copy()  # logarithms
        self._appraisal = self._origin.copy()
        self.upkeep = np.zeros_like(self._origin)  # log-capacity built or lost, [n]

    def step(self, intrinsic: Floats, price: Floats) -> tuple[Floats, Floats]:
        """One tick: intrinsic values and market prices [n] (dollars; NaN, infinite or ≤ 0 = no price) to
        (fundamental[n], appraisal[n]) in dollars."""
        traded = np.isfinite(price) & (price > 0.0)
        p = np.where(traded, np.log(np.where(traded, price, 1.0)), self._fundamental)
        built = np.clip(self._gamma * (p - self._fundamental), -self._pace, self._pace)
        self.upkeep = self._keep * (self.upkeep + built)
        with np.errstate(divide="ignore"):
            self._fundamental = self._within(np.log(intrinsic) + self.upkeep)
        leaning = np.where(traded, self._kappa, 0.0)
        evidence = (1.0 - leaning) * self._fundamental + leaning * p
        self._appraisal = self._within(self._appraisal + self._catch_up * (evidence - self._appraisal))
        return np.exp(self._fundamental), np.exp(self._appraisal)

    def _within(self, log_value: Floats) -> Floats:
        return np.asarray(np.clip(log_value, self._origin - RANGE, self._origin + RANGE))
