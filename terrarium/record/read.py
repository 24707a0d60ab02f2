"""Reads a run folder as Arrow tables and as blocks, and refuses one that is cut or altered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from terrarium.chain.types import Block
from terrarium.errors import RecordError
from terrarium.record import journal, meta, parts
from terrarium.record.columns import Entry, blocks_in, entries
from terrarium.record.schema import CHAIN_TABLES, TABLES


class Folder:
    """A run folder as it is at this moment; a run that is still going may add to it later, which this does not see."""

    def __init__(self, path: Path, contents: bool = True) -> None:
        """Check that everything is there and unaltered.

        ``contents`` = False looks at sizes only, not at the hashes of the parts.
        """
        self.path = path
        if not path.is_dir():
            raise RecordError(f"{path}: no such run folder; `terrarium run` makes one")
        if not (path / meta.NAME).is_file():
            raise RecordError(
                f"{path}: not a run folder: it has no {meta.NAME}; name the folder that `terrarium run` printed"
            )
        self.listing, texts = self._files()
        self.meta: dict[str, Any] = orjson.loads(texts[meta.NAME])
        self.attached = {name: content for name, content in texts.items() if name != meta.NAME}
        parts.check(path, self.listing.parts, contents)
        ended = self.meta.get("last_block") if self.meta["status"] != "running" else self.listing.last
        if ended != self.listing.last:
            raise RecordError(
                f"{path}: cut: {meta.NAME} says the last block is {ended}, but the last one there is "
                f"{self.listing.last}; put {journal.NAME} back from a copy"
            )
        self._tail = dict(self.listing.tail)

    def _files(self) -> tuple[journal.Listing, dict[str, bytes]]:
        # A run that is still going may replace a file between our two looks; then look again.
        for _ in range(4):
            listing = journal.read(self.path)
            texts, wrong = {}, ""
            for name, allowed in {meta.NAME: set[bytes](), **listing.files}.items():
                try:
                    content = (self.path / name).read_bytes()
                except OSError as error:
                    wrong = f"{name} cannot be read ({error.strerror})"
                    continue
                if hashlib.sha256(content).digest() not in allowed:
                    wrong = f"{name} was altered: its sha256 is not the recorded one"
                texts[name] = content
            if not wrong:
                return listing, texts
        raise RecordError(f"{self.path}: {wrong}; put it back from a copy, or run the scenario again")

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """All rows of a table, oldest block first; only some ``columns`` where given."""
        found = [parts.read(self.path, part, columns) for part in self.files(name)]
        tail = self.tail(name)
        return pa.concat_tables([*found, tail if columns is None else tail.select(columns)])

    def files(self, name: str) -> list[journal.Part]:
        """The parts of a table, oldest first."""
        return [part for part in self.listing.parts if part.table == name]

    def tail(self, name: str) -> pa.Table:
        """Rows of a table that are still in the journal."""
        found = [batch for payload in self._tail.values() for batch in journal.unpack(payload, name).values()]
        return pa.Table.from_batches(found, TABLES[name])

    def chunks(self, names: tuple[str, ...] = CHAIN_TABLES) -> Iterator[dict[str, pa.Table]]:
        """The rows of these tables, some blocks at a time, oldest first: a long record need not fit into memory."""
        listed = sorted((p for p in self.listing.parts if p.table in names), key=lambda p: p.first)
        for _, group in groupby(listed, key=lambda p: p.first):
            found = {part.table: parts.read(self.path, part) for part in group}
            yield {name: found[name] if name in found else TABLES[name].empty_table() for name in names}
        for payload in self._tail.values():
            batches = journal.unpack(payload)
            yield {
                name: pa.Table.from_batches([batches[name]] if name in batches else [], TABLES[name]) for name in names
            }

    def blocks(self) -> Iterator[tuple[int, Block, pa.Table]]:
        """Tick, block and rows of "transactions" of every block."""
        for chunk in self.chunks():
            yield from blocks_in(chunk["blocks"], chunk["transactions"], chunk["events"])

    def entries(self) -> Iterator[Entry]:
        """Every block with its transactions, as they were submitted."""
        for chunk in self.chunks():
            yield from entries(chunk["blocks"], chunk["transactions"], chunk["events"])
