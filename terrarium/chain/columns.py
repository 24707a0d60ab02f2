"""Blocks put together from what engines report: log columns, and the rolling fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from terrarium.chain.types import Logs

NOTHING_YET = bytes(32)  # the fingerprint before the first block


def log_columns(
    tx: Sequence[int] | npt.NDArray[np.int64],
    address: bytes,
    counts: Sequence[int],
    topics: bytes,
    lengths: Sequence[int],
    data: bytes,
) -> Logs:
    """Logs from n log rows laid end to end.

    ``tx`` [n]: index of the transaction; ``address``: 20 bytes each; ``counts`` [n]: how many of the 32-byte ``topics``
    are each log's; ``lengths`` [n]: how many bytes of ``data`` are.
    """
    n = len(tx)
    count = np.array(counts, np.uint8)
    columns = np.zeros((n, 4, 32), np.uint8)
    columns[np.arange(4, dtype=np.uint8) < count[:, None]] = np.frombuffer(topics, np.uint8).reshape(-1, 32)
    offset = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=offset[1:])
    return Logs(
        tx=np.array(tx, np.int32),
        address=np.frombuffer(address, np.uint8).reshape(n, 20),
        topics=columns,
        topic_count=count,
        data=np.frombuffer(data, np.uint8),
        offset=offset,
    )


def advance(previous: bytes, ok: npt.NDArray[np.bool_], output: Mapping[int, bytes], logs: Logs) -> bytes:
    """The fingerprint after a block: 32 bytes over the one before, every status, the revert data and the logs. Same on
    every engine and machine."""
    digest = hashlib.sha256(previous)
    digest.update(np.array([len(ok), len(output), len(logs), len(logs.data)], "<i8").tobytes())
    digest.update(ok.tobytes())
    for index in sorted(output):
        digest.update(np.array([index, len(output[index])], "<i8").tobytes() + output[index])
    for column, kind in (
        (logs.tx, "<i4"),
        (logs.address, "u1"),
        (logs.topic_count, "u1"),
        (logs.topics, "u1"),
        (logs.offset, "<i8"),
        (logs.data, "u1"),
    ):
        digest.update(column.astype(kind, copy=False).tobytes())
    return digest.digest()
