"""Halts an asset when the monitor warns, and lets it trade again after a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class Guardian(Strategy):
    """A human hand on the switch: hears the monitor's alerts as everybody does, from the chain, and halts an asset on a
    critical alert of one of its ``rules``. Not again within ``rest`` ticks: a market that cannot trade cannot clear.
    """

    role: ClassVar[str] = "guardian"

    rules: tuple[str, ...] = ("price_fall",)  # alerts it acts on
    severity: Annotated[int, Field(ge=1, le=2)] = 2  # 1 = warning, 2 = critical
    length: Annotated[int, Field(ge=1, le=10_000)] = 3  # ticks that a halt lasts
    rest: Annotated[int, Field(ge=0, le=10_000)] = 20  # ticks after a halt without another
    _until: dict[int, int] = field(default_factory=dict, init=False)

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """End halts that have lasted, begin those that alerts ask for."""
        calls: list[Call] = []
        for asset in view.assets:
            if view.halted[asset]:
                if view.tick >= self._until.get(asset, view.tick):
                    calls += view.desk.unhalt(asset)
                continue
            if view.tick < self._until.get(asset, -self.rest) + self.rest:
                continue
            if any(a.tick == view.tick and a.asset in (asset, -1) and self._heeds(a.rule, a.severity) for a in view.alerts):
                self._until[asset] = view.tick + self.length
                calls += view.desk.halt(asset)
        return calls

    def _heeds(self, rule: str, severity: int) -> bool:
        return severity >= self.severity and rule in self.rules
