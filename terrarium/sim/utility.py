"""How much risk an agent takes: the share of wealth it wants in an asset, given what it expects of it."""

from __future__ import annotations

from typing import Literal

Utility = Literal["profit", "mean_variance", "crra", "drawdown_averse"]


def risky_share(utility: Utility, excess: float, volatility: float, aversion: float, drawdown: float = 0.0) -> float:
    """Share of wealth in [0, 1] to hold, at an expected ``excess`` return and ``volatility``, both per year.

    profit: all, where the return is positive. crra: Merton's μ / γσ², "Lifetime portfolio selection under uncertainty",
    REStat 51 (1969). mean_variance: what maximises μw − λσ²w², Markowitz (1952). drawdown_averse: Merton's share,
    scaled by the cushion left above a floor of 80 % of the highest wealth, Grossman and Zhou, Mathematical Finance 3
    (1993); ``drawdown`` is the present one.
    """
    if excess <= 0.0:
        return 0.0
    if utility == "profit":
        return 1.0
    share = excess / (aversion * max(volatility, 1e-3) ** 2)
    if utility == "mean_variance":
        share /= 2.0
    if utility == "drawdown_averse":
        share *= max(0.0, 1.0 - drawdown / 0.2)
    return min(share, 1.0)
