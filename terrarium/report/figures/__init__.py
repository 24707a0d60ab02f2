"""The report's figures: one file each; the folder is the registry.

A file holds ``TITLE``, ``TEXT`` (what a newcomer sees and why it matters), ``ORDER`` (place in the report),
``draw(run)`` (a Plotly figure, or None where the run has nothing of the kind) and ``numbers(run)`` (the key numbers
beside it, or None).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import plotly.graph_objects as go

if TYPE_CHECKING:
    from terrarium.record.reader import Run


@dataclass(frozen=True, slots=True)
class Numbers:
    """A small table: names of its columns and rows of text. The first column says what the row is about."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure of the report."""

    name: str
    title: str
    text: str
    order: int
    draw: Callable[[Run], go.Figure | None]
    numbers: Callable[[Run], Numbers | None]


@cache
def figures() -> tuple[Entry, ...]:
    """All figures, in the order of the report."""
    modules = {m.name: importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)}
    found = [Entry(name, m.TITLE, m.TEXT, m.ORDER, m.draw, m.numbers) for name, m in modules.items()]
    return tuple(sorted(found, key=lambda entry: entry.order))
