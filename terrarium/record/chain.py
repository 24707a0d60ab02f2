"""A chain that records what is done on it: deployment, onboarding and ticks all go through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from terrarium.chain.columns import NOTHING_YET
from terrarium.chain.reasons import reason
from terrarium.chain.types import Block, Call, Chain, Snapshot, Tx
from terrarium.errors import ChainError, InputError, RecordError
from terrarium.record.compare import difference
from terrarium.record.meta import changes
from terrarium.record.writer import RunWriter

if TYPE_CHECKING:
    from web3 import Web3

Rows = Mapping[str, Any]


class _Context(NamedTuple):
    tick: int = -1
    agents: Sequence[int] | npt.NDArray[np.int64] | None = None
    strategies: Sequence[str] | None = None
    verbs: Sequence[str] | None = None


class RecordedChain:
    """`Chain` by delegation to ``chain``; every block mined goes to ``writer``.

    Setup blocks are acknowledged within `submit`. A block announced with `context` (a tick's) is mined by `submit`,
    waits for the rows computed from it, and is acknowledged with them by `acknowledge`: after a kill, both are there
    or neither is.

    Over a resumed writer, each block is first held against the recorded one while the record lasts, then appended.
    Raises `RecordError` where they differ; ``about`` (from `terrarium.record.meta.describe`) lets it name what has
    changed since.
    """

    def __init__(
        self,
        chain: Chain,
        writer: RunWriter,
        *,
        about: Mapping[str, Any] | None = None,
        reason: Callable[[bytes], str] = reason,
    ) -> None:
        if chain.fingerprint()[:32] != NOTHING_YET:
            raise InputError(
                "record: this chain has mined already; record it before anything is mined, or it cannot be replayed"
            )
        self.chain = chain  # unrecorded: for what-ifs that end in a revert
        self.writer = writer
        self.engine = chain.engine
        self.accounts = chain.accounts
        self.chain_id = chain.chain_id
        self._about = about
        self._reason = lru_cache(4096)(reason)
        self._recorded = writer.recorded
        self._context = _Context()
        self._waiting: tuple[Block, Sequence[Tx], _Context] | None = None
        self._rows: dict[str, list[Rows]] = {}

    def context(
        self,
        tick: int,
        agents: Sequence[int] | npt.NDArray[np.int64] | None = None,
        strategies: Sequence[str] | None = None,
        verbs: Sequence[str] | None = None,
    ) -> None:
        """Say what the next `submit` is about, for each of its transactions: agent (-1: the system), strategy, verb.

        A ``tick`` of 0 or more makes that block wait for `acknowledge`; -1 (setup) does not.
        """
        self._context = _Context(tick, agents, strategies, verbs)

    def add(self, table: str, rows: Rows) -> None:
        """Rows to be acknowledged with the waiting block, or else with the next.

        Columns as in `terrarium.record.schema.rows`.
        """
        self._rows.setdefault(table, []).append(rows)

    def submit(self, txs: Sequence[Tx]) -> Block:
        """Mine one block.

        Raises `RecordError` where it differs from the recorded one, or where the block before still waits.
        """
        if self._waiting is not None:
            raise RecordError(
                f"block {self._waiting[0].number} was not acknowledged; call acknowledge() before the next submit()"
            )
        context, self._context = self._context, _Context()
        block = self.chain.submit(txs)
        self._check(block, txs)
        self._waiting = block, txs, context
        if context.tick < 0:
            self.acknowledge()
        return block

    def acknowledge(self, tables: Mapping[str, Rows] | None = None) -> None:
        """Write the waiting block with ``tables`` and all rows added; it is on the disk when this returns."""
        if self._waiting is None:
            raise RecordError("acknowledge: no block waits; call submit() first")
        for table, rows in (tables or {}).items():
            self.add(table, rows)
        block, txs, context = self._waiting
        if self._recorded is None:  # else the record has this block and its rows already
            reasons = {index: self._reason(output) for index, output in block.output.items()}
            self.writer.block(block, txs, **context._asdict(), reasons=reasons, tables=self._rows)
        elif block.number == self.writer.last:
            self._recorded = None
        self._waiting, self._rows = None, {}

    @property
    def replaying(self) -> bool:
        """Whether blocks are still being held against a record rather than appended."""
        return self._recorded is not None

    def _check(self, block: Block, txs: Sequence[Tx]) -> None:
        if self._recorded is None:
            return
        entry = next(self._recorded, None)
        if entry is None:  # the record holds no block yet
            self._recorded = None
            return
        found = difference(entry, txs, block)
        if found is None:
            return
        changed = changes(self.writer.meta, self._about) if self._about else []
        why = (
            f"changed since it was made: {'; '.join(changed)}; change it back"
            if changed
            else "nothing known has changed: is a strategy not deterministic?"
        )
        raise RecordError(
            f"{self.writer.path}: record diverges at block {entry.block.number}: {found} ({why}, or start a new run)"
        )

    # The rest of `Chain`, handed on.

    @cached_property
    def w3(self) -> Web3:
        """web3.py on the engine. What is sent through it is not recorded: only look through it."""
        return self.chain.w3

    @property
    def height(self) -> int:
        """Number of the latest block."""
        return self.chain.height

    def call(self, calls: Sequence[Call], sender: str | None = None) -> list[bytes]:
        """See `Chain.call`."""
        return self.chain.call(calls, sender)

    def nonce(self, address: str) -> int:
        """See `Chain.nonce`."""
        return self.chain.nonce(address)

    def balance(self, address: str) -> int:
        """See `Chain.balance`."""
        return self.chain.balance(address)

    def code(self, address: str) -> bytes:
        """See `Chain.code`."""
        return self.chain.code(address)

    def set_time(self, timestamp: int) -> None:
        """See `Chain.set_time`."""
        self.chain.set_time(timestamp)

    def snapshot(self) -> Snapshot:
        """See `Chain.snapshot`. Only for looking: nothing may be submitted before the revert."""
        snapshot = self.chain.snapshot()
        return Snapshot(f"{self.chain.height}:{snapshot.id}")

    def revert(self, snapshot: Snapshot) -> None:
        """See `Chain.revert`. Raises `ChainError` where blocks were recorded since: a record cannot be unwound."""
        height, _, inner = snapshot.id.partition(":")
        if int(height) != self.chain.height:
            raise ChainError(
                f"revert: blocks after {height} are recorded and cannot be unwound; do what-ifs on `.chain`"
            )
        self.chain.revert(Snapshot(inner))

    def fingerprint(self) -> bytes:
        """See `Chain.fingerprint`."""
        return self.chain.fingerprint()

    def close(self) -> None:
        """Close the engine.

        The writer is closed by who made it; a block that still waits was never acknowledged, and is dropped.
        """
        self.chain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
