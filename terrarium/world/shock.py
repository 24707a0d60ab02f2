"""What a shock is: a dataclass that acts on the physical world, or on those who measure it, and never on a price.

A file in ``shocks/`` holds one: ``crash.py`` holds ``class Crash(Shock)``; its fields are the shock's parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from terrarium.world.parameters import Floats


@dataclass(slots=True)
class Forces:
    """What all shocks together do to m assets in one tick."""

    shift: Floats  # [m] log-change of the level of value during the tick
    standing: Floats  # [m] share of the productive capacity that stands
    working: Floats  # [m] share of the tick in which what stands may earn


@dataclass(frozen=True, kw_only=True)
class Shock:
    """Base of every shock. Times are days since the shock began; ``since`` ≥ 0 and ``until`` bound the tick."""

    def strike(self, since: float, until: float, forces: Forces) -> None:
        """Act on the struck assets' processes by changing ``forces`` (its m entries are those assets)."""

    def reading(
        self, since: float, reporter: int, draw: float, seen: Floats, earlier: Callable[[float], Floats]
    ) -> Floats:
        """What ``reporter`` measures in place of ``seen`` (dollars per token, [m]; NaN = nothing).

        ``draw`` in [0, 1) is the shock's own luck, the same all the time. ``earlier(days)`` is what the same reporter
        measured so many days before (NaN before the start).
        """
        return seen

    @property
    def reach(self) -> float:
        """How many days back `reading` looks."""
        return 0.0


def overlap(since: float, until: float, end: float) -> float:
    """Length of what [since, until) and [0, end) have in common; ``since`` ≥ 0."""
    return max(min(until, end) - since, 0.0)
