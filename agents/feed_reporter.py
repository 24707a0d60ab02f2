"""Measures the physical world and reports it to the chain's feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class FeedReporter(Strategy):
    """Submits what it has measured of every asset: no opinion, no position.

    What it measures may be late, wrong or missing; the feed's median of several reporters has to cope.
    """

    role: ClassVar[str] = "reporter"

    period: Annotated[int, Field(ge=1, le=1_000)] = 1  # ticks between two reports; no phase: a round needs a quorum

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """Report every asset of which there is a reading."""
        if view.tick % self.period:
            return []
        known = [(asset, value) for asset, value in enumerate(view.readings) if value > 0.0]  # NaN is not
        return [call for asset, value in known for call in view.desk.submit(asset, value)]
