"""A progress bar for whatever is done in steps; one line at the end where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[int, int], None]


@contextmanager
def progress(what: str, console: Console | None = None) -> Iterator[Advance]:
    """Show how far ``what`` is. Gives a function to call with (steps done, steps in all) as often as one likes."""
    console = console or Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(complete_style="cyan", finished_style="cyan"),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    done = (0, 0)
    with Progress(*columns, console=console, disable=not console.is_terminal, refresh_per_second=4) as bar:
        task = bar.add_task(what, total=None)

        def advance(completed: int, total: int) -> None:
            nonlocal done
            done = completed, total
            bar.update(task, completed=completed, total=total)

        yield advance
    if not console.is_terminal:
        console.print(f"{what}: {done[0]:,} of {done[1]:,}", markup=False, highlight=False)
