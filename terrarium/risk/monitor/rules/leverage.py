"""Leverage of the borrowers against one asset, taken together."""

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
class Leverage(Rule):
    """Collateral value / (collateral value − debt): assets held per dollar of equity; infinite once equity is gone."""

    warning: float = 2.5
    critical: float = 3.5

    def measure(self, series: Series) -> Iterator[Finding]:
        now = series.now
        for asset, debt in enumerate(now.borrowed):
            value = now.collateral[asset] * now.collateral_price[asset]
            if debt > 0 and value > 0:
                equity = value - debt
                yield Finding(
                    asset, value / equity if equity > 0 else np.inf, {"collateral_value": value, "debt": debt}
                )
