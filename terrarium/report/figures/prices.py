"""Prices against fundamental values and appraisals, one panel per asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels, span

if TYPE_CHECKING:
    from terrarium.record.reader import Run

TITLE = "Prices and values"
ORDER = 10
TEXT = (
    "The coloured line is what the market pays for one token; the dotted line is what the physical asset is "
    "really worth, which nobody in the market can see; the grey line is the appraisal that the chain is told. "
    "Where price and value part, somebody is paying too much or too little."
)
MOST = 12  # panels; the table has all assets


def draw(run: Run) -> go.Figure | None:
    """Panels of the assets whose prices moved most, in the scenario's order."""
    price, value, appraisal = (
        data.wide(run, *c) for c in (("prices", "price"), ("feeds", "fundamental"), ("feeds", "answer"))
    )
    if price.empty:
        return None
    names, looks = data.names(run), style.looks(len(data.names(run)))
    shown = data.moving(run, MOST)
    panels = Panels([style.safe(names[a]) for a in shown], columns=2, height=180)
    halted = data.flags(run, "prices", "halted")
    for i, a in enumerate(shown):
        x, own = price.index.to_numpy(), looks[a].color
        lines = (
            (value, "value", style.INK, "dot", 1.5),
            (appraisal, "appraisal", style.MUTED, "solid", 1.5),
            (price, "price", own, "solid", 2.25),
        )
        for frame, name, color, dash, width in lines:
            drawn = {"dash": dash, "width": width, "hovertemplate": "$%{y:,.2f}"}
            panels.line(i, frame.index.to_numpy(), frame[a].to_numpy(), name, color, **drawn)
        panels.x(i, 0, max(1, data.last_tick(run)), "tick" if i >= len(shown) - panels.columns else "")
        panels.y(i, *span(price[a], value[a], appraisal[a]), tickprefix="$")
        panels.ends(i, [(data.newest(frame[a]), name, color) for frame, name, color, _, _ in lines])
        for start, end in data.stretches(halted[a].to_numpy(), x):
            panels.shade(i, start, end)
            panels.note(i, (start + end) / 2, 0, "halted", color=style.MUTED, data=True, anchor="center", size=10)
        for shock in data.shocks(run):
            if a in shock["columns"]:
                panels.mark(i, shock["tick"], style.safe(words.title(shock["kind"], False)))
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """First, lowest and last price of each asset, and how far the last one is from the value."""
    price, value = data.wide(run, "prices", "price"), data.wide(run, "feeds", "fundamental")
    if price.empty:
        return None
    halted = data.flags(run, "prices", "halted").sum()
    rows = []
    for a, name in enumerate(data.names(run)):
        first, last, worth = data.oldest(price[a]), data.newest(price[a]), data.newest(value[a])
        row = (words.money(first), data.when(price[a], True), words.money(last), words.change(first, last))
        rows.append((name, *row, words.change(worth, last), f"{halted[a]}"))
    columns = ("Asset", "First price", "Lowest", "Last", "Change", "Last price against value", "Ticks halted")
    return Numbers(columns, rows)
