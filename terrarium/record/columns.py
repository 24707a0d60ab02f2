"""Blocks to columns and back, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from terrarium.chain.types import Block, Logs, Tx
from terrarium.record.schema import TABLES, addresses, fixed, joined


class Entry(NamedTuple):
    """One acknowledged block, read back: what went in, who sent it and why, and what came of it."""

    tick: int
    txs: list[Tx]
    block: Block
    agents: list[int]
    strategies: list[str]
    verbs: list[str]


def to_batches(
    block: Block,
    txs: Sequence[Tx],
    *,
    tick: int,
    agents: Sequence[int] | npt.NDArray[np.int64] | None,
    strategies: Sequence[str] | None,
    verbs: Sequence[str] | None,
    reasons: Mapping[int, str],
) -> dict[str, pa.RecordBatch]:
    """The rows of one block in "blocks", "transactions" and "events".

    Agents default to -1, strategies and verbs to "".
    """
    count = len(txs)
    root = None if block.state_root is None else block.state_root
    values = [[block.number], [tick], [block.timestamp], [count], [block.fingerprint], [root]]
    blocks = pa.record_batch(
        [pa.array(v, f.type) for v, f in zip(values, TABLES["blocks"], strict=True)], schema=TABLES["blocks"]
    )
    found = {"blocks": blocks}
    if count:
        found["transactions"] = _transactions(block, txs, tick, agents, strategies, verbs, reasons)
    if len(block.logs):
        found["events"] = _events(block)
    return found


def _transactions(
    block: Block, txs: Sequence[Tx], tick: int, agents: Any, strategies: Any, verbs: Any, reasons: Mapping[int, str]
) -> pa.RecordBatch:
    n = len(txs)
    senders, to, data, value, gas = zip(*txs, strict=True)
    offset = np.zeros(n + 1, np.int64)
    np.cumsum(np.fromiter(map(len, data), np.int64, n), out=offset[1:])
    columns = [
        np.full(n, block.number),
        np.arange(n),
        np.full(n, tick),
        np.full(n, -1) if agents is None else agents,
        pa.repeat(pa.scalar("", pa.string()), n) if strategies is None else strategies,
        addresses(senders),
        addresses(to),
        joined(b"".join(data), offset),
        list(map(str, value)) if any(value) else pa.repeat(pa.scalar("0", pa.string()), n),
        np.fromiter(gas, np.int64, n),
        pa.repeat(pa.scalar("", pa.string()), n) if verbs is None else verbs,
        block.ok,
        _sparse(block.output, n, pa.binary()),
        _sparse(reasons, n, pa.string()),
        addresses([block.created.get(i) for i in range(n)]) if block.created else pa.nulls(n, pa.binary(20)),
        pa.nulls(n, pa.int64()) if block.gas_used is None else block.gas_used,
    ]
    schema = TABLES["transactions"]
    arrays = [c if isinstance(c, pa.Array) else pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _sparse(items: Mapping[int, Any], count: int, kind: pa.DataType) -> pa.Array:
    if not items:
        return pa.nulls(count, kind)
    column = [None] * count
    for index, item in items.items():
        column[index] = item
    return pa.array(column, kind)


def _events(block: Block) -> pa.RecordBatch:
    logs, n = block.logs, len(block.logs)
    topics = [fixed(logs.topics[:, i], logs.topic_count <= i) for i in range(4)]
    columns = [
        pa.array(np.full(n, block.number)),
        pa.array(logs.tx.astype(np.int64)),
        pa.array(np.arange(n)),
        fixed(logs.address),
        *topics,
        joined(logs.data, logs.offset),
    ]
    return pa.record_batch(columns, schema=TABLES["events"])


def blocks_in(blocks: pa.Table, transactions: pa.Table, events: pa.Table) -> Iterator[tuple[int, Block, pa.Table]]:
    """Tick, block and rows of "transactions" of each block; the three tables must be sorted and cover the same."""
    transactions, events = transactions.combine_chunks(), events.combine_chunks()
    numbers = blocks["number"].to_numpy()
    ends = np.append(numbers, numbers[-1:] + 1)
    tx_at = np.searchsorted(transactions["block"].to_numpy(), ends)
    log_at = np.searchsorted(events["block"].to_numpy(), ends)
    for i, row in enumerate(blocks.to_pylist()):
        txs = transactions.slice(tx_at[i], tx_at[i + 1] - tx_at[i])
        yield row["tick"], _block(row, txs, to_logs(events.slice(log_at[i], log_at[i + 1] - log_at[i]))), txs


def entries(blocks: pa.Table, transactions: pa.Table, events: pa.Table) -> Iterator[Entry]:
    """The blocks of these rows, with their transactions as they were submitted."""
    for tick, block, rows in blocks_in(blocks, transactions, events):
        who = ("agent", "strategy", "verb")
        yield Entry(tick, _txs(rows), block, *(rows[name].to_pylist() for name in who))


def _txs(rows: pa.Table) -> list[Tx]:
    sender, to = (_hex(rows[name]) for name in ("sender", "to"))
    value = map(int, rows["value"].to_pylist())
    columns = zip(sender, to, rows["data"].to_pylist(), value, rows["gas"].to_pylist(), strict=True)
    return [Tx(*parts) for parts in columns]


def _block(row: Mapping[str, Any], rows: pa.Table, logs: Logs) -> Block:
    gas = rows["gas_used"]
    return Block(
        number=row["number"],
        timestamp=row["timestamp"],
        ok=flat(rows["ok"]).to_numpy(zero_copy_only=False),
        output=_dense(rows["output"]),
        created={i: "0x" + address.hex() for i, address in _dense(rows["created"]).items()},
        logs=logs,
        fingerprint=row["fingerprint"],
        gas_used=None if gas.null_count or not len(gas) else gas.to_numpy(),
        state_root=row["state_root"],
    )


def _dense(column: pa.ChunkedArray) -> dict[int, bytes]:
    """The values that are not null, by row."""
    there = np.flatnonzero(column.is_valid().to_numpy())
    return dict(zip(there.tolist(), column.take(pa.array(there)).to_pylist(), strict=True))


def _hex(column: pa.ChunkedArray) -> list[Any]:
    return ["0x" + address.hex() if address is not None else None for address in column.to_pylist()]


def to_logs(events: pa.Table) -> Logs:
    """Rows of "events" as `Logs`, which the event codecs of `terrarium.chain.codec` take.

    ``tx`` stays the index within its block.
    """
    n = events.num_rows
    topics = np.zeros((n, 4, 32), np.uint8)
    count = np.zeros(n, np.uint8)
    for i in range(4):
        column = flat(events[f"topic{i}"])
        there = ~column.is_null().to_numpy(zero_copy_only=False)
        topics[:, i] = matrix(column, there)
        count += there
    data = flat(events["data"])
    offset, content = _binary(data)
    return Logs(
        tx=events["tx"].to_numpy().astype(np.int32),
        address=matrix(flat(events["address"])),
        topics=topics,
        topic_count=count,
        data=content,
        offset=offset,
    )


def flat(column: pa.ChunkedArray) -> pa.Array:
    """The column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def matrix(column: pa.Array, there: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.uint8]:
    """A column of k bytes as uint8[n, k]; zero rows where not ``there``."""
    width, n = column.type.byte_width, len(column)
    content = column.buffers()[1]
    if content is None or not n:
        return np.zeros((n, width), np.uint8)
    found = np.frombuffer(content, np.uint8, n * width, column.offset * width).reshape(n, width)
    return found if there is None or there.all() else np.where(there[:, None], found, 0).astype(np.uint8)


def _binary(column: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """A column of byte strings as offsets int64[n + 1], from 0, and the joined bytes."""
    _, offsets, content = column.buffers()
    if not len(column) or offsets is None:
        return np.zeros(len(column) + 1, np.int64), np.zeros(0, np.uint8)
    offset = np.frombuffer(offsets, np.int32, len(column) + 1, 4 * column.offset).astype(np.int64)
    size = int(offset[-1] - offset[0])
    data = np.frombuffer(content, np.uint8, size, int(offset[0])) if size else np.zeros(0, np.uint8)
    return offset - offset[0], data
