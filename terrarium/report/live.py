"""The run as it happens: one screen in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from terrarium.report import words
from terrarium.scenario import Scenario

BARS = "▁▂▃▄▅▆▇█"
HISTORY = 24  # ticks of a sparkline
ALERTS = 5  # newest alerts on the screen
ROWS = 16  # assets on the screen
EVERY = 0.25  # seconds between two pictures
LINES = 5.0  # seconds between two lines where there is no terminal
BUSY = 0.005  # share of the time that drawing may take


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one tick left behind. Dollars; n assets. Entries that are not known yet are NaN."""

    prices: Sequence[float]  # [n] pool mid price
    appraisals: Sequence[float]  # [n] newest answer of the feed
    volume: float  # traded in this tick
    borrowed: float  # owed by all borrowers now
    collateral: float  # worth of what backs it now
    liquidations: int  # since the start
    bad_debt: float  # since the start
    alerts: Sequence[str]  # raised in this tick, one line of text each
    txs: int  # in this tick
    halted: Sequence[bool] = ()  # [n]


class Live:
    """Shows a run while it goes.

        with Live(scenario, ticks) as live:
            for tick in …:
                live.update(tick, Snapshot(…))

    An update that draws nothing costs microseconds. Drawing waits until `EVERY` seconds have passed and until it has
    taken less than `BUSY` of the time, so that no run is slowed down by being watched.
    """

    def __init__(self, scenario: Scenario, ticks: int, *, title: str = "", console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr)
        self._screen: Screen | None = None
        self._title = title or scenario.title or scenario.name
        self._names = [asset.name for asset in scenario.assets]
        self._ticks = ticks
        self._prices: deque[np.ndarray] = deque(maxlen=HISTORY)  # type: ignore[type-arg]
        self._first: np.ndarray | None = None  # type: ignore[type-arg]
        self._alerts: deque[tuple[int, str]] = deque(maxlen=ALERTS)
        self._alerted = 0
        self._txs = 0
        self._volume: deque[float] = deque(maxlen=HISTORY)
        self._tick = -1
        self._last: Snapshot | None = None
        self._spent = 0.0
        self._skipped = 0  # ticks before the clock was started

    def __enter__(self) -> Self:
        self._start = self._drawn = self._began = time.perf_counter()
        if self._console.is_terminal:
            self._screen = Screen(console=self._console, auto_refresh=False, transient=False)
            self._screen.start()
            waiting = Text("setting up: contracts are deployed, agents get their accounts and their money …", "grey62")
            self._screen.update(Group(Text(self._title, "bold"), waiting), refresh=True)
        else:
            self._console.print(self._title, markup=False, highlight=False, soft_wrap=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None:
            self._draw()  # the last state stays on the screen
        if self._screen is not None:
            self._screen.stop()

    def update(self, tick: int, snapshot: Snapshot) -> None:
        """Take in what tick ``tick`` (from 0) left behind; draws when it is time to."""
        if self._last is None:
            self._start = time.perf_counter()  # what came before was setting up
            self._skipped = tick + 1
        else:
            self._txs += snapshot.txs
        self._tick, self._last = tick, snapshot
        prices = np.asarray(snapshot.prices, float)
        self._first = prices if self._first is None else np.where(np.isnan(self._first), prices, self._first)
        self._prices.append(prices)
        self._volume.append(snapshot.volume)
        self._alerted += len(snapshot.alerts)
        self._alerts.extend((tick, text) for text in snapshot.alerts)
        now = time.perf_counter()
        wait = EVERY if self._screen else LINES
        if now - self._drawn >= wait and self._spent <= BUSY * (now - self._start):
            self._draw()
            self._drawn = time.perf_counter()
            self._spent += self._drawn - now

    def _draw(self) -> None:
        if self._screen is None:
            self._console.print(self._line(), markup=False, highlight=False, soft_wrap=True)
        else:
            self._screen.update(self._picture(), refresh=True)

    def _pace(self) -> tuple[float, str]:
        """Transactions per second so far, and the time that is left."""
        now = time.perf_counter()
        elapsed = max(now - self._start, 1e-9)
        left = elapsed / max(1, self._tick + 1 - self._skipped) * (self._ticks - self._tick - 1)
        finished = self._tick + 1 >= self._ticks
        return self._txs / elapsed, f"took {_time(now - self._began)}" if finished else f"{_time(left)} left"

    def _leverage(self) -> str:
        assert self._last is not None
        return words.share(self._last.borrowed / self._last.collateral) if self._last.collateral > 0 else "–"

    def _line(self) -> str:
        assert self._last is not None
        speed, left = self._pace()
        s = self._last
        parts = [f"tick {self._tick + 1}/{self._ticks}", left, f"{speed:,.0f} tx/s", f"volume {words.money(s.volume)}"]
        parts += [
            f"loan-to-value {self._leverage()}",
            words.count(s.liquidations, "liquidation"),
            f"bad debt {words.money(s.bad_debt)}",
        ]
        parts += [words.count(self._alerted, "alert")]
        return "  ".join(parts)

    def _picture(self) -> RenderableType:
        assert self._last is not None
        s, (speed, left) = self._last, self._pace()
        width = self._console.width
        head = Table.grid(expand=True, padding=(0, 2))
        head.add_column(no_wrap=True)
        head.add_column(ratio=1)
        head.add_column(justify="right", no_wrap=True)
        bar = ProgressBar(
            total=self._ticks, completed=self._tick + 1, style="grey30", complete_style="cyan", finished_style="cyan"
        )
        head.add_row(
            f"tick [bold]{self._tick + 1:,}[/] of {self._ticks:,}", bar, f"[bold]{speed:,.0f}[/] tx/s   {left}"
        )
        numbers = Table.grid(expand=True, padding=(0, 2))
        for _ in range(5):
            numbers.add_column(ratio=1, no_wrap=True)
        numbers.add_row(
            *(Text(t, "grey62") for t in ("volume a tick", "borrowed", "loan-to-value", "liquidations", "bad debt"))
        )
        numbers.add_row(
            f"[bold]{words.money(float(np.mean(self._volume)))}[/]",
            f"[bold]{words.money(s.borrowed)}[/]",
            f"[bold]{self._leverage()}[/]",
            f"[bold {'yellow' if s.liquidations else 'default'}]{s.liquidations:,}[/]",
            f"[bold {'red' if s.bad_debt >= 0.005 else 'default'}]{words.money(s.bad_debt)}[/]",
        )
        title = Text(self._title, "bold", overflow="ellipsis", no_wrap=True)
        return Group(title, head, Text(), self._assets(width), Text(), numbers, Text(), *self._alarms())

    def _assets(self, width: int) -> RenderableType:
        assert self._last is not None
        assert self._first is not None
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="grey62", pad_edge=False)
        table.add_column("asset", no_wrap=True)
        for column in ("price", "appraisal", "change"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column(f"last {len(self._prices)} ticks" if width >= 70 else "", no_wrap=True)
        history = np.array(self._prices)
        for a, name in enumerate(self._names[:ROWS]):
            price, first = history[-1, a], self._first[a]
            moved = words.change(first, price)
            color = "red" if price < 0.995 * first else "green" if price > 1.005 * first else "default"
            halted = " [reverse yellow] halted [/]" if len(self._last.halted) > a and self._last.halted[a] else ""
            line = f"[{color}]{sparkline(history[:, a])}[/]{halted}" if width >= 60 else halted
            table.add_row(
                escape(name), words.money(price), words.money(self._last.appraisals[a]), f"[{color}]{moved}[/]", line
            )
        if len(self._names) > ROWS:
            table.add_row(f"[grey62]and {len(self._names) - ROWS} more[/]")
        return table

    def _alarms(self) -> list[RenderableType]:
        if not self._alerts:
            return [Text("no alerts so far", "grey62")]
        head = Text(words.count(self._alerted, "alert") + (", the newest:" if self._alerted > 1 else ":"), "grey62")
        return [
            head,
            *(
                Text(f"tick {tick:<5} {text}", "yellow", overflow="ellipsis", no_wrap=True)
                for tick, text in reversed(self._alerts)
            ),
        ]


def sparkline(values: np.ndarray) -> str:  # type: ignore[type-arg]
    """The values as a line of small bars, one character each; blank where there is no number."""
    known = values[np.isfinite(values)]
    if not len(known):
        return " " * len(values)
    low, high = float(known.min()), float(known.max())
    # a price that hardly moves is a flat line, not noise blown up
    reach = max(high - low, 0.02 * abs(high)) or 1.0
    low = (high + low - reach) / 2
    return "".join(BARS[min(7, int(8 * (v - low) / reach))] if np.isfinite(v) else " " for v in values)


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{whole} s"
    return f"{whole // 60}:{whole % 60:02d} min" if whole < 3600 else f"{whole // 3600}:{whole // 60 % 60:02d} h"
