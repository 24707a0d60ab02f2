"""Depth of the pools: how much can be sold before the price gives."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels, span

if TYPE_CHECKING:
    import pandas as pd

    from terrarium.record.reader import Run

TITLE = "Pool depth"
ORDER = 60
TEXT = (
    "How many dollars a seller gets before the price has fallen by 5%. In a thin pool a single forced sale moves "
    "the price far; pools get thinner when liquidity providers leave and when the price falls."
)
FALL = 0.05
MOST = 8  # lines; the table has all assets


def draw(run: Run) -> go.Figure | None:
    """Dollars of depth per asset."""
    depth = _depth(run)
    if depth.empty:
        return None
    names, looks = data.names(run), style.looks(len(data.names(run)))
    shown = data.moving(run, MOST)
    panels = Panels(
        ["Dollars that move the price down by 5%" + (f" ({MOST} of {len(names)} assets)" if len(names) > MOST else "")],
        columns=1,
        height=220,
    )
    for a in shown:
        panels.line(
            0,
            depth.index.to_numpy(),
            depth[a].to_numpy(),
            style.safe(names[a]),
            looks[a].color,
            dash=looks[a].dash,
            hovertemplate="$%{y:.3s}",
        )
    panels.x(0, 0, max(1, data.last_tick(run)), "tick")
    panels.y(0, *span(depth, zero=True), tickprefix="$", exponentformat="B")
    panels.ends(0, [(data.newest(depth[a]), style.safe(names[a], 12), looks[a].color) for a in shown])
    for tick in data.shock_ticks(run):
        panels.mark(0, tick, "shock")
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """Depth at the start, at its lowest and at the end."""
    depth = _depth(run)
    if depth.empty:
        return None
    rows = []
    for a, name in enumerate(data.names(run)):
        first, last = data.oldest(depth[a]), data.newest(depth[a])
        rows.append((name, words.money(first), data.when(depth[a], True), words.money(last), words.change(first, last)))
    return Numbers(("Asset", "First", "Lowest", "Last", "Change"), rows)


def _depth(run: Run) -> pd.DataFrame:
    """Constant product: the price goes with the square of the cash, so 5% are gone when 1 − √0.95 of the cash is."""
    return data.wide(run, "prices", "pool_cash") * (1 - sqrt(1 - FALL))
