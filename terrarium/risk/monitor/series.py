"""What rules look at: the market block by block, from events alone. n assets, t blocks so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observation:
    """The market after one block. Dollars and tokens; all arrays [n] but the loans: one entry per open loan."""

    block: int
    price: Floats  # pool mid price
    appraisal: Floats  # newest answer of the feed; NaN before the first
    appraisal_age: Floats  # seconds since it
    feed_max_age: float  # seconds after which a feed counts as stale
    pool_cash: Floats
    pool_units: Floats
    supplied: Floats
    borrowed: Floats
    collateral: Floats  # tokens posted
    collateral_price: Floats  # what the loan market's oracle says
    lltv: Floats
    liquidated: Floats  # dollars of debt repaid by liquidators or written off in this block
    loan_asset: npt.NDArray[np.int64]
    loan_debt: Floats
    loan_collateral: Floats  # tokens


class Series:
    """The last ``memory`` observations, newest last."""

    def __init__(self, names: tuple[str, ...], memory: int = 256) -> None:
        self.names = names
        self._rows: deque[Observation] = deque(maxlen=memory)

    def append(self, observation: Observation) -> None:
        """Add the newest."""
        self._rows.append(observation)

    @property
    def now(self) -> Observation:
        """The newest observation."""
        return self._rows[-1]

    def window(self, field: str, blocks: int) -> Floats:
        """[min(t, blocks), n]: one field over the last blocks."""
        rows = list(self._rows)[-blocks:]
        return np.stack([getattr(row, field) for row in rows])
