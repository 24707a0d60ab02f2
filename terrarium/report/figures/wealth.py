"""Wealth by strategy: who gained and who lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from terrarium.report import data, style, words
from terrarium.report.figures import Numbers
from terrarium.report.panels import Panels

if TYPE_CHECKING:
    import pandas as pd

    from terrarium.record.reader import Run

TITLE = "Wealth by strategy"
ORDER = 40
TEXT = (
    "What the agents of each strategy own, where everybody starts at 100. The line is the agent in the middle; "
    "the dark band holds the middle half, the light band all but the top and bottom tenth. Orange lines ended "
    "lower than they began. All panels have the same scale, so gains and losses can be compared."
)


def draw(run: Run) -> go.Figure | None:
    """One panel per strategy, in the order of what became of the agent in the middle."""
    table = _quantiles(run)
    if table.empty:
        return None
    final = table.groupby("strategy")["q50"].last().sort_values()
    counts = table.groupby("strategy")["agents"].first()
    titles = [
        f"{style.safe(words.title(s))} <span style='font-weight:400'>{words.change(100, final[s])}</span>"
        for s in final.index
    ]
    panels = Panels(titles, columns=3, height=130, right=14, left=44, keyed=True)
    low, high = min(table["q10"].min(), 95.0), max(table["q90"].max(), 105.0)
    low, high = max(0.0, low - 0.05 * (high - low)), high + 0.05 * (high - low)
    for i, strategy in enumerate(final.index):
        part = table[table["strategy"] == strategy]
        color = style.DANGER if final[strategy] < 99.95 else style.SERIES[0]
        x = part["tick"].to_numpy()
        panels.band(i, x, part["q10"], part["q90"], color, 0.15)
        panels.band(i, x, part["q25"], part["q75"], color, 0.25)
        panels.line(i, x, part["q50"].to_numpy(), "median", color, hovertemplate="%{y:.1f}")
        panels.level(i, 100, "", style.MUTED)
        panels.y(i, low, high, nticks=5)
        panels.x(i, 0, max(1, data.last_tick(run)), nticks=5)
        panels.note(i, 1, 1, words.count(int(counts[strategy]), "agent"), color=style.MUTED, anchor="right", yshift=5)
        for tick in data.shock_ticks(run):
            panels.mark(i, tick, "")
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """What each strategy owned together, at the start and at the end."""
    table = run.sql("""
        with ends as (select min(tick) as first, max(tick) as last from wealth where tick >= 0)
        select strategy, count(*) as agents, sum(a.wealth) as before, sum(b.wealth) as after
        from ends join wealth a on a.tick = ends.first join wealth b on b.tick = ends.last and b.agent = a.agent
        join agents on agents.agent = a.agent
        group by strategy having sum(a.wealth) > 0 order by sum(b.wealth) - sum(a.wealth)""")
    if table.empty:
        return None
    total = (int(table["agents"].sum()), float(table["before"].sum()), float(table["after"].sum()))
    rows = [
        _row(words.title(r["strategy"]), r["agents"], r["before"], r["after"], total[2]) for r in data.records(table)
    ]
    rows.append(_row("All", *total, total[2]))
    return Numbers(("Strategy", "Agents", "At the start", "At the end", "Gain", "Change", "Share at the end"), rows)


def _row(name: str, agents: int, before: float, after: float, everything: float) -> tuple[str, ...]:
    held = words.share(after / everything, 1) if everything > 0 else "–"
    gain = words.money(after - before)
    return (name, f"{agents:,}", words.money(before), words.money(after), gain, words.change(before, after), held)


def _quantiles(run: Run) -> pd.DataFrame:
    quantiles = ", ".join(
        f"100 * quantile_cont(w.wealth / first.wealth, {q / 100}) as q{q}" for q in (10, 25, 50, 75, 90)
    )
    # only numbers of our own are put into the text
    return run.sql(f"""
        with first as (
            select agent, wealth from wealth
            where tick = (select min(tick) from wealth where tick >= 0) and wealth > 0
        )
        select strategy, w.tick, count(*) as agents, {quantiles}
        from wealth w join first using (agent) join agents using (agent)
        where w.tick >= 0 group by strategy, w.tick order by strategy, w.tick""")  # noqa: S608
