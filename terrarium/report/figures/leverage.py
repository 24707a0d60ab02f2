"""Leverage: how close loans are to their limits, and how much is borrowed against how much collateral."""

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

TITLE = "Leverage and collateral"
ORDER = 20
TEXT = (
    "How much of their limit borrowers use: at 100% a loan may be liquidated, and its collateral is seized and "
    "sold. The dark band holds the middle half of all loans, the light band all but the highest and lowest tenth. "
    "Beside it, all debt against the collateral that backs it: the smaller the gap between the two, the less a "
    "fall in prices can be absorbed."
)
TOP = 1.5  # a loan without collateral has an infinite ratio; it is drawn here


def draw(run: Run) -> go.Figure | None:
    """Bands of loan-to-value over the liquidation limit; debt and collateral in dollars."""
    use = _use(run)
    if use.empty:
        return None
    total = _totals(run)
    panels = Panels(["Loan-to-value as a share of its limit", "Debt and collateral"], columns=2, height=250, keyed=True)
    x = use.index.to_numpy()
    panels.band(0, x, use["q10"], use["q90"], style.SERIES[0], 0.16)
    panels.band(0, x, use["q25"], use["q75"], style.SERIES[0], 0.28)
    panels.line(0, x, use["q50"].to_numpy(), "loan in the middle", style.SERIES[0], hovertemplate="%{y:.0%}")
    joint = (total["debt"] / total["limit"].where(total["limit"] > 0)).clip(upper=TOP)
    dotted = {"width": 1.5, "dash": "dot", "hovertemplate": "%{y:.0%}"}
    panels.line(0, joint.index.to_numpy(), joint.to_numpy(), "all loans as one", style.INK, **dotted)
    panels.y(0, 0, max(1.12, min(TOP, float(use["q90"].max()) * 1.05)), tickformat=".0%")
    panels.level(0, 1.0, "liquidation limit")
    panels.key(0, [("━", "loan in the middle", style.SERIES[0]), ("┅", "all loans as one", style.INK)])
    lines = (("collateral", style.SERIES[2]), ("debt", style.DANGER))
    for name, color in lines:
        shade = {"fill": "tozeroy", "fillcolor": style.faded(color, 0.12)}
        panels.line(1, total.index.to_numpy(), total[name].to_numpy(), name, color, hovertemplate="$%{y:.3s}", **shade)
    panels.y(1, *span(total["collateral"], total["debt"], zero=True), tickprefix="$", exponentformat="B")
    panels.ends(1, [(float(total[name].iloc[-1]), name, color) for name, color in lines])
    for i in (0, 1):
        panels.x(i, 0, max(1, data.last_tick(run)), "tick")
        for tick in data.shock_ticks(run):
            panels.mark(i, tick, "shock")
    return panels.fig


def numbers(run: Run) -> Numbers | None:
    """Debt, collateral and their ratio at three moments."""
    total = _totals(run)
    if total.empty or not total["debt"].max() > 0:
        return None
    before = min((s["tick"] - 1 for s in data.shocks(run)), default=-1)
    ltv = total["debt"] / total["collateral"].where(total["collateral"] > 0)
    peak = ltv.idxmax()
    last = total.index[-1]
    moments = {f"Highest ratio (tick {peak})": peak, f"Last tick ({last})": last}
    if before in total.index:
        moments[f"Before the shock (tick {before})"] = before
    moments = dict(sorted(moments.items(), key=lambda item: item[1]))
    borrowers = run.sql(
        "select tick, count(distinct agent) as n from positions where debt > 0 group by tick"
    ).set_index("tick")["n"]
    rows = []
    for name, tick in moments.items():
        debt, collateral, ratio = float(total["debt"][tick]), float(total["collateral"][tick]), float(ltv[tick])
        equity = f"{1 / (1 - ratio):.1f}×" if ratio < 1 else "–"
        who = str(borrowers.get(tick, 0))
        rows.append((name, who, words.money(debt), words.money(collateral), words.share(ratio), equity))
    return Numbers(("", "Borrowers", "Debt", "Collateral", "Loan-to-value", "Assets per dollar of equity"), rows)


def _use(run: Run) -> pd.DataFrame:
    """Quantiles over borrowers of loan-to-value / limit, by tick."""
    limits = ", ".join(f"({a}, {max(lltv, 1e-9)}::double)" for a, lltv in enumerate(data.setting(run, "lltv")))
    step = data.step(run, data.POINTS // 2)
    quantiles = ", ".join(f"quantile_cont(u, {q / 100}) as q{q}" for q in (10, 25, 50, 75, 90))
    # only numbers of our own are put into the text
    found = run.sql(f"""
        with limits(asset, lltv) as (values {limits}),
             used as (
                select tick - tick % {step} as tick,
                       case when isfinite(ltv) then least(ltv / lltv, {TOP}) else {TOP} end as u
                from positions join limits using (asset) where debt > 0.01 and tick >= 0
             )
        select tick, {quantiles} from used group by tick order by tick""")  # noqa: S608
    return found.set_index("tick")


def _totals(run: Run) -> pd.DataFrame:
    """Dollars of debt, of collateral, and of debt that the collateral would allow, by tick."""
    units = data.wide(run, "lending", "collateral")
    worth = (units * data.collateral_price(run)).where(units > 0, 0.0)  # not known before the first appraisal
    total = worth.sum(axis=1, skipna=False).to_frame("collateral")
    total["debt"] = data.wide(run, "lending", "borrowed").sum(axis=1)
    total["limit"] = (worth * np.array(data.setting(run, "lltv"))).sum(axis=1)
    return total
