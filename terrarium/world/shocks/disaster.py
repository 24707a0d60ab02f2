"""A disaster: part of what earns the income is destroyed, all earning stops for a while, and rebuilding takes its time.

    standing = 1 − size (1 − t/days)      of capacity, t days after the disaster, until all stands again

Income and value are those of what stands: rebuilding is paid from outside (insurance, relief) as it goes on, and buyers
price none of it before it stands. Two disasters at once multiply.

Source: disasters that destroy capital, followed by recoveries: F. Gourio, "Disasters and recoveries", American Economic
Review 98 (2008), after R. Barro, "Rare disasters and asset markets in the twentieth century", QJE 121 (2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.scenario import Positive, Share
from terrarium.world.shock import Forces, Shock, overlap


@dataclass(frozen=True, kw_only=True)
class Disaster(Shock):
    """Destroys ``size`` of the capacity; rebuilt evenly over ``days``; for the first ``outage`` of them nothing
    earns."""

    size: Annotated[float, Field(gt=0, le=0.999)] = 0.5
    days: Positive = 120.0
    outage: Share = 0.25  # share of `days`

    def strike(self, since: float, until: float, forces: Forces) -> None:
        forces.standing *= 1.0 - self.size * max(1.0 - since / self.days, 0.0)
        forces.working *= 1.0 - overlap(since, until, self.outage * self.days) / (until - since)
