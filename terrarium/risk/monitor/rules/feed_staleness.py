"""Age of the newest appraisal."""

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
class FeedStaleness(Rule):
    """Seconds since the feed's newest round / seconds after which the feed counts as stale."""

    warning: float = 0.75
    critical: float = 1.0

    def measure(self, series: Series) -> Iterator[Finding]:
        now = series.now
        for asset, age in enumerate(now.appraisal_age):
            if np.isfinite(age):
                yield Finding(asset, age / now.feed_max_age, {"age": age, "max_age": now.feed_max_age})
