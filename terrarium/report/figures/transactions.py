"""Transactions: what was tried, what failed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels

if TYPE_CHECKING:
    import pandas as pd

    from terrarium.record.reader import Run

TITLE = "Transactions"
ORDER = 90
TEXT = (
    "What agents and the system sent to the chain, of which the contracts refused the orange part, and the "
    "reasons they gave. Some refusals are normal (somebody else was faster, the price moved too far); many of one "
    "kind point to a market that does not work, or to a strategy that does not learn."
)
MOST = 10  # rows


def draw(run: Run) -> go.Figure | None:
    """Done and refused by verb; the most frequent reasons."""
    verbs, reasons = _verbs(run), _reasons(run)
    if verbs.empty:
        return None
    verbs, top = verbs.head(MOST)[::-1], reasons.head(MOST)[::-1]
    rows = max(len(verbs), len(top))
    panels = Panels(
        ["By what was done", "Why transactions were refused"][: 2 if len(top) else 1],
        columns=2,
        height=34 * rows,
        right=56,
        left=8,
        bottom=10,
        linked=False,
    )
    parts = [("done", verbs["done"], style.SERIES[0]), ("refused", verbs["refused"], style.DANGER)]
    _bars(panels, 0, [words.title(str(verb)) for verb in verbs.index], parts, rows)
    if len(top):
        _bars(panels, 1, list(top["reason"]), [("refused", top["n"], style.DANGER)], rows)
    panels.fig.update_layout(hovermode="closest")
    return panels.fig


def _bars(
    panels: Panels, i: int, labels: list[str], parts: Sequence[tuple[str, pd.Series[Any], str]], rows: int
) -> None:
    """Horizontal bars with their names above and their sums behind them."""
    total = np.sum([values.to_numpy() for _, values, _ in parts], axis=0)
    empty, most = rows - len(total), float(total.max())
    for name, values, color in parts:
        bar = go.Bar(x=values, y=list(range(empty, rows)), width=0.34, orientation="h", name=name)
        look = {"color": color, "line_width": 0}
        panels.add(i, bar.update(marker=look, hovertemplate="%{x:,} " + name + "<extra></extra>"))
    for y, (label, number) in enumerate(zip(labels, total, strict=True), start=empty):
        panels.note(i, 0, (y + 0.72) / rows, style.safe(label, 52), yanchor="bottom", yshift=-2)
        panels.note(i, number / most, (y + 0.5) / rows, f"{number:,}", color=style.MUTED, yanchor="middle", xshift=4)
    panels.y(i, -0.5, rows - 0.5, showticklabels=False, showgrid=False)
    panels.x(i, 0, most, showticklabels=False, showline=False, ticks="")


def numbers(run: Run) -> Numbers | None:
    """Counts and success by who sent them."""
    table = run.sql("""
        select strategy, count(*) as n, count(*) filter (where ok) as done, count(distinct verb) as verbs
        from transactions where tick >= 0 group by strategy order by n desc""")
    if table.empty:
        return None
    ticks = data.last_tick(run) + 1
    rows = [
        _row(words.title(r["strategy"]) or "System", r["n"], r["done"], ticks, r["verbs"]) for r in data.records(table)
    ]
    rows.append(_row("All", int(table["n"].sum()), int(table["done"].sum()), ticks, ""))
    return Numbers(("Sender", "Transactions", "Per tick", "Done", "Kinds"), rows)


def _row(name: str, n: int, done: int, ticks: int, verbs: object) -> tuple[str, ...]:
    return (name, f"{n:,}", f"{n / ticks:,.1f}", words.share(done / n, 1), str(verbs))


def _verbs(run: Run) -> pd.DataFrame:
    return run.sql("""
        select case when verb = '' then 'other' else verb end as verb,
               count(*) filter (where ok) as done, count(*) filter (where not ok) as refused
        from transactions where tick >= 0 group by 1 order by count(*) desc, 1""").set_index("verb")


def _reasons(run: Run) -> pd.DataFrame:
    """Reasons without their arguments, so that those of one kind count as one."""
    return run.sql(r"""
        select case when coalesce(reason, '') = '' then 'no reason given'
                    when reason like 'Error: %' then substr(reason, 8)
                    else regexp_replace(reason, '\(.*$', '') end as reason, count(*) as n
        from transactions where tick >= 0 and not ok group by 1 order by n desc, 1""")
