"""Transactions: what was tried, what failed, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    "What agents and the system sent to the chain, of which the contracts refused the orange part, and the reasons they gave. Some refusals are normal "
    "(somebody else was faster, the price moved too far); many of one kind point to a market that does not work, or to a strategy that does not learn."
)
MOST = 10  # rows


def draw(run: Run) -> go.Figure | None:
    """Done and refused by verb; the most frequent reasons."""
    verbs, reasons = _verbs(run), _reasons(run)
    if verbs.empty:
        return None
    verbs, top = verbs.head(MOST)[::-1], reasons.head(MOST)[::-1]
    rows = max(len(verbs), len(top))
    panels = Panels(["By what was done", "Why transactions were refused"][: 2 if len(top) else 1], columns=2, height=34 * rows, right=56, left=8, bottom=10, linked=False)
    _bars(panels, 0, verbs.index, [("done", verbs["done"], style.SERIES[0]), ("refused", verbs["refused"], style.DANGER)], rows)
    if len(top):
        _bars(panels, 1, top["reason"], [("refused", top["n"], style.DANGER)], rows)
    panels.fig.update_layout(hovermode="closest")
    return panels.fig


def _bars(panels: Panels, i: int, labels: object, parts: list[tuple[str, pd.Series, str]], rows: int) -> None:
    """Horizontal bars with their names above and their sums behind them."""
    total = sum(values for _, values, _ in parts)
    empty, most = rows - len(total), float(total.max())  # type: ignore[arg-type, union-attr]
    for name, values, color in parts:
        panels.add(i, go.Bar(x=values, y=list(range(empty, rows)), width=0.34, orientation="h", name=name, marker={"color": color, "line_width": 0}, hovertemplate="%{x:,} " + name + "<extra></extra>"))
    for y, (label, sum_) in enumerate(zip(labels, total, strict=True), start=empty):  # type: ignore[call-overload]
        panels.note(i, 0, (y + 0.72) / rows, style.safe(words.title(label) if i == 0 else label, 52), yanchor="bottom", yshift=-2)
        panels.note(i, sum_ / most, (y + 0.5) / rows, f"{sum_:,}", color=style.MUTED, yanchor="middle", xshift=4)
    panels.y(i, -0.5, rows - 0.5, showticklabels=False, showgrid=False)
    panels.x(i, 0, most, showticklabels=False, showline=False, ticks="")


def numbers(run: Run) -> Numbers | None:
    """Counts and success by who sent them."""
    table = run.sql("""
        select strategy, count(*) as n, sum(case when ok then 1 else 0 end)::bigint as done, count(distinct verb) as verbs
        from transactions where tick >= 0 group by strategy order by n desc""")
    if table.empty:
        return None
    ticks = data.last_tick(run) + 1
    rows = [(words.title(r.strategy) or "System", f"{r.n:,}", f"{r.n / ticks:,.1f}", words.share(r.done / r.n, 1), str(r.verbs)) for r in table.itertuples()]
    n, done = table["n"].sum(), table["done"].sum()
    rows.append(("All", f"{n:,}", f"{n / ticks:,.1f}", words.share(done / n, 1), ""))
    return Numbers(("Sender", "Transactions", "Per tick", "Done", "Kinds"), rows)


def _verbs(run: Run) -> pd.DataFrame:
    return run.sql("""
        select case when verb = '' then 'other' else verb end as verb, sum(case when ok then 1 else 0 end)::bigint as done, sum(case when ok then 0 else 1 end)::bigint as refused
        from transactions where tick >= 0 group by 1 order by count(*) desc, 1""").set_index("verb")


def _reasons(run: Run) -> pd.DataFrame:
    """Reasons without their arguments, so that those of one kind count as one."""
    return run.sql("""
        select case when coalesce(reason, '') = '' then 'no reason given' when reason like 'Error: %' then substr(reason, 8)
                    else regexp_replace(reason, '\\(.*$', '') end as reason, count(*) as n
        from transactions where tick >= 0 and not ok group by 1 order by n desc, 1""")
