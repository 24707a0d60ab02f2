"""What a benchmark finds: figures with their targets, and what is drawn of them."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

import psutil

Numbers = list[float]


@dataclass(frozen=True)
class Figure:
    """One number. ``at_least`` or ``at_most`` is its target, where it has one."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:,g}"
        return f"< {self.at_most:,g}" if self.at_most is not None else ""


@dataclass(frozen=True)
class Chart:
    """A picture: bars by label, or lines (x, y) by label. ``target`` is drawn as a line across, where there is one.

    ``others``: labels of what is not ours but beside it for comparison. ``log``: a logarithmic axis.
    """

    title: str
    unit: str
    bars: dict[str, float] = field(default_factory=dict)
    lines: dict[str, tuple[Numbers, Numbers]] = field(default_factory=dict)
    x: str = ""
    target: float | None = None
    others: tuple[str, ...] = ()
    log: bool = False


@dataclass(frozen=True)
class Result:
    """All that one benchmark found. ``how`` says in a sentence or two how it was measured."""

    title: str
    how: str
    figures: list[Figure]
    charts: list[Chart]

    def json(self) -> dict[str, Any]:
        """As it is written to disk."""
        found = [asdict(figure) | {"met": figure.met} for figure in self.figures]
        return {"title": self.title, "how": self.how, "figures": found, "charts": [asdict(c) for c in self.charts]}


def machine() -> dict[str, Any]:
    """What this runs on, and how busy it is: figures of a shared machine say little without it."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown")
    except OSError:
        return platform.processor() or "unknown"


@dataclass(frozen=True)
class Lap:
    """Seconds that something took: on the clock, and of this process and of ``child`` on a core."""

    wall: float
    own: float
    child: float = 0.0


def lap(work: Callable[[], Any], child: int | None = None) -> tuple[Lap, Any]:
    """Do ``work`` once; how long it took, and what it gave. ``child`` is the process id of a node that works for us."""
    other, own, wall = _spent(child), time.process_time(), time.perf_counter()
    made = work()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    return Lap(wall, own, _spent(child) - other), made


def _spent(pid: int | None) -> float:
    if pid is None:
        return 0.0
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def micros(work: Callable[[], Any], times: int, rounds: int = 7) -> float:
    """Microseconds per call of ``work``: the median over ``rounds`` of ``times`` calls each, collector at rest."""
    work()
    found = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            start = time.perf_counter()
            for _ in range(times):
                work()
            found.append((time.perf_counter() - start) / times * 1e6)
    finally:
        gc.enable()
    return median(found)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """How much ``y`` grows with ``x``: a straight line through all but the first tenth, by least squares."""
    start = len(x) // 10
    x, y = x[start:], y[start:]
    middle, level = fmean(x), fmean(y)
    spread = sum((a - middle) ** 2 for a in x)
    return sum((a - middle) * (b - level) for a, b in zip(x, y, strict=True)) / spread


def tenth(rates: Sequence[float], last: bool) -> float:
    """Median of the first or last tenth of a series."""
    size = max(1, len(rates) // 10)
    return median(rates[-size:] if last else rates[:size])
