"""Trading volume: what was traded when, and which strategies bought and sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import LEFT, Panels, span

if TYPE_CHECKING:
    import pandas as pd

    from terrarium.record.reader import Run

TITLE = "Trading volume"
ORDER = 70
TEXT = (
    "How many dollars were traded on the pools: bursts are news, panic or forced sales. Beside it, which "
    "strategies bought and which sold, by number of trades."
)
MOST = 5  # assets with a colour of their own; the table has all


def draw(run: Run) -> go.Figure | None:
    """Stacked bars by asset; buys against sells by strategy."""
    volume = data.wide(run, "prices", "volume")
    if not volume.sum().sum() > 0:
        return None
    names, looks = data.names(run), style.looks(len(data.names(run)))
    step = data.step(run, 120)
    bins = volume.groupby(volume.index // step * step).mean()
    trades = _trades(run)
    titles = ["Dollars per tick" + (f" (average of {step})" if step > 1 else ""), "Trades by strategy"]
    height = max(230, 26 * len(trades))
    panels = Panels(titles, columns=2, height=height, right=20, keyed=True, linked=False)
    shown = data.moving(run, MOST)
    parts = [(style.safe(names[a], 14), bins[a], looks[a].color) for a in shown]
    if len(shown) < len(names):
        parts.append(("others", bins.drop(columns=shown).sum(axis=1), style.MUTED))
    middle = bins.index + (step - 1) / 2
    for name, values, color in parts:
        bar = go.Bar(x=middle, y=values, width=step * 0.88, name=name, hovertemplate="$%{y:.3s}")
        panels.add(0, bar.update(marker={"color": color, "line_width": 0}))
    panels.x(0, -0.5, data.last_tick(run) + 0.5, "tick")
    panels.y(0, *span(bins.sum(axis=1), zero=True), tickprefix="$", exponentformat="B")
    for tick in data.shock_ticks(run):
        panels.mark(0, tick, "shock")
    panels.key(0, [("■", name, color) for name, _, color in parts])
    _balance(panels, trades)
    panels.fig.update_layout(barmode="relative")
    return panels.fig


def _balance(panels: Panels, trades: pd.DataFrame) -> None:
    """Sells to the left and buys to the right, in the second panel."""
    most = int(trades.max().max()) if len(trades) else 1
    for column, sign, color in (("buys", 1, style.SERIES[0]), ("sells", -1, style.SERIES[1])):
        bar = go.Bar(x=sign * trades[column], y=list(range(len(trades))), orientation="h", name=column)
        bar.update(marker={"color": color, "line_width": 0}, customdata=trades[column])
        panels.add(1, bar.update(hovertemplate="%{customdata:,} " + column + "<extra></extra>"))
    panels.key(1, [("■", "sells", style.SERIES[1]), ("■", "buys", style.SERIES[0])])
    for y, strategy in enumerate(trades.index):
        name = style.safe(words.title(str(strategy)))
        panels.note(1, 0, (y + 0.5) / len(trades), name, yanchor="middle", xshift=-LEFT)
    panels.y(1, -0.5, max(1, len(trades)) - 0.5, showticklabels=False, showgrid=False)
    ticks = {"tickvals": [-most, 0, most], "ticktext": [f"{most:,}", "0", f"{most:,}"], "showgrid": True}
    panels.x(1, -1.9 * most, 1.05 * most, "number of trades", **ticks)


def numbers(run: Run) -> Numbers | None:
    """Volume and turnover by asset."""
    volume, price = data.wide(run, "prices", "volume"), data.wide(run, "prices", "price")
    if volume.empty:
        return None
    supply = data.setting(run, "supply")
    rows = []
    for a, name in enumerate(data.names(run)):
        v = volume[a].fillna(0.0)
        turnover = v.sum() / (supply[a] * price[a].mean())
        rows.append((name, words.money(v.sum()), words.money(v.mean()), data.when(v, False), f"{turnover:.2f}×"))
    return Numbers(("Asset", "Traded", "Per tick", "Busiest tick", "Supply turned over"), rows)


def _trades(run: Run) -> pd.DataFrame:
    found = run.sql("""
        select strategy, count(*) filter (where verb = 'buy') as buys, count(*) filter (where verb = 'sell') as sells
        from transactions where ok and verb in ('buy', 'sell') and strategy <> ''
        group by strategy order by count(*)""")
    return found.set_index("strategy")
