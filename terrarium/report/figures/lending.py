"""The loan markets: how much of what was lent is lent out, and at what rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels, span

if TYPE_CHECKING:
    import pandas as pd

    from terrarium.record.reader import Run

TITLE = "Lending"
ORDER = 50
TEXT = (
    "How much of the lenders' money is lent out against each asset (near 100% lenders cannot withdraw), and what borrowers pay for it. "
    "Beyond the kink the rate rises steeply, to call loans back."
)


def draw(run: Run) -> go.Figure | None:
    """Utilisation and the yearly rate of each loan market."""
    use = _use(run)
    if use.isna().all().all():
        return None
    rate = _rate(run, use)
    names, looks = data.names(run), style.looks(len(data.names(run)))
    panels = Panels(["Share of the money lent out", "Loan rate, per year"], columns=2, height=210)
    for i, frame in enumerate((use, rate)):
        for a, name in enumerate(names):
            panels.line(i, frame.index.to_numpy(), frame[a].to_numpy(), style.safe(name), looks[a].color, dash=looks[a].dash, hovertemplate="%{y:.1%}")
        panels.x(i, 0, max(1, data.last_tick(run)), "tick")
        panels.y(i, *((0, 1.06) if i == 0 else span(rate, zero=True)), tickformat=".0%" if i == 0 or rate.max().max() > 0.05 else ".1%")
        if len(names) <= 12:
            panels.ends(i, [(float(frame[a].iloc[-1]), style.safe(name, 12), looks[a].color) for a, name in enumerate(names)])
        for tick in sorted({s["tick"] for s in data.shocks(run)}):
            panels.mark(i, tick, "shock")
    panels.level(0, run.meta["scenario"]["market"]["kink"], "kink", style.MUTED)
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """Each loan market at the end."""
    use, bad = _use(run), data.wide(run, "lending", "bad_debt")
    if use.empty:
        return None
    rate, supplied, borrowed = _rate(run, use), data.wide(run, "lending", "supplied"), data.wide(run, "lending", "borrowed")
    rows = [
        (name, words.money(supplied[a].iloc[0]), words.money(supplied[a].iloc[-1]), words.money(borrowed[a].iloc[-1]), words.share(use[a].iloc[-1]), words.share(rate[a].iloc[-1], 1), words.money(bad[a].iloc[-1]))
        for a, name in enumerate(data.names(run))
    ]
    return Numbers(("Asset", "Lent at the start", "Lent at the end", "Borrowed", "In use", "Rate per year", "Lost to bad debt"), rows)


def _use(run: Run) -> pd.DataFrame:
    supplied = data.wide(run, "lending", "supplied")
    return (data.wide(run, "lending", "borrowed") / supplied.where(supplied > 0)).clip(0, 1)


def _rate(run: Run, use: pd.DataFrame) -> pd.DataFrame:
    """The rate that contract KinkedRate derives from utilisation."""
    market = run.meta["scenario"]["market"]
    points = [0.0, market["kink"], 1.0], [market["rate_base"], market["rate_kink"], market["rate_max"]]
    return use.apply(lambda column: np.interp(column, *points, left=np.nan, right=np.nan))
