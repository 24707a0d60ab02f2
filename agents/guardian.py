"""Halts an asset when the monitor warns, and lets it trade again after a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from terrarium.sim.strategy import Call, Generator, Strategy
from terrarium.sim.view import View


@dataclass
class Guardian(Strategy):
    """A human hand on the switch: halts an asset on a grave alert, and lets it trade again after a while.

    It hears the monitor's alerts as everybody does, from the chain, and heeds those of its ``rules``. It does not halt
    again within ``rest`` ticks: a market that cannot trade cannot clear.
    """

    role: ClassVar[str] = "guardian"

    rules: tuple[str, ...] = ("price_fall",)  # alerts it acts on
    severity: Annotated[int, Field(ge=1, le=2)] = 2  # 1 = warning, 2 = critical
    length: Annotated[int, Field(ge=1, le=10_000)] = 3  # ticks that a halt lasts
    rest: Annotated[int, Field(ge=0, le=10_000)] = 20  # ticks after a halt without another
    _until: dict[int, int] = field(default_factory=dict, init=False)  # end of the last halt, by asset
    _heard: int = field(default=-1, init=False)  # tick of the newest alert dealt with: each is heard once, however late

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """End halts that have lasted, begin those that alerts ask for."""
        heeded = {a.asset for a in view.alerts if a.tick > self._heard and self._heeds(a.rule, a.severity)}
        if view.alerts:
            self._heard = view.alerts[-1].tick
        calls: list[Call] = []
        for asset in view.assets:
            if view.halted[asset]:
                if view.tick >= self._until.get(asset, view.tick):
                    calls += view.desk.unhalt(asset)
            elif heeded & {asset, -1} and view.tick >= self._until.get(asset, -self.rest) + self.rest:
                self._until[asset] = view.tick + self.length
                calls += view.desk.halt(asset)
        return calls

    def _heeds(self, rule: str, severity: int) -> bool:
        return severity >= self.severity and rule in self.rules
