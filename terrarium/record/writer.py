"""Writes a run folder: block by block, each on the disk before the next begins."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from terrarium.chain.types import Block, Tx
from terrarium.errors import InputError, RecordError
from terrarium.record import files, journal, meta, parts
from terrarium.record.columns import Entry, to_batches
from terrarium.record.read import Folder
from terrarium.record.schema import FORMAT, TABLES, rows

COMPACT_BYTES = 8 << 20  # of rows before compression: small enough not to show in the memory of the process
COMPACT_BLOCKS = 5_000


class RunWriter:
    """The one process that writes to a run folder. Make it with `create` or `resume`; close it with `close`."""

    def __init__(
        self, path: Path, lock: int, connection: sqlite3.Connection, meta: dict[str, Any], last: int | None
    ) -> None:
        self.path = path
        self.meta = meta
        self.last = last  # number of the last acknowledged block; None before the first
        self.recorded: Iterator[Entry] | None = None  # set by `resume`: what is already there, from the first block on
        self._lock = lock
        self._connection = connection
        self._first: int | None = None
        self._sha = self._listed = journal.START
        self._bytes = self._blocks = 0  # in the journal
        self._tick, self._fingerprint = -1, b""
        self._count = 0
        self._broken = ""

    @classmethod
    def create(cls, path: str | Path, about: Mapping[str, Any]) -> Self:
        """Start a record in ``path``, which must be empty or not exist.

        ``about`` comes from `terrarium.record.meta.describe`.

        Raises `InputError` where the folder is not empty, cannot be made or cannot be written to.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise InputError(f"out: the folder {path} is not empty; give another one, or remove it first")
            lock = files.lock(path)
        except OSError as error:
            raise InputError(
                f"out: no run can be written to {path} ({error.strerror}); give a folder you may write to"
            ) from error
        try:
            connection = journal.create(path)
            start = {"format": FORMAT, **about, "started": meta.now(), "status": "running"}
            writer = cls(path, lock, connection, start, None)
            # Before the file: a run.json that the journal does not know would count as altered.
            connection.execute(
                "INSERT INTO files VALUES (?, ?)", (meta.NAME, hashlib.sha256(files.as_json(start)).digest())
            )
            files.replace(path, connection, meta.NAME, files.as_json(start))
        except (OSError, sqlite3.Error) as error:
            os.close(lock)
            raise InputError(
                f"out: no run can be written to {path} ({error}); give a folder you may write to, with space "
                "on the disk"
            ) from error
        return writer

    @classmethod
    def resume(cls, path: str | Path) -> Self:
        """Go on with a record that was not finished. ``recorded`` then gives the blocks that are already there.

        Raises `RecordError` where the record is cut or altered, or another process writes to it; `InputError` where
        it is finished.
        """
        path = Path(path)
        folder = Folder(path)  # before the lock: a path that is no run folder should say so
        lock = files.lock(path)
        try:
            folder = Folder(path)
            if folder.meta["status"] == "finished":
                raise InputError(
                    f"{path}: this run is finished, there is nothing to resume; read it with "
                    "terrarium.open_run, or start a new run"
                )
            writer = cls(path, lock, journal.reopen(path), {**folder.meta, "status": "running"}, folder.listing.last)
            with writer._disk("resume"):
                parts.sweep(path, folder.listing.parts)
                files.replace(path, writer._connection, meta.NAME, files.as_json(writer.meta))
            writer._first, writer._sha, writer._listed = folder.listing.first, folder.listing.sha, folder.listing.listed
            writer._blocks = len(folder.listing.tail)
            writer._bytes = sum(journal.size(payload) for _, payload in folder.listing.tail)
            blocks = folder.table("blocks", ["number", "tick", "fingerprint"])
            writer._count = blocks.num_rows
            if writer._count:
                writer._tick = max(blocks["tick"].to_pylist())
                writer._fingerprint = blocks["fingerprint"][-1].as_py()
            writer.recorded = folder.entries()
        except BaseException:
            os.close(lock)
            raise
        return writer

    def block(
        self,
        block: Block,
        txs: Sequence[Tx],
        *,
        tick: int = -1,
        agents: Sequence[int] | npt.NDArray[np.int64] | None = None,
        strategies: Sequence[str] | None = None,
        verbs: Sequence[str] | None = None,
        reasons: Mapping[int, str] | None = None,
        tables: Mapping[str, Sequence[Mapping[str, Any] | pa.RecordBatch]] | None = None,
    ) -> None:
        """Acknowledge one block and every row that belongs to it: all of it is on the disk when this returns.

        ``txs`` [m] with, for each, the agent (-1: the system), its strategy and the verb; ``reasons``: the decoded
        revert reason by index; ``tables``: rows by table, as `terrarium.record.schema.rows` takes them (the tick is
        filled in). Raises `RecordError` where the disk is full or fails; what was acknowledged before stays readable.
        """
        # on somebody else's node one submit may take several blocks, of which `Block` bears the last one's number
        step = range(1, 1 << 32) if self.meta["engine"] == "rpc" else (1,)
        if self.last is not None and block.number - self.last not in step:
            raise RecordError(
                f"{self.path}: block {block.number} does not follow block {self.last}; a record holds every "
                "block of its chain"
            )
        if len(block.ok) != len(txs):
            raise RecordError(
                f"{self.path}: block {block.number} has {len(block.ok)} statuses for {len(txs)} transactions"
            )
        batches = to_batches(
            block, txs, tick=tick, agents=agents, strategies=strategies, verbs=verbs, reasons=reasons or {}
        )
        for table, given in (tables or {}).items():
            made = [
                g if isinstance(g, pa.RecordBatch) else rows(table, g, tick=tick, block=block.number) for g in given
            ]
            if made:
                batches[table] = (
                    pa.Table.from_batches(made, TABLES[table]).combine_chunks().to_batches()[0]
                    if len(made) > 1
                    else made[0]
                )
        payload, size = journal.pack(batches)
        sha = journal.link(self._sha, block.number, payload)
        with self._disk(f"block {block.number}"):
            self._connection.execute("INSERT INTO journal VALUES (?, ?, ?)", (block.number, payload, sha))
        self._first = block.number if self._first is None else self._first
        self.last, self._sha, self._tick, self._fingerprint = (
            block.number,
            sha,
            max(tick, self._tick),
            block.fingerprint,
        )
        self._count, self._blocks, self._bytes = self._count + 1, self._blocks + 1, self._bytes + size
        if self._bytes >= COMPACT_BYTES or self._blocks >= COMPACT_BLOCKS:
            self.compact()

    def attach(self, name: str, content: bytes) -> None:
        """Keep a file beside the tables, for example the deployment manifest.

        Its hash is recorded; writing it again replaces it.
        """
        if "/" in name or name in (meta.NAME, journal.NAME):
            raise InputError(
                f"attach: {name!r} is no name for a file of a record; use a plain name such as deployment.json"
            )
        with self._disk(name):
            files.replace(self.path, self._connection, name, content)

    def compact(self) -> None:
        """Move the journal's blocks into Parquet parts.

        A kill at any point loses nothing and leaves nothing doubled.
        """
        with self._disk("a compaction"):
            batches: dict[str, list[pa.RecordBatch]] = {}
            number = first = None
            for number, payload in self._connection.execute("SELECT number, payload FROM journal ORDER BY number"):
                first = number if first is None else first
                for table, batch in journal.unpack(payload).items():
                    batches.setdefault(table, []).append(batch)
            if first is None or number is None:
                return
            made = [parts.write(self.path, table, first, number, found) for table, found in batches.items()]
            self._listed = journal.move(self._connection, made, first, number, self._sha, self._listed)
        self._bytes = self._blocks = 0
        pa.default_memory_pool().release_unused()

    def close(self, status: str = "finished") -> None:
        """Compact, write how the run ended to run.json, and let go of the folder. Closing twice does nothing.

        ``status``: "finished", "interrupted" (can be resumed) or "failed" (can be resumed).
        """
        if self._lock < 0:
            return
        try:
            if not self._broken:
                self.compact()
                end = {
                    "blocks": self._count,
                    "ticks": self._tick + 1,
                    "last_block": self.last,
                    "fingerprint": self._fingerprint.hex(),
                }
                self.meta |= {"status": status, "ended": meta.now(), **end}
                with self._disk(meta.NAME):
                    files.replace(self.path, self._connection, meta.NAME, files.as_json(self.meta))
                with suppress(sqlite3.Error):  # tidiness only: a reader may hold the journal open just now
                    self._connection.execute("VACUUM")
                    self._connection.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._connection.close()
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self.close()
            return
        with suppress(RecordError):  # the first error is the one to show
            self.close("failed" if issubclass(kind, Exception) else "interrupted")

    @contextmanager
    def _disk(self, what: str) -> Iterator[None]:
        if self._lock < 0 or self._broken:
            raise RecordError(f"{self.path}: {what} cannot be written: {self._broken or 'the record is closed'}")
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            self._broken = str(error)
            raise RecordError(
                f"{self.path}: {what} cannot be written ({error}); free space on the disk (or mend it) and "
                "resume the run: "
                f"all up to block {self.last} is kept"
            ) from error
