"""A small run without agents: what a loop does with a `RecordedChain`, also as a process that can be killed."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from terrarium.chain.types import Tx
from terrarium.record import writer as writing
from terrarium.record.chain import RecordedChain
from terrarium.record.writer import RunWriter
from tests.record.fake import FakeChain
from tests.record.synthetic import ABOUT, AGENTS, tick_rows

SETUP = 3


def live(
    chain: RecordedChain, ticks: int, txs: int = 4, said: Connection | None = None, strange: int | None = None
) -> None:
    """Three blocks of setup, then ``ticks`` ticks.

    ``said`` is told every acknowledged block. ``strange``: a tick that differs.
    """
    sender = chain.accounts.address("agent:0")
    for i in range(SETUP):
        chain.submit([Tx(sender, None, bytes([i]) * 10)])
        _tell(said, chain.height)
    chain.add("agents", AGENTS)
    for tick in range(ticks):
        salt = b"x" if tick == strange else b""
        sent = [Tx(sender, f"0x{tick % 7:040x}", b"%d:%d" % (tick, i) + salt, gas=30_000 + i) for i in range(txs)]
        chain.context(tick, [0] * txs, ["noise"] * txs, ["buy", "sell"] * (txs // 2))
        chain.set_time(2_000 + 60 * tick)
        chain.submit(sent)
        chain.acknowledge(tick_rows(tick))
        _tell(said, chain.height)


def _tell(said: Connection | None, number: int) -> None:
    if said is not None:
        said.send(number)


def lives(folder: Path, ticks: int, how: str, said: Connection) -> None:
    """Process: create or resume the run in ``folder``, compacting often."""
    writing.COMPACT_BLOCKS = 7
    with RunWriter.create(folder, ABOUT) if how == "create" else RunWriter.resume(folder) as writer:
        live(RecordedChain(FakeChain(), writer), ticks, said=said)


def dies(folder: Path, ticks: int, step: int) -> None:
    """Process: a run that kills itself at the k-th fsync or rename of its ending (compaction, run.json)."""
    left = step

    def dying(real: Any) -> Any:
        def wrapped(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return wrapped

    writer = RunWriter.create(folder, ABOUT)
    live(RecordedChain(FakeChain(), writer), ticks)
    os.fsync, Path.rename = dying(os.fsync), dying(Path.rename)  # type: ignore[method-assign]
    writer.close()
