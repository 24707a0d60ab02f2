"""Reporters fail: a share of those who measure the world falls silent, comes late, or is wrong by a factor.

The world itself goes on. Who fails is drawn once per shock, by systematic sampling (W. Madow and L. Madow, Annals of
Mathematical Statistics 15, 1944): of any number of reporters exactly ``share``, rounded up or down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from terrarium.scenario import Positive
from terrarium.world.parameters import Floats
from terrarium.world.shock import Shock


@dataclass(frozen=True, kw_only=True)
class ReporterFailure(Shock):
    """For ``days``, a ``share`` of reporters is ``mode``: silent (no reading), late, or wrong."""

    mode: Literal["silent", "late", "wrong"] = "silent"
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    days: Positive = 30.0
    delay_days: Annotated[float, Field(gt=0, le=3650)] = 5.0  # late: age of what is reported
    factor: Annotated[float, Field(gt=0, le=1000)] = 0.5  # wrong: reading over what was seen

    def reading(
        self, since: float, reporter: int, draw: float, seen: Floats, earlier: Callable[[float], Floats]
    ) -> Floats:
        if since >= self.days or not self.fails(reporter, draw):
            return seen
        match self.mode:
            case "silent":
                return np.full_like(seen, np.nan)
            case "late":
                return earlier(self.delay_days)
            case "wrong":
                return seen * self.factor

    def fails(self, reporter: int, draw: float) -> bool:
        """Whether ``reporter`` (from 0) is among those that fail, ``draw`` in [0, 1) being the luck of the shock."""
        return floor(self.share * (reporter + 1) + draw) > floor(self.share * reporter + draw)

    @property
    def reach(self) -> float:
        return self.delay_days if self.mode == "late" else 0.0
