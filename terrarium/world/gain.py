"""The loop gain: how much of a price move comes back as the next price move, measured on the world itself.

The loop: prices move appraisals and upkeep (`terrarium.world.feedback`), appraisals move prices. Closed with a
market that answers a log-move of the appraisal ``response``-fold,

    log P(t) = log V0 + response · (log A(t − 1) − log V0)

(1: trades at the last appraisal; above 1: leveraged holders who have to follow; 0: ignores appraisals), it is stable
when its gain is below 1: shocks die out. Above 1 they run away, until upkeep hits its pace or values their range.

Open the loop at the price, move the price for one tick, and add up what reaches the appraisal: the sum of this impulse
response times ``response`` is the gain (the loop is positive, so stability turns exactly there: L. Farina and S.
Rinaldi, "Positive Linear Systems", Wiley 2000). Without noise it is

    response · (kappa + (1 − kappa) gamma / (gamma + wear)),    wear = e^(tick/wear_days) − 1

so with ``response`` 1 shocks always die out unless kappa is 1: what upkeep builds wears off, and appraisers still look.
"""

from __future__ import annotations

from math import ceil, exp, expm1, log

import numpy as np

from terrarium.scenario import Scenario
from terrarium.world.parameters import Floats
from terrarium.world.world import World

IMPULSE = 1e-5  # log-move of the price: small enough that upkeep stays within its pace


def loop_gain(scenario: Scenario, *, seed: int = 1, response: float = 1.0) -> Floats:
    """Gain of each asset's loop under the scenario's feedback: float64[n], without unit.

    Two worlds of ``scenario`` without its shocks are fed the same prices but for one tick. Raises `ValueError` for a
    ``response`` that is negative or not finite.
    """
    if not 0.0 <= response < np.inf:
        raise ValueError(f"response: {response!r} will not do; give a finite number, at least 0")
    quiet = scenario.model_copy(update={"shocks": ()})
    reference, moved = World(quiet, seed), World(quiet, seed)
    total = np.zeros_like(reference.start)
    price = reference.start
    for tick in range(_settling(quiet, reference)):
        before = reference.step(tick, price)
        after = moved.step(tick, price * np.exp(IMPULSE) if tick == 0 else price)
        total += np.log(after.appraisal / before.appraisal)
        price = before.fundamental  # the reference trades at its worth, so that its upkeep rests
    return np.asarray(response * total / IMPULSE)


def _settling(scenario: Scenario, world: World) -> int:
    """Ticks until an impulse has faded to about 1e-9 of itself."""
    day = scenario.tick_seconds / 86_400.0
    appraisal = min(-expm1(-day / days) for days in world.appraisal_days)
    upkeep = 1.0 - exp(-day / scenario.world.wear_days) * (1.0 - scenario.world.gamma)
    return ceil(log(1e10) / min(appraisal, upkeep if scenario.world.gamma else 1.0)) + 1
