"""Share of the debt whose collateral is close to the liquidation line."""

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
class CollateralHealth(Rule):
    """Debt of loans with a health factor (collateral value · lltv / debt) under ``health``, as a share of all debt."""

    warning: float = 0.25
    critical: float = 0.50
    health: Annotated[float, Field(gt=0)] = 1.05

    def measure(self, series: Series) -> Iterator[Finding]:
        now = series.now
        limit = now.loan_collateral * now.collateral_price[now.loan_asset] * now.lltv[now.loan_asset]
        weak = limit < self.health * now.loan_debt
        assets = len(now.price)
        total = np.bincount(now.loan_asset, now.loan_debt, assets)
        at_risk = np.bincount(now.loan_asset[weak], now.loan_debt[weak], assets)
        for asset in np.flatnonzero(total > 0):
            evidence = {"debt": float(total[asset]), "debt_at_risk": float(at_risk[asset])}
            yield Finding(int(asset), float(at_risk[asset] / total[asset]), evidence)
