"""What the report reads from a run, small enough to draw: long runs are thinned, large tables aggregated in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrarium.report import words

if TYPE_CHECKING:
    from terrarium.record.reader import Run

Floats = npt.NDArray[np.float64]
POINTS = 1_200  # of one line: more than the pixels it is drawn on
BINS = 240  # of a bar chart or a band


def names(run: Run) -> list[str]:
    """Names of the assets, by column."""
    return [asset["name"] for asset in run.meta["scenario"]["assets"]]


def setting(run: Run, key: str) -> list[Any]:
    """One setting of every asset, by column."""
    return [asset[key] for asset in run.meta["scenario"]["assets"]]


def wide(run: Run, table: str, column: str) -> pd.DataFrame:
    """One figure per tick (rows) and asset (columns 0 … n-1)."""
    long = run.table(table)
    found = long[long["tick"] >= 0].pivot_table(
        index="tick", columns="asset", values=column, aggfunc="last", dropna=False
    )
    return found.reindex(columns=range(len(names(run)))).sort_index()


def flags(run: Run, table: str, column: str) -> pd.DataFrame:
    """As `wide`, for a column of truth values."""
    return wide(run, table, column).fillna(0.0).astype(bool)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, one dictionary each."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def newest(series: pd.Series[Any]) -> float:
    """The last number there is; NaN where there is none."""
    known = series.dropna()
    return float(known.iloc[-1]) if len(known) else float("nan")


def shock_ticks(run: Run) -> list[int]:
    """The ticks on which something happened to the world."""
    return sorted({shock["tick"] for shock in shocks(run)})


def oldest(series: pd.Series[Any]) -> float:
    """The first number there is; NaN where there is none."""
    return newest(series[::-1])


def when(series: pd.Series[Any], lowest: bool) -> str:
    """ "$38.20 (tick 131)": the extreme of a series in dollars, and its tick."""
    known = series.dropna()
    if known.empty:
        return "–"
    place = int(np.argmin(known.to_numpy()) if lowest else np.argmax(known.to_numpy()))
    return f"{words.money(float(known.iloc[place]))} (tick {known.index[place]})"


def moving(run: Run, most: int) -> list[int]:
    """Columns of the at most ``most`` assets whose prices moved most, in the scenario's order."""
    price = wide(run, "prices", "price").to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = pd.DataFrame(np.log(price)).replace([np.inf, -np.inf], np.nan)
    moved = (logs.max() - logs.min()).fillna(0.0).to_numpy()
    return sorted(int(a) for a in np.argsort(-moved, kind="stable")[:most])


def last_tick(run: Run) -> int:
    """The last tick that was recorded; -1 where the run ended during setup."""
    found = run.sql("select max(tick) as t from blocks")["t"].iloc[0]
    return -1 if pd.isna(found) else int(found)


def shocks(run: Run) -> list[dict[str, Any]]:
    """The scenario's shocks that happened, with the columns of the assets they hit."""
    columns = {name: i for i, name in enumerate(names(run))}
    end = last_tick(run)
    return [
        {**shock, "columns": [columns[a] for a in shock["assets"]] or list(columns.values())}
        for shock in run.meta["scenario"]["shocks"]
        if shock["tick"] <= end
    ]


def collateral_price(run: Run) -> pd.DataFrame:
    """Dollars per token at which loans are judged, [tick, asset]: the feed's answer or the pool's price, as is set."""
    answer, price = wide(run, "feeds", "answer"), wide(run, "prices", "price")
    pool = [column for column, oracle in enumerate(setting(run, "oracle")) if oracle == "pool"]
    answer[pool] = price[pool]
    return answer


def step(run: Run, bins: int = BINS) -> int:
    """Ticks per bin, so that the run has at most this many bins."""
    return -(-max(1, last_tick(run) + 1) // bins)


def thin(x: npt.NDArray[Any], y: Floats, points: int = POINTS) -> tuple[npt.NDArray[Any], Floats]:
    """The line (x, y) in at most ``points`` points that looks the same: of each stretch its lowest and highest."""
    x, y = np.asarray(x), np.asarray(y, float)
    if len(x) <= points:
        return x, y
    keep = {0, len(x) - 1}
    for part in np.array_split(np.arange(len(x)), max(1, points // 2 - 1)):
        known = part[np.isfinite(y[part])]
        # a stretch without a number stays a hole in the line
        keep |= {int(known[y[known].argmin()]), int(known[y[known].argmax()])} if len(known) else {int(part[0])}
    order = np.array(sorted(keep))
    return x[order], y[order]


def stretches(flags: npt.NDArray[Any], ticks: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """First tick and tick after the last of each unbroken stretch in which the flag is set."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(flags, int), [0]))))
    return [(int(ticks[a]), int(ticks[b - 1]) + 1) for a, b in edges.reshape(-1, 2)]
