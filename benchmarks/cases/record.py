"""What the record costs: a block acknowledged, bytes on the disk, reading it back, executing it again, its report."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import terrarium
from benchmarks.figures import Chart, Figure, Lap, Result, lap
from benchmarks.market import market
from terrarium.experiments.replay import replay
from terrarium.record.reader import open_run
from terrarium.report.html import write_report
from terrarium.scenarios import load, revised
from terrarium.sim.loop import ticks

HOW = (
    "A run in process is recorded as always: SQLite with a write-ahead log and synchronous=FULL, compacted to "
    "Parquet. Timed is what `acknowledge` takes until the block is on the disk, compaction included; then the "
    "same run is opened (hashes checked), read and executed again. The report is that of the scenario "
    "property_crash, from the recorded run to the written page. Least of the rounds where there are several."
)


def run(quick: bool) -> Result:
    """Measure swaps and empty blocks, then the reader, both replays and the report."""
    figures: list[Figure] = []
    bars: dict[str, float] = {}
    traders, count = (20, 4) if quick else (1_000, 40)
    folder = Path(tempfile.mkdtemp(prefix="terrarium-bench-"))
    try:
        laps, txs, size = _live(traders, count, 1.0, folder / "run")
        took, spent = (sum(x) for x in zip(*((one.wall, one.own) for one in laps), strict=True))
        figures += [
            Figure(f"acknowledging a block of {traders:,} swaps", median(one.wall for one in laps) * 1e3, "ms"),
            Figure("acknowledging, per swap", took / txs * 1e6, "µs/tx"),
            Figure("acknowledging, per swap, CPU", spent / txs * 1e6, "µs/tx"),
            Figure("record on the disk, per swap", size / txs, "B/tx"),
        ]
        laps, *_ = _live(traders, count, 0.0, None)
        figures.append(Figure("acknowledging an empty block", median(one.wall for one in laps) * 1e3, "ms"))
        rounds = 1 if quick else 3
        found = open_run(folder / "run")
        total = len(found.table("transactions"))
        opened = _least(rounds, lambda: open_run(folder / "run"))
        read = _least(rounds, lambda: open_run(folder / "run").table("transactions"))
        swaps = _least(rounds, lambda: open_run(folder / "run").event("Swap"))
        figures += [
            Figure("opening a run, hashes checked", opened * 1e3, "ms"),
            Figure("transactions as a frame", total / read, "tx/s"),
            Figure("Swap events decoded as a frame", txs / swaps, "events/s"),
        ]
        for engine, label in (("revm", "in process"), ("anvil", "on Anvil")):
            rate = total / _least(rounds, lambda engine=engine: _replayed(found, engine))
            figures.append(Figure(f"replay {label}, compared block by block", rate, "tx/s"))
            bars[f"replayed {label}"] = rate
        bars |= {"read as a frame": total / read, "Swap events decoded": txs / swaps, "acknowledged": txs / took}
        figures += _report(folder, 12 if quick else None, rounds)
    finally:
        shutil.rmtree(folder)
    chart = Chart("The record", "transactions or events per second (log)", dict(reversed(bars.items())), log=True)
    return Result("the record", HOW, figures, [chart])


def _live(traders: int, count: int, activity: float, keep: Path | None) -> tuple[list[Lap], int, int]:
    """What each block took to acknowledge, how many swaps there were, bytes on the disk; a copy goes to ``keep``."""
    laps: list[Lap] = []
    with market("revm", traders, count + 1, activity=activity) as sim, closing(ticks(sim)) as live:
        next(live)
        writer: Any = sim.chain.writer
        writer.compact()
        before, write = _size(writer.path), sim.chain.acknowledge

        def timed(rows: Any) -> None:
            laps.append(lap(lambda: write(rows))[0])

        sim.chain.acknowledge = timed  # type: ignore[method-assign]
        txs = sum(len(tick.block.ok) for tick in live)
        writer.close()
        size = _size(writer.path) - before
        if keep:
            shutil.copytree(writer.path, keep)
    return laps, txs, size


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def _replayed(run: Any, engine: str) -> None:
    found = replay(run, engine)
    if not found.matches:
        raise RuntimeError(str(found))


def _least(rounds: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of ``rounds``."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def _report(folder: Path, count: int | None, rounds: int) -> list[Figure]:
    settings = load("property_crash")
    settings = revised(settings, ticks=count, shocks=()) if count else settings
    made, run = lap(lambda: terrarium.run(settings, engine="revm", out=folder / "crash"))
    page = folder / "report.html"
    took = _least(rounds, lambda: write_report(open_run(run.path), page))
    size = page.stat().st_size / 2**20
    return [
        Figure("property_crash in process, whole run", made.wall, "s"),
        Figure("property_crash, report", took, "s"),
        Figure("property_crash, size of the report", size, "MB"),
    ]
