"""The liquidation cascade: who fell when, for how much, and what was left unpaid."""

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

TITLE = "The liquidation cascade"
ORDER = 30
TEXT = (
    "Above, each row is a borrower, in the order in which they fell, and each bubble a liquidation: the larger, "
    "the more debt it settled; a ring marks debt that the collateral no longer covered. A steep staircase is a "
    "cascade: each forced sale pushes the price down on the next borrower. Below, what was repaid so far, and the "
    "bad debt that lenders had to bear."
)
MOST = 2_000  # bubbles


def draw(run: Run) -> go.Figure | None:
    """A staircase of liquidations by borrower over the cumulative sums."""
    table = run.table("liquidations").sort_values(["tick", "block"], kind="stable").reset_index(drop=True)
    if table.empty:
        return None
    order = {borrower: place for place, borrower in enumerate(dict.fromkeys(table["borrower"]), start=1)}
    table["row"] = table["borrower"].map(order)
    shown = table.nlargest(MOST, "repaid").sort_index() if len(table) > MOST else table
    title = "Borrowers liquidated, in order" + (
        f" (the {MOST:,} largest of {len(table):,} liquidations)" if len(table) > MOST else ""
    )
    lost = bool(table["bad_debt"].sum() >= 0.005)
    titles = [title, "Debt repaid out of seized collateral, so far", *(["Bad debt, so far"] if lost else [])]
    height = int(np.clip(12 * len(order), 160, 380))
    panels = Panels(titles, columns=1, height=[height, 110, 110][: len(titles)], keyed=True)
    _bubbles(run, panels, shown)
    panels.y(0, 0, 1.08 * len(order) + 0.5, **({"dtick": 1} if len(order) < 6 else {}))
    start, end = _window(run, table)
    sums = table.groupby("tick")[["repaid", "bad_debt"]].sum().cumsum()
    sums.loc[start], sums.loc[end] = 0.0, sums.iloc[-1]
    sums = sums.sort_index()
    for i, column, color in ((1, "repaid", style.MUTED), (2, "bad_debt", style.DANGER))[: 1 + lost]:
        drawn = {"shape": "hv", "fill": "tozeroy", "fillcolor": style.faded(color, 0.15)}
        hover = {"hovertemplate": "$%{y:,.0f}<extra></extra>"}
        panels.line(i, sums.index.to_numpy(float), sums[column].to_numpy(), "", color, **drawn, **hover)
        panels.y(i, *span(sums[column], zero=True), tickprefix="$", exponentformat="B", nticks=4)
        total = float(sums[column].iloc[-1])
        panels.ends(i, [(total, f"<b>{words.money(total)}</b>", color)])
    for i in range(len(titles)):
        panels.x(i, start, end, "tick" if i == len(titles) - 1 else "")
        for shock in data.shocks(run):
            if start <= shock["tick"] <= end:
                panels.mark(i, shock["tick"], "" if i else style.safe(words.title(shock["kind"], False)))
    return panels.fig


def _window(run: Run, table: pd.DataFrame) -> tuple[float, float]:
    """The ticks to show: all liquidations, and the shock before them where it is near."""
    start, end = int(table["tick"].min()), int(table["tick"].max())
    near = [tick for tick in data.shock_ticks(run) if 0 <= start - tick <= max(40, end - start)]
    start = min([start, *near])
    room = max(5.0, 0.06 * (end - start))
    return start - room, end + room


def _bubbles(run: Run, panels: Panels, shown: pd.DataFrame) -> None:
    size = shown["repaid"] + shown["bad_debt"]
    # as many bubbles as borrowers: the more, the smaller
    diameter = float(np.clip(26 * np.sqrt(40 / max(shown["row"].max(), 1)), 10, 26))
    scale = 2 * max(float(size.max()), 1e-9) / diameter**2
    names, looks = data.names(run), style.looks(len(data.names(run)))
    present = sorted(shown["asset"].unique())
    for a in present:
        part = shown[shown["asset"] == a]
        lost = part["bad_debt"] > 0.005
        marker = {
            "color": looks[a].color,
            "opacity": 0.85,
            "size": size[part.index],
            "sizemode": "area",
            "sizeref": scale,
            "sizemin": 2.5,
            "line": {"color": np.where(lost, style.DANGER, style.PAPER), "width": np.where(lost, diameter / 11, 0.5)},
        }
        panels.add(
            0,
            go.Scatter(
                x=part["tick"],
                y=part["row"],
                mode="markers",
                name=style.safe(names[a]),
                marker=marker,
                text=_hover(part, names[a]),
                hovertemplate="%{text}<extra></extra>",
            ),
        )
    key = [("●", style.safe(names[a]), looks[a].color) for a in present[:6]]
    panels.key(0, [*key, *([("◯", "left bad debt", style.DANGER)] if (shown["bad_debt"] > 0.005).any() else [])])
    panels.fig.update_layout(hovermode="closest")


def numbers(run: Run) -> Numbers | None:
    """By asset: how many, who, how much, and the loss."""
    table = run.table("liquidations")
    if table.empty:
        return None
    names = data.names(run)
    parts = [(names[a], table[table["asset"] == a]) for a in sorted(table["asset"].unique())]
    rows = [_row(name, part) for name, part in [*parts, ("All", table)][: None if len(parts) > 1 else 1]]
    return Numbers(
        ("Asset", "Liquidations", "Borrowers", "Liquidators", "Ticks", "Debt repaid", "Bad debt", "Loss rate"), rows
    )


def _row(name: str, part: pd.DataFrame) -> tuple[str, ...]:
    repaid, bad = part["repaid"].sum(), part["bad_debt"].sum()
    people = [f"{part[who].nunique():,}" for who in ("borrower", "liquidator")]
    return (
        name,
        f"{len(part):,}",
        *people,
        f"{part['tick'].min()} to {part['tick'].max()}",
        words.money(repaid),
        words.money(bad),
        words.share(bad / (repaid + bad or 1), 1),
    )


def _hover(part: pd.DataFrame, asset: str) -> list[str]:
    return [
        f"<b>Tick {row['tick']}: {style.safe(words.title(row['strategy']) or 'account')} {row['borrower']}</b>"
        f"<br>lost {row['seized_units']:,.0f} {style.safe(asset)} to agent {row['liquidator']}"
        f"<br>{words.money(row['repaid'])} repaid, {words.money(row['bad_debt'])} bad debt"
        for row in data.records(part)
    ]
