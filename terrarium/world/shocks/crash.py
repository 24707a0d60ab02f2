"""A crash: what the assets' output is worth falls for good, at once or over some days.

The level behind the process moves (property demand, crop price, royalty per use), so that income follows by the
process's own rules: rents late, harvests at the next harvest. Prices learn of it through feeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p
from typing import Annotated

from pydantic import Field

from terrarium.scenario import NonNegative
from terrarium.world.shock import Forces, Shock, overlap


@dataclass(frozen=True, kw_only=True)
class Crash(Shock):
    """Values fall by ``size``, evenly in logarithms over ``days`` (0: within the shock's tick)."""

    size: Annotated[float, Field(gt=0, lt=1)] = 0.3
    days: NonNegative = 0.0

    def strike(self, since: float, until: float, forces: Forces) -> None:
        if self.days > 0.0:
            forces.shift += log1p(-self.size) * overlap(since, until, self.days) / self.days
        elif since == 0.0:
            forces.shift += log1p(-self.size)
