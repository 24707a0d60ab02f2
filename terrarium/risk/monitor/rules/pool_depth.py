"""Liquidity that left the pool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from terrarium.risk.monitor.rules import Finding, Rule
from terrarium.risk.monitor.series import Series

Blocks = Annotated[int, Field(ge=1, le=256)]


@dataclass(frozen=True)
class PoolDepth(Rule):
    """1 − depth / greatest depth of the last ``window`` blocks; depth is √(cash · tokens), which no swap reduces."""

    warning: float = 0.25
    critical: float = 0.50
    window: Blocks = 20

    def measure(self, series: Series) -> Iterator[Finding]:
        depth = np.sqrt(series.window("pool_cash", self.window) * series.window("pool_units", self.window))
        for asset, (now, top) in enumerate(zip(depth[-1], depth.max(axis=0), strict=True)):
            if top > 0:
                yield Finding(asset, 1 - now / top, {"depth": now, "greatest": top})
