"""What happened, in plain words: computed from the record, nothing assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from terrarium.report import data, words

if TYPE_CHECKING:
    from terrarium.record.reader import Run

AFTER = 30  # ticks after a shock in which its effect is looked for


def tell(run: Run) -> list[str]:
    """Paragraphs: what happened to the market, and what people made of it."""
    if data.last_tick(run) < 0:
        return ["The run ended while the market was being set up: there are no ticks to tell of."]
    paragraphs = ((_setting, _shocks, _prices, _liquidations), (_halts, _alerts, _wealth, _benched))
    told = [" ".join(sentence for part in parts for sentence in part(run)) for parts in paragraphs]
    return [paragraph for paragraph in told if paragraph]


def headline(run: Run) -> list[tuple[str, str, str]]:
    """The numbers that matter most: (what, value, remark)."""
    if data.last_tick(run) < 0:
        return []
    table, alerts = run.table("liquidations"), run.table("alerts")
    txs = run.sql("select count(*) as n, count(*) filter (where ok) as done from transactions where tick >= 0").iloc[0]
    name, fall, tick = _deepest(run)
    bad = float(table["bad_debt"].sum())
    settled = bad + float(table["repaid"].sum())
    return [
        ("Deepest price fall", words.share(-fall), f"{name}, at tick {tick}"),
        ("Borrowers liquidated", f"{table['borrower'].nunique():,}", f"in {words.count(len(table), 'liquidation')}"),
        (
            "Bad debt",
            words.money(bad),
            f"{words.share(bad / settled, 1)} of the debt settled" if settled else "no debt was settled by force",
        ),
        ("Alerts", f"{len(alerts):,}", f"{int((alerts['severity'] >= 2).sum()):,} critical"),
        (
            "Transactions done",
            words.share(float(txs["done"]) / txs["n"], 1) if txs["n"] else "–",
            f"of {int(txs['n']):,}",
        ),
    ]


def _setting(run: Run) -> list[str]:
    agents, ticks = run.table("agents"), data.last_tick(run) + 1
    seconds = run.meta["scenario"]["tick_seconds"]
    days = ticks * seconds / 86_400
    time = f" ({days:,.0f} days)" if days >= 1 and seconds != 86_400 else ""
    unit = "days" if seconds == 86_400 else "ticks"
    kinds = words.count(agents["strategy"].nunique(), "strategy", "strategies")
    who = f"{words.count(len(agents), 'agent')} with {kinds}"
    return [f"{who} traded {words.listed(data.names(run), 6)} for {ticks:,} {unit}{time}."]


def _shocks(run: Run) -> list[str]:
    value, names = data.wide(run, "feeds", "fundamental"), data.names(run)
    found = []
    for shock in data.shocks(run):
        kind, tick = words.title(shock["kind"], False), shock["tick"]
        before = value.loc[: max(tick - 1, 0)].iloc[-1]
        after = value.loc[tick : tick + AFTER]
        low = after.min() / before - 1
        hit = [a for a in shock["columns"] if low[a] < -0.02]
        if hit:
            falls = words.listed([f"{names[a]} {words.share(-low[a])}" for a in hit], 6)
            last = int(max(after[a].idxmin() for a in hit))
            found.append(f"On tick {tick} came a {kind}: by tick {last} it had cost {falls} of their worth.")
        else:
            hit_names = words.listed([names[a] for a in shock["columns"]])
            found.append(f"On tick {tick} came a {kind} ({hit_names}).")
    return found


def _prices(run: Run) -> list[str]:
    name, fall, tick = _deepest(run)
    if not fall < -0.02:
        return ["No price fell by more than 2% from its highest."]
    a = data.names(run).index(name)
    price, value = data.wide(run, "prices", "price")[a], data.wide(run, "feeds", "fundamental")[a]
    gap = price[tick] / value[tick] - 1
    beside = (
        f", {words.share(abs(gap))} {'below' if gap < 0 else 'above'} what it was worth"
        if abs(gap) >= 0.01
        else ", which is what it was worth"
    )
    low = f"to {words.money(price[tick])} on tick {tick}"
    return [f"{name} fell deepest: {words.share(-fall)} from its highest price, {low}{beside}."]


def _liquidations(run: Run) -> list[str]:
    table = run.table("liquidations")
    if table.empty:
        lent = data.wide(run, "lending", "borrowed").to_numpy()
        return (
            ["No borrower was liquidated, and no lender lost money."] if np.nansum(lent) > 0 else ["Nobody borrowed."]
        )
    ticks = [s["tick"] for s in data.shocks(run)]
    shock = max((t for t in ticks if (table["tick"] >= t).any()), default=None)
    early, found = table[table["tick"] < (shock or 0)], []
    if len(early):
        found.append(
            f"Before the shock there {'was' if len(early) == 1 else 'were'} {words.count(len(early), 'liquidation')}."
        )
    found.append(_wave(run, table[table["tick"] >= (shock or 0)], shock))
    repaid, bad = table["repaid"].sum(), table["bad_debt"].sum()
    loss = (
        f"{words.money(bad)} was not covered and fell on the lenders as bad debt"
        if bad >= 0.005
        else "the lenders lost nothing"
    )
    return [*found, f"Seized collateral repaid {words.money(repaid)}; {loss}."]


def _wave(run: Run, table: pd.DataFrame, shock: int | None) -> str:
    """Who was liquidated, how fast."""
    kinds = run.table("agents").set_index("agent")["strategy"]
    borrowers = kinds.reindex(table["borrower"].unique()).value_counts()
    who = words.listed(
        [
            f"{n:,} of {words.count(int((kinds == kind).sum()), words.title(str(kind), False) or 'other account')}"
            for kind, n in borrowers.items()
        ]
    )
    first, last = int(table["tick"].min()), int(table["tick"].max())
    when = (
        f"From tick {first} to tick {last}"
        if shock is None
        else f"Within {words.count(last - shock, 'tick')} of the shock"
    )
    if first == last:
        when = f"On tick {first}"
    were = "was" if len(borrowers) == 1 and borrowers.iloc[0] == 1 else "were"
    per_tick = table.groupby("tick").size()
    alone = (
        f", {per_tick.max()} of them on tick {per_tick.idxmax()} alone" if per_tick.max() > 1 and first != last else ""
    )
    often = f" in {len(table):,} liquidations" if len(table) > borrowers.sum() else ""
    return f"{when}, {who} {were} liquidated{often}{alone}."


def _halts(run: Run) -> list[str]:
    halted = data.flags(run, "prices", "halted")
    times = {
        name: data.stretches(halted[a].to_numpy(), halted.index.to_numpy()) for a, name in enumerate(data.names(run))
    }
    by_time: dict[tuple[int, int], list[str]] = {}
    for name, found in times.items():
        for stretch in found:
            by_time.setdefault(stretch, []).append(name)
    first = sorted(by_time.items())[:3]
    more = f" {words.count(len(by_time) - 3, 'more halt')} followed." if len(by_time) > 3 else ""
    return [
        f"Trading in {words.listed(who)} was halted from tick {start} to tick {end - 1}.{more * (i == len(first) - 1)}"
        for i, ((start, end), who) in enumerate(first)
    ]


def _alerts(run: Run) -> list[str]:
    table = run.table("alerts")
    if table.empty:
        return ["The monitor raised no alert."] if run.meta["scenario"]["monitor"] else []
    liquidations = run.table("liquidations")["tick"]
    shock = min((s["tick"] for s in data.shocks(run)), default=0)
    since = table[table["tick"] >= shock]
    since = (since if len(since) else table).sort_values("tick")
    first = since.iloc[0]
    when = "after the shock " if shock else ""
    what = f"{words.title(first['rule'], False)} of {first['subject']}"
    text = (
        f"The monitor raised {words.count(len(table), 'alert')}; the first {when}came on tick {first['tick']}: {what}"
    )
    ahead = (
        int(liquidations[liquidations >= first["tick"]].min() - first["tick"])
        if (liquidations >= first["tick"]).any()
        else 0
    )
    return [text + (f", {words.count(ahead, 'tick')} before the next liquidation." if ahead else ".")]


def _wealth(run: Run) -> list[str]:
    change = run.sql("""
        with ends as (select min(tick) as first, max(tick) as last from wealth where tick >= 0)
        select strategy, sum(b.wealth) / sum(a.wealth) - 1 as change from ends
        join wealth a on a.tick = ends.first join wealth b on b.tick = ends.last and b.agent = a.agent
        join agents on agents.agent = a.agent group by strategy having sum(a.wealth) > 0 order by change""")
    if len(change) < 2:
        return []
    worst, best = change.iloc[0], change.iloc[-1]

    def fate(row: pd.Series[Any]) -> str:
        return f"{words.title(row['strategy'], False)}s ({words.change(1, 1 + row['change'])})"

    return [f"As a group, {fate(best)} did best and {fate(worst)} worst."]


def _benched(run: Run) -> list[str]:
    found = run.table("actions")
    n = int((found["kind"] == "benched").sum())
    return [f"{words.count(n, 'agent')} broke the rules of the loop and sat out the rest; see below."] if n else []


def _deepest(run: Run) -> tuple[str, float, int]:
    """The asset whose price fell most from its highest so far: its name, the change, and the tick of the low."""
    price = data.wide(run, "prices", "price")
    falls = price / price.cummax() - 1
    a = int(np.argmin(falls.min().fillna(0.0).to_numpy()))
    low = falls[a].fillna(0.0)
    return data.names(run)[a], float(low.min()), int(low.index[int(np.argmin(low.to_numpy()))])
