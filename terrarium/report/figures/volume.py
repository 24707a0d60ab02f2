"""Trading volume: what was traded when, and which strategies bought and sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels, span

if TYPE_CHECKING:
    import pandas as pd

    from terrarium.record.reader import Run

TITLE = "Trading volume"
ORDER = 70
TEXT = "How many dollars were traded on the pools: bursts are news, panic or forced sales. Beside it, which strategies bought and which sold, by number of trades."


def draw(run: Run) -> go.Figure | None:
    """Stacked bars by asset; buys against sells by strategy."""
    volume = data.wide(run, "prices", "volume")
    if not volume.sum().sum() > 0:
        return None
    names, looks = data.names(run), style.looks(len(data.names(run)))
    step = data.step(run, 120)
    bins = volume.groupby(volume.index // step * step).mean()
    trades = _trades(run)
    panels = Panels([f"Dollars per tick{f' (average of {step})' if step > 1 else ''}", "Trades by strategy"], columns=2, height=max(230, 26 * len(trades)), right=20, linked=False, keyed=True)
    for a, name in enumerate(names):
        bar = go.Bar(x=bins.index + (step - 1) / 2, y=bins[a], width=step * 0.88, name=style.safe(name), marker={"color": looks[a].color, "line_width": 0}, hovertemplate="$%{y:.3s}")
        panels.add(0, bar)
    panels.x(0, -0.5, data.last_tick(run) + 0.5, "tick")
    panels.y(0, *span(bins.sum(axis=1), zero=True), tickprefix="$", exponentformat="B")
    for tick in sorted({s["tick"] for s in data.shocks(run)}):
        panels.mark(0, tick, "shock")
    panels.key(0, [("■", style.safe(name, 14), looks[a].color) for a, name in enumerate(names)])
    panels.fig.update_layout(barmode="relative")
    most = max(trades["buys"].max(), trades["sells"].max()) if len(trades) else 1
    for column, sign, color in (("buys", 1, style.SERIES[0]), ("sells", -1, style.SERIES[1])):
        panels.add(1, go.Bar(x=sign * trades[column], y=list(range(len(trades))), orientation="h", marker={"color": color, "line_width": 0}, name=column, showlegend=False, customdata=trades[column], hovertemplate="%{customdata:,} " + column + "<extra></extra>"))
    panels.key(1, [("■", "sells", style.SERIES[1]), ("■", "buys", style.SERIES[0])])
    for y, strategy in enumerate(trades.index):
        panels.note(1, 0, (y + 0.5) / len(trades), style.safe(words.title(strategy)), yanchor="middle", anchor="left", xshift=-46)
    panels.y(1, -0.5, len(trades) - 0.5, showticklabels=False, showgrid=False)
    panels.x(1, -1.9 * most, 1.05 * most, "number of trades", showgrid=True, tickvals=[-most, 0, most], ticktext=[f"{most:,}", "0", f"{most:,}"])
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """Volume and turnover by asset."""
    volume, price = data.wide(run, "prices", "volume"), data.wide(run, "prices", "price")
    if volume.empty:
        return None
    supply = data.setting(run, "supply")
    rows = []
    for a, name in enumerate(data.names(run)):
        v = volume[a].fillna(0)
        rows.append((name, words.money(v.sum()), words.money(v.mean()), f"{words.money(v.max())} (tick {v.idxmax()})", f"{v.sum() / (supply[a] * price[a].mean()):.2f}×"))
    return Numbers(("Asset", "Traded", "Per tick", "Busiest tick", "Supply turned over"), rows)


def _trades(run: Run) -> pd.DataFrame:
    return run.sql("""
        select strategy, sum(case when verb = 'buy' then 1 else 0 end)::bigint as buys, sum(case when verb = 'sell' then 1 else 0 end)::bigint as sells
        from transactions where ok and verb in ('buy', 'sell') and strategy <> '' group by strategy order by count(*)""").set_index("strategy")
