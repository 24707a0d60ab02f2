"""The monitor's alerts: what it saw, when, and how bad."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels

if TYPE_CHECKING:
    from terrarium.record.reader import Run

TITLE = "Alerts"
ORDER = 80
TEXT = (
    "Each mark is a warning that the monitor raised from the chain's events alone: an open circle is a warning, a "
    "filled diamond is critical. Point at a mark to see the value, the threshold and the evidence. Good "
    "monitoring speaks before the liquidations start."
)
CRITICAL = 2
MOST = 3_000  # marks


def draw(run: Run) -> go.Figure | None:
    """A row per rule; within it a line per asset."""
    table = run.table("alerts")
    if table.empty:
        return None
    names, looks = data.names(run), style.looks(len(data.names(run)))
    table = table.sort_values(["severity", "tick"], ascending=[False, True]).head(MOST)
    rules = list(table.groupby("rule")["tick"].min().sort_values(ascending=False).index)
    panels = Panels(["What was raised, and when"], columns=1, height=54 * len(rules), right=20, left=8, keyed=True)
    subjects = [*names, *sorted(set(table["subject"]) - set(names))]
    colors = [look.color for look in looks] + [style.INK] * (len(subjects) - len(names))
    raised = [(place, subject) for place, subject in enumerate(subjects) if (table["subject"] == subject).any()]
    for place, subject in raised:
        part, color = table[table["subject"] == subject], colors[place]
        # assets stand under one another within a rule's row
        rows = [rules.index(rule) + 0.12 - 0.5 * (place + 0.5) / len(subjects) for rule in part["rule"]]
        symbol = np.where(part["severity"] >= CRITICAL, "diamond", "circle-open")
        marker = {"color": color, "symbol": symbol, "size": 9, "opacity": 1, "line": {"width": 2, "color": color}}
        panels.add(
            0,
            go.Scatter(
                x=part["tick"],
                y=rows,
                mode="markers",
                name=style.safe(subject),
                marker=marker,
                text=[_hover(row) for row in data.records(part)],
                hovertemplate="%{text}<extra></extra>",
            ),
        )
    for row, rule in enumerate(rules):
        text = style.safe(words.title(rule))
        panels.note(0, 0, (row + 0.92) / len(rules), text, color=style.MUTED, yanchor="top", xshift=4)
    panels.y(0, -0.5, len(rules) - 0.5, showticklabels=False, tickvals=[i + 0.5 for i in range(len(rules))])
    panels.x(0, 0, max(1, data.last_tick(run)), "tick")
    panels.fig.update_layout(hovermode="closest")
    panels.key(0, [("■", style.safe(subject, 14), colors[place]) for place, subject in raised])
    liquidated = run.table("liquidations")["tick"]
    if len(liquidated):
        panels.mark(0, int(liquidated.min()), "first liquidation", bottom=True)
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """Alerts by rule."""
    table = run.table("alerts")
    if table.empty:
        return None
    rows = []
    for rule, part in sorted(table.groupby("rule"), key=lambda item: item[1]["tick"].min()):
        first = part.sort_values("tick").iloc[0]
        critical = int((part["severity"] >= CRITICAL).sum())
        worst = part["value"].max()
        rows.append(
            (
                words.title(str(rule)),
                f"{len(part) - critical:,}",
                f"{critical:,}",
                f"tick {first['tick']} ({first['subject']})",
                "∞" if np.isinf(worst) else f"{worst:.3g}",
                words.listed(list(dict.fromkeys(part["subject"])), 4),
            )
        )
    return Numbers(("Rule", "Warnings", "Critical", "First", "Highest value", "Assets"), rows)


def _hover(row: dict[str, Any]) -> str:
    level = "critical" if row["severity"] >= CRITICAL else "warning"
    try:
        evidence = json.loads(row["evidence"]).items()
    except (ValueError, AttributeError):
        evidence = [("evidence", row["evidence"])]
    shown = [(words.title(k, False), f"{v:,.4g}" if isinstance(v, int | float) else v) for k, v in evidence]
    return "<br>".join(
        [
            f"<b>{style.safe(words.title(row['rule']))}: {style.safe(row['subject'])}</b> ({level})",
            f"tick {row['tick']}, block {row['block']}",
            f"value {row['value']:.4g}, threshold {row['threshold']:.4g}",
            *(f"{style.safe(name)}: {style.safe(value)}" for name, value in shown),
        ]
    )
