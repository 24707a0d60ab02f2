"""Debt liquidated lately, as a share of the debt there was."""

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
class LiquidationRate(Rule):
    """Dollars repaid by liquidators or written off in the last ``window`` blocks / dollars borrowed before them."""

    warning: float = 0.05
    critical: float = 0.20
    window: Blocks = 10

    def measure(self, series: Series) -> Iterator[Finding]:
        liquidated = series.window("liquidated", self.window).sum(axis=0)
        before = series.window("borrowed", self.window + 1)[0]
        for asset in np.flatnonzero(liquidated > 0):
            # everything was borrowed within the window: compare with what is liquidated, not with nothing
            base = max(before[asset], liquidated[asset])
            evidence = {"liquidated": float(liquidated[asset]), "borrowed_before": float(before[asset])}
            yield Finding(int(asset), float(liquidated[asset] / base), evidence)
