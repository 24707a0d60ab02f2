"""Blocks that no chain made, with everything a chain could put into them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from terrarium.chain.columns import NOTHING_YET, advance, log_columns
from terrarium.chain.types import Block, Logs, Tx
from terrarium.record.columns import Entry

ABOUT = {
    "scenario": {"name": "synthetic", "assets": [{"name": "house"}, {"name": "farm"}]},
    "seed": 1,
    "engine": "revm",
}

addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
txs = st.builds(
    Tx, addresses, st.none() | addresses, st.binary(max_size=80), st.integers(0, 2**256 - 1), st.integers(21_000, 2**40)
)
logs = st.tuples(st.lists(st.binary(min_size=32, max_size=32), max_size=4), st.binary(max_size=70), addresses)


@st.composite
def blocks(draw: st.DrawFn, number: int, before: bytes) -> tuple[Block, list[Tx]]:
    """A block and its transactions: creations, bare reverts, no logs, no transactions, gas and state roots or none."""
    sent = draw(st.lists(txs, max_size=6))
    ok = np.array([draw(st.booleans()) for _ in sent], np.bool_)
    output = {i: draw(st.binary(max_size=40)) for i in range(len(sent)) if not ok[i]}
    created = {i: draw(addresses) for i, tx in enumerate(sent) if ok[i] and tx.to is None}
    rows = [(i, *draw(logs)) for i in range(len(sent)) if ok[i] for _ in range(draw(st.integers(0, 3)))]
    columns = log_columns(
        [row[0] for row in rows],
        b"".join(bytes.fromhex(row[3][2:]) for row in rows),
        [len(row[1]) for row in rows],
        b"".join(b"".join(row[1]) for row in rows),
        [len(row[2]) for row in rows],
        b"".join(row[2] for row in rows),
    )
    gas = np.array([draw(st.integers(0, 2**62)) for _ in sent], np.int64) if sent and draw(st.booleans()) else None
    root = draw(st.none() | st.binary(min_size=32, max_size=32))
    print_ = advance(before, ok, output, columns)
    return Block(number, draw(st.integers(0, 2**40)), ok, output, created, columns, print_, gas, root), sent


@st.composite
def chains(draw: st.DrawFn, first: int | None = None) -> list[Entry]:
    """Up to six blocks in a row, with ticks, agents, strategies and verbs."""
    start = draw(st.integers(0, 2**40)) if first is None else first
    found, before = [], NOTHING_YET
    for i in range(draw(st.integers(0, 6))):
        block, sent = draw(blocks(start + i, before))
        before = block.fingerprint
        agents = [draw(st.integers(-1, 2**31)) for _ in sent]
        words = [[draw(st.text(max_size=5)) for _ in sent] for _ in range(2)]
        found.append(Entry(draw(st.integers(-1, 9)), sent, block, agents, *words))
    return found


def same_block(one: Block, other: Block) -> bool:
    """Whether two blocks are equal in everything, types of columns included."""
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(Block) if f.name != "logs"]
    pairs += [(getattr(one.logs, f.name), getattr(other.logs, f.name)) for f in fields(Logs)]
    return all(
        isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
        if isinstance(a, np.ndarray)
        else a == b
        for a, b in pairs
    )


def same(one: Sequence[Entry], other: Sequence[Entry]) -> bool:
    """Whether two sequences of entries are equal in everything."""
    return len(one) == len(other) and all(
        same_block(a.block, b.block) and a._replace(block=None) == b._replace(block=None)  # type: ignore[arg-type]
        for a, b in zip(one, other, strict=True)
    )


def tick_rows(tick: int) -> dict[str, dict[str, object]]:
    """Rows of every table that takes rows, as one tick of two assets and three agents would give them."""
    at = {"asset": [0, 1]}
    figures = np.array([1.5, np.nan]) + tick
    return {
        "feeds": at | dict.fromkeys(("fundamental", "appraisal", "answer", "income"), figures),
        "prices": at
        | dict.fromkeys(("price", "pool_cash", "pool_units", "volume"), figures)
        | {"halted": [False, True]},
        "lending": at | dict.fromkeys(("supplied", "borrowed", "collateral", "bad_debt"), figures),
        "positions": {"agent": [0, 2], "asset": 1, "collateral": figures, "debt": figures, "ltv": 0.5},
        "wealth": {"agent": [0, 1, 2], "wealth": [1.0, 2.0, 3.0 + tick]},
        "alerts": {
            "rule": "leverage",
            "subject": "house",
            "severity": [1],
            "value": 2.0,
            "threshold": 1.0,
            "evidence": '{"x": 1}',
        },
        "actions": {"agent": [1], "kind": "benched", "detail": "raised ValueError"},
    }  # fmt: skip


AGENTS = {
    "agent": [0, 1, 2],
    "strategy": ["noise", "fund", "keeper"],
    "account": ["agent:0", "agent:1", "agent:2"],
    "address": ["0x" + f"{i + 1:040x}" for i in range(3)],
    "role": "trader",
    "params": "{}",
    "cash": [1.0, 2.0, 3.0],
    "country": 840,
}


def busy(number: int, before: bytes, count: int, seed: int = 0, events: int = 3) -> tuple[Block, list[Tx]]:
    """One block of ``count`` swap-like transactions (260 bytes of data, one in fifty failing), ``events`` logs each."""
    rng = np.random.default_rng([seed, number])
    words = rng.integers(0, 256, (count, 8), np.uint8)
    senders = [f"0x{i % 1000 + 1:040x}" for i in range(count)]
    data = [b"\x38\xed\x17\x39" + bytes(24) + w.tobytes() + bytes(224) for w in words]
    sent = [Tx(senders[i], f"0x{0xABC:040x}", data[i]) for i in range(count)]
    ok = np.arange(count) % 50 != 49
    output = {i: hashlib.sha256(b"no").digest()[:4] + bytes(32) for i in np.flatnonzero(~ok).tolist()}
    owners = np.repeat(np.flatnonzero(ok), events)
    n = len(owners)
    topics = np.zeros((n, 3, 32), np.uint8)
    topics[:, 0] = 7
    topics[:, 1:, 31] = rng.integers(0, 256, (n, 2))
    values = np.zeros((n, 64), np.uint8)
    values[:, 24:32] = rng.integers(0, 256, (n, 8))
    columns = log_columns(
        owners.tolist(), b"\x0a" * (20 * n), [3] * n, topics.tobytes(), [64] * n, values.tobytes()
    )  # fmt: skip
    return Block(number, 1_000 + number, ok, output, {}, columns, advance(before, ok, output, columns)), sent
