"""The first difference between a recorded block and one produced now, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from terrarium.chain.reasons import reason
from terrarium.chain.types import Block, Logs, Tx
from terrarium.record.columns import Entry


def difference(entry: Entry, txs: Sequence[Tx], block: Block) -> str | None:
    """What differs first: number, time, transactions, statuses, revert data, logs, fingerprint, state root.

    None where nothing does.

    State roots count only where both have one: not every engine does.
    """
    old = entry.block
    if old.number != block.number:
        return f"recorded as block {old.number}, now block {block.number}"
    if old.timestamp != block.timestamp:
        return f"recorded at time {old.timestamp}, now {block.timestamp}"
    return _of_txs(entry, txs) or _of_results(entry, block) or _of_logs(entry, block) or _of_state(old, block)


def _of_txs(entry: Entry, txs: Sequence[Tx]) -> str | None:
    if entry.txs == list(txs):
        return None
    for i, (old, new) in enumerate(zip(entry.txs, txs, strict=False)):
        if old != new:
            what = next(field for field in Tx._fields if getattr(old, field) != getattr(new, field))
            return f"{_name(entry, i)}: recorded {what} {_show(getattr(old, what))}, now {_show(getattr(new, what))}"
    return f"recorded {len(entry.txs)} transactions, now {len(txs)}"


def _of_results(entry: Entry, block: Block) -> str | None:
    old = entry.block
    if len(old.ok) != len(block.ok):
        return f"recorded {len(old.ok)} statuses, now {len(block.ok)}"
    for i in range(len(old.ok)) if (old.ok != block.ok).any() or old.output != block.output else ():
        before, after = _status(old, i), _status(block, i)
        if before != after or old.output.get(i) != block.output.get(i):
            return f"{_name(entry, i)}: recorded {before}, now {after}"
    for i in sorted({*old.created, *block.created}):
        if old.created.get(i) != block.created.get(i):
            return f"{_name(entry, i)}: recorded new contract {old.created.get(i)}, now {block.created.get(i)}"
    return None


def _of_logs(entry: Entry, block: Block) -> str | None:
    old, new = entry.block.logs, block.logs
    if all(np.array_equal(getattr(old, field.name), getattr(new, field.name)) for field in fields(Logs)):
        return None
    for i in range(min(len(old), len(new))):
        before, after = _log(old, i), _log(new, i)
        if before != after:
            field = next(name for name in before if before[name] != after[name])
            where = f"log {i} of {_name(entry, int(old.tx[i]))}"
            return f"{where}: recorded {field} {_show(before[field])}, now {_show(after[field])}"
    if len(old) != len(new):
        longer, count, word = (old, len(new), "missing") if len(old) > len(new) else (new, len(old), "more")
        owner = _name(entry, int(longer.tx[count]))
        return f"recorded {len(old)} logs, now {len(new)}; the first {word} is one of {owner}"
    return None


def _of_state(old: Block, new: Block) -> str | None:
    if old.fingerprint != new.fingerprint:
        return f"recorded fingerprint {old.fingerprint.hex()}, now {new.fingerprint.hex()}"
    if old.state_root is not None and new.state_root is not None and old.state_root != new.state_root:
        return f"recorded state root {old.state_root.hex()}, now {new.state_root.hex()}"
    return None


def _name(entry: Entry, index: int) -> str:
    verb, agent, strategy = entry.verbs[index], entry.agents[index], entry.strategies[index]
    who = f"agent {agent} ({strategy})" if agent >= 0 else "the system"
    return f"transaction {index} ({verb + ' by ' if verb else ''}{who})"


def _status(block: Block, index: int) -> str:
    if block.ok[index]:
        return "success"
    output = block.output.get(index, b"")
    return f"failure: {reason(output)} ({_show(output)})" if output else "failure without a reason"


def _log(logs: Logs, index: int) -> dict[str, object]:
    count = int(logs.topic_count[index])
    return {
        "transaction": int(logs.tx[index]),
        "address": "0x" + logs.address[index].tobytes().hex(),
        "topics": [logs.topics[index, i].tobytes().hex() for i in range(count)],
        "data": logs.data[logs.offset[index] : logs.offset[index + 1]].tobytes(),
    }


def _show(value: object) -> str:
    text = "0x" + value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 200 else f"{text[:120]}… ({len(text)} characters)"
