"""The loan markets: how much of what was lent is lent out, and at what rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels, span

if TYPE_CHECKING:
    from terrarium.record.reader import Run

TITLE = "Lending"
ORDER = 50
TEXT = (
    "How much of the lenders' money is lent out against each asset (near 100% lenders cannot withdraw), and what "
    "borrowers pay for it. Beyond the kink the rate rises steeply, to call loans back."
)

MOST = 8  # lines; the table has all assets


def draw(run: Run) -> go.Figure | None:
    """Utilisation and the yearly rate of each loan market."""
    use = _use(run)
    if use.isna().all().all():
        return None
    rate = _rate(run, use)
    names, looks = data.names(run), style.looks(len(data.names(run)))
    shown = data.moving(run, MOST)
    some = f" ({MOST} of {len(names)} assets)" if len(names) > MOST else ""
    panels = Panels([f"Share of the money lent out{some}", f"Loan rate, per year{some}"], columns=2, height=210)
    for i, frame in enumerate((use, rate)):
        for a in shown:
            drawn = {"dash": looks[a].dash, "hovertemplate": "%{y:.1%}"}
            panels.line(i, frame.index.to_numpy(), frame[a].to_numpy(), style.safe(names[a]), looks[a].color, **drawn)
        panels.x(i, 0, max(1, data.last_tick(run)), "tick")
        whole = i == 0 or rate.max().max() > 0.05
        panels.y(i, *((0, 1.06) if i == 0 else span(rate, zero=True)), tickformat=".0%" if whole else ".1%")
        panels.ends(i, [(data.newest(frame[a]), style.safe(names[a], 12), looks[a].color) for a in shown])
        for tick in data.shock_ticks(run):
            panels.mark(i, tick, "shock")
    panels.level(0, run.meta["scenario"]["market"]["kink"], "kink", style.MUTED)
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """Each loan market at the end."""
    use, bad = _use(run), data.wide(run, "lending", "bad_debt")
    if use.empty:
        return None
    rate, supplied = _rate(run, use), data.wide(run, "lending", "supplied")
    borrowed = data.wide(run, "lending", "borrowed")
    rows = []
    for a, name in enumerate(data.names(run)):
        dollars = (data.oldest(supplied[a]), data.newest(supplied[a]), data.newest(borrowed[a]))
        shares = (words.share(data.newest(use[a])), words.share(data.newest(rate[a]), 1))
        rows.append((name, *map(words.money, dollars), *shares, words.money(data.newest(bad[a]))))
    columns = ("Asset", "Lent at the start", "Lent at the end", "Borrowed", "In use", "Rate per year", "Bad debt")
    return Numbers(columns, rows)


def _use(run: Run) -> pd.DataFrame:
    supplied = data.wide(run, "lending", "supplied")
    return (data.wide(run, "lending", "borrowed") / supplied.where(supplied > 0)).clip(0, 1)


def _rate(run: Run, use: pd.DataFrame) -> pd.DataFrame:
    """The rate that contract KinkedRate derives from utilisation."""
    market = run.meta["scenario"]["market"]
    rates = [market["rate_base"], market["rate_kink"], market["rate_max"]]
    found = np.interp(use.to_numpy(), [0.0, market["kink"], 1.0], rates)
    return pd.DataFrame(np.where(use.isna(), np.nan, found), use.index, use.columns)
