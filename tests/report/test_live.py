"""The live display: a screen in a terminal, lines elsewhere, and next to no cost."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from rich.console import Console

from terrarium import scenarios
from terrarium.report import live
from terrarium.report.live import Live, Snapshot, sparkline
from terrarium.report.progress import progress

SCENARIO = scenarios.load("property_crash")


def _snapshot(tick: int) -> Snapshot:
    fall = 0.98**tick
    return Snapshot(
        prices=[100 * fall, 80.0, float("nan"), 40.0],
        appraisals=[101.0, 80.0, 25.0, 40.0],
        volume=1_000.0,
        borrowed=1.2e7,
        collateral=2.0e7,
        liquidations=tick,
        bad_debt=1e5 * tick,
        alerts=[f"warning: price_fall [TOWER] {tick}"] if tick % 10 == 0 else [],
        txs=50,
        halted=[tick > 5, False, False, False],
    )


def _shown(terminal: bool, width: int, ticks: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(live, "EVERY", 0.0)
    monkeypatch.setattr(live, "LINES", 0.0)
    monkeypatch.setattr(live, "BUSY", 1.0)
    console = Console(file=(file := io.StringIO()), force_terminal=terminal, width=width, height=40, color_system=None)
    with Live(SCENARIO, ticks, console=console) as screen:
        for tick in range(ticks):
            screen.update(tick, _snapshot(tick))
    return file.getvalue()


def test_screen_shows_the_market(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _shown(True, 100, 30, monkeypatch)
    last = text[text.rindex("A property crash") :]
    for part in (
        "30 of 30",
        "took",
        "TOWER",
        "−44%",
        "halted",
        "60%",
        "$12.0m",
        "$2.90m",
        "3 alerts",
        "tick 20",
        "[TOWER]",
    ):
        assert part in last
    assert "tx/s" in last
    assert "setting up" in text


def test_narrow_screens_hold_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _shown(True, 60, 3, monkeypatch)
    last = text[text.rindex("A property crash") :]
    assert all(len(line) <= 60 for line in last.splitlines())


def test_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _shown(False, 80, 3, monkeypatch).splitlines()
    assert lines[0] == SCENARIO.title
    assert lines[-1].startswith("tick 3/3  took")
    assert "loan-to-value 60%  2 liquidations  bad debt $200,000  1 alert" in lines[-1]
    assert "\x1b" not in "".join(lines)


def test_a_run_that_breaks_leaves_its_last_state() -> None:
    console = Console(file=(file := io.StringIO()), force_terminal=True, width=100, color_system=None)

    def run() -> None:
        with Live(SCENARIO, 100, console=console) as screen:
            screen.update(0, _snapshot(0))
            screen.update(1, _snapshot(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert "2 of 100" in file.getvalue()


def test_watching_costs_next_to_nothing() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    shots = [_snapshot(tick) for tick in range(1_500)]
    spent, start = 0.0, time.perf_counter()
    with Live(SCENARIO, len(shots), console=console) as screen:
        for tick, shot in enumerate(shots):
            time.sleep(0.001)  # a tick in which little happens; real ones take 20 to 100 times as long
            before = time.process_time()
            screen.update(tick, shot)
            spent += time.process_time() - before
    # less than 1% of a run of ticks that take 20 ms
    assert spent < 0.01 * 0.02 * len(shots) + 0.1, f"{spent:.3f} s of {time.perf_counter() - start:.3f}"


def test_sparklines() -> None:
    assert sparkline(np.array([1.0, 2.0, 3.0])) == "▁▅█"
    assert sparkline(np.array([np.nan, 1.0])) == " ▅"
    assert set(sparkline(np.array([100.0, 100.1, 99.9]))) <= set("▄▅")  # hardly moved
    assert sparkline(np.full(3, np.nan)) == "   "


def test_progress_without_a_terminal_says_how_far_it_came() -> None:
    console = Console(file=(file := io.StringIO()), force_terminal=False, width=80)
    with progress("replaying", console) as advance:
        advance(5, 20)
        advance(20, 20)
    assert file.getvalue() == "replaying: 20 of 20\n"
