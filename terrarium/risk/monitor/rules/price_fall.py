"""Fall of the pool price from its highest in the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from terrarium.risk.monitor.rules import Finding, Rule
from terrarium.risk.monitor.series import Series

Blocks = Annotated[int, Field(ge=1, le=256)]


@dataclass(frozen=True)
class PriceFall(Rule):
    """1 − price / highest price of the last ``window`` blocks: a share, 0.1 = 10 %."""

    warning: float = 0.10
    critical: float = 0.25
    window: Blocks = 20

    def measure(self, series: Series) -> Iterator[Finding]:
        highest = series.window("price", self.window).max(axis=0)
        for asset, (price, top) in enumerate(zip(series.now.price, highest, strict=True)):
            if top > 0:
                yield Finding(asset, 1 - price / top, {"price": price, "highest": top})
