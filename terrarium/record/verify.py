"""Holds a record against itself, deeper than hashes: are its rows what a chain can have produced?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from terrarium.chain.columns import NOTHING_YET, advance
from terrarium.chain.types import Block
from terrarium.errors import RecordError
from terrarium.record.read import Folder


def verify(folder: Folder, progress: Callable[[int, int], None] | None = None) -> int:
    """Recompute the fingerprint of every block from its statuses, revert data and logs; returns the number of blocks.

    ``progress(done, total)`` is called after each block. Raises `RecordError` naming the first block that does not fit.
    """
    fingerprint, number = NOTHING_YET, None
    first, last = folder.listing.first, folder.listing.last
    total = 0 if first is None or last is None else last - first + 1
    sparse = folder.meta["engine"] == "rpc"  # of the blocks that one submit took, only the last is there
    done = 0
    for _, block, rows in folder.blocks():
        if block.number != (first if number is None else number + 1) and not (sparse and block.number > (number or 0)):
            raise _altered(folder, block, f"it follows block {number}")
        wrong = _wrong(block, rows)
        if wrong:
            raise _altered(folder, block, wrong)
        fingerprint = advance(fingerprint, block.ok, block.output, block.logs)
        if fingerprint != block.fingerprint:
            raise _altered(folder, block, "its fingerprint does not belong to its statuses, revert data and logs")
        number, done = block.number, done + 1
        if progress:
            progress(done, total)
    if done != total and not sparse:
        raise RecordError(
            f"{folder.path}: table 'blocks' has {done} blocks instead of {total}; put it back from a copy, "
            "or run the scenario again"
        )
    return done


def _wrong(block: Block, rows: pa.Table) -> str:
    """What cannot be so within one block; "" where all fits."""
    count, logs = rows.num_rows, block.logs
    if not np.array_equal(rows["index"].to_numpy(), np.arange(count)):
        return "its transactions are not numbered from 0"
    if set(block.output) != set(np.flatnonzero(~block.ok).tolist()):
        return "revert data and statuses disagree"
    if len(logs) and not (logs.tx.min() >= 0 and logs.tx.max() < count and block.ok[logs.tx].all()):
        return "a log belongs to no successful transaction"
    return ""


def _altered(folder: Folder, block: Block, what: str) -> RecordError:
    return RecordError(
        f"{folder.path}: block {block.number} was altered: {what}; put the folder back from a copy, or "
        "run the scenario again"
    )
