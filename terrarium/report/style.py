"""How figures look: one palette that colour-blind readers can tell apart, in a light and a dark version.

Figures are drawn in the light colours. A page that is dark replaces each colour by its twin in `DARK`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

# Okabe & Ito (2008), "Color Universal Design"; vermillion is kept for what is bad: losses, limits, failures.
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#8C6D1F")
DANGER = "#D55E00"
INK, MUTED, FAINT, PAPER = "#1F2933", "#66717E", "#E3E7EC", "#FFFFFF"
DARK = {
    "#0072B2": "#4FA8E8",
    "#E69F00": "#F2B544",
    "#009E73": "#2FC79A",
    "#CC79A7": "#E29FC6",
    "#56B4E9": "#9AD6F7",
    "#8C6D1F": "#CBAA4D",
    DANGER: "#FF7F3F",
    INK: "#E6E9ED",
    MUTED: "#9AA5B1",
    FAINT: "#2D343D",
    PAPER: "#171C22",
}
DASHES = ("solid", "dash", "dot", "dashdot")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"


class Look(NamedTuple):
    """Colour and line style of one series."""

    color: str
    dash: str


def looks(count: int) -> list[Look]:
    """One look per asset, the same in every figure: the colours in turn, then again with another dash."""
    return [Look(SERIES[i % len(SERIES)], DASHES[i // len(SERIES) % len(DASHES)]) for i in range(count)]


def faded(color: str, opacity: float) -> str:
    """``color`` ("#RRGGBB") as an rgba of this opacity (0..1)."""
    return f"rgba({','.join(map(str, _rgb(color)))},{opacity:g})"


def twins() -> list[tuple[str, str]]:
    """Text replacements that turn the JSON of a light figure dark: hex colours, and the rgba prefixes of `faded`."""
    hexes = list(DARK.items())
    return hexes + [(f"rgba({','.join(map(str, _rgb(a)))},", f"rgba({','.join(map(str, _rgb(b)))},") for a, b in hexes]


def safe(text: object, length: int = 80) -> str:
    """Text from the record for a label: Plotly reads labels as HTML. Cut to ``length`` characters."""
    plain = " ".join(str(text).split())
    return escape(plain if len(plain) <= length else plain[: length - 1] + "…")


def spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The values moved apart as little as it takes to stand ``gap`` from each other, in their order, within ``low`` and
    ``high``; closer together where there is no room."""
    gap = min(gap, (high - low) / max(1, len(values) - 1))
    order = sorted(range(len(values)), key=lambda i: values[i])
    groups: list[tuple[list[int], float]] = []  # (members, centre): neighbours that touch move as one
    for i in order:
        members, centre = [i], float(values[i])
        while True:
            reach = gap * (len(members) - 1) / 2
            centre = min(max(centre, low + reach), high - reach)
            if not groups or centre - groups[-1][1] >= gap * (len(members) + len(groups[-1][0])) / 2 - 1e-9:
                break
            before, there = groups.pop()
            centre = (there * len(before) + centre * len(members)) / (len(before) + len(members))
            members = before + members
        groups.append((members, centre))
    moved = [0.0] * len(values)
    for members, centre in groups:
        for place, i in enumerate(members):
            moved[i] = centre + gap * (place - (len(members) - 1) / 2)
    return moved


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
