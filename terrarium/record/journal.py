"""journal.sqlite: acknowledged blocks that are not compacted yet, the list of parts, and the hashes of the other files.

Each row of ``journal`` is one block with the rows of every table that belong to it, so that a block is there whole or
not at all. Its ``sha`` covers the row and the ``sha`` of the row before, so that a missing or altered row shows.
"""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import orjson
import pyarrow as pa

from terrarium.errors import RecordError
from terrarium.record.schema import FORMAT, TABLES

NAME = "journal.sqlite"
START = bytes(32)  # the hash before the first block
TABLES_SQL = """
CREATE TABLE journal (number INTEGER PRIMARY KEY, payload BLOB NOT NULL, sha BLOB NOT NULL) STRICT;
CREATE TABLE parts (file TEXT PRIMARY KEY, tbl TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
                    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, sha BLOB NOT NULL) STRICT;
CREATE TABLE files (name TEXT NOT NULL, sha BLOB NOT NULL, PRIMARY KEY (name, sha)) STRICT;
CREATE TABLE compacted (one INTEGER PRIMARY KEY CHECK (one = 1), first INTEGER, last INTEGER, sha BLOB NOT NULL,
                        parts BLOB NOT NULL) STRICT;
"""


class Part(NamedTuple):
    """One Parquet file: rows of one table that belong to blocks ``first`` to ``last``."""

    file: str  # relative to the run folder
    table: str
    first: int
    last: int
    rows: int
    size: int  # bytes
    sha: bytes


class Listing(NamedTuple):
    """What the journal holds at one moment. ``first`` and ``last`` are block numbers, None before the first block."""

    parts: list[Part]
    files: dict[str, set[bytes]]  # name -> sha256 of the contents it may have
    compacted: int | None  # last block in the parts
    first: int | None
    last: int | None
    tail: list[tuple[int, bytes]]  # the other blocks: number, payload; hashes checked
    sha: bytes  # of the last block
    listed: bytes  # of the list of parts


def pack(batches: Mapping[str, pa.RecordBatch]) -> tuple[bytes, int]:
    """One journal payload, and its size before compression.

    Layout: u64 size, u32 length of the header, both little-endian outside; inside zstd: the header (JSON, [[table,
    length], …]) and one Arrow record-batch message per table.
    """
    bodies = [(name, batch.serialize()) for name, batch in batches.items() if batch.num_rows]
    header = orjson.dumps([[name, body.size] for name, body in bodies])
    content = b"".join([header, *(memoryview(body) for _, body in bodies)])
    return struct.pack("<QI", len(content), len(header)) + CODEC.compress(content, asbytes=True), len(content)


def unpack(payload: bytes, only: str | None = None) -> dict[str, pa.RecordBatch]:
    """The rows of one journal payload, by table; only those of table ``only`` where given."""
    size, head = struct.unpack_from("<QI", payload)
    content = CODEC.decompress(memoryview(payload)[12:], size)
    found, at = {}, head
    for name, length in orjson.loads(memoryview(content)[:head]):
        if only in (None, name):
            found[name] = pa.ipc.read_record_batch(content.slice(at, length), TABLES[name])
        at += length
    return found


CODEC = pa.Codec("zstd", compression_level=1)


def chain(before: bytes, made: Iterable[Part]) -> bytes:
    """The hash of the list of parts, given that before these were ``made``: so that a missing entry shows."""
    for part in made:
        before = hashlib.sha256(before + repr(tuple(part)).encode()).digest()
    return before


def size(payload: bytes) -> int:
    """Size of a payload before compression, bytes."""
    return int(struct.unpack_from("<Q", payload)[0])


def link(before: bytes, number: int, payload: bytes) -> bytes:
    """The hash of a journal row, given that of the row before."""
    return hashlib.sha256(before + number.to_bytes(8, "big") + payload).digest()


def create(folder: Path) -> sqlite3.Connection:
    """A new journal, open for writing."""
    connection = _connect(folder)
    connection.execute("PRAGMA page_size = 16384")  # payloads are some 100 kB: fewer overflow pages than with 4 kB
    _durable(connection)
    connection.executescript(f"BEGIN; PRAGMA user_version = {FORMAT}; {TABLES_SQL} COMMIT;")
    connection.execute("INSERT INTO compacted VALUES (1, NULL, NULL, ?, ?)", (START, chain(START, [])))
    return connection


def reopen(folder: Path) -> sqlite3.Connection:
    """The journal that is there, open for writing."""
    connection = _connect(folder)
    _durable(connection)
    return connection


def _connect(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / NAME, isolation_level=None, timeout=30.0)


def _durable(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit returns when the WAL is on the disk


def read(folder: Path, check: bool = True) -> Listing:
    """What the journal says now. Raises `RecordError` naming what is missing or altered."""
    if not (folder / NAME).is_file():
        raise RecordError(f"{folder}: {NAME} is missing; put it back from a copy, or run the scenario again")
    try:
        # Read-only, so that looking at a record never changes it, even while a run is writing to it.
        with closing(
            sqlite3.connect(f"{(folder / NAME).absolute().as_uri()}?mode=ro", uri=True, timeout=30.0)
        ) as connection:
            connection.execute("BEGIN")  # one moment: parts and tail belong together
            return _listing(folder, connection, check)
    except sqlite3.Error as error:
        raise RecordError(
            f"{folder}: {NAME} is cut or altered ({error}); put it back from a copy, or run the scenario again"
        ) from error


def _listing(folder: Path, connection: sqlite3.Connection, check: bool) -> Listing:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != FORMAT:
        raise RecordError(
            f"{folder}: {NAME} has format {version}, this terrarium reads {FORMAT}; use the version named in run.json"
        )
    parts = [
        Part(*row)
        for row in connection.execute("SELECT file, tbl, first, last, rows, bytes, sha FROM parts ORDER BY rowid")
    ]
    files: dict[str, set[bytes]] = {}
    for name, sha in connection.execute("SELECT name, sha FROM files"):
        files.setdefault(name, set()).add(sha)
    row = connection.execute("SELECT first, last, sha, parts FROM compacted").fetchone()
    if row is None:
        raise RecordError(f"{folder}: {NAME} is altered (it does not say what was compacted); put it back from a copy")
    first, compacted, sha, listed = row
    if chain(START, parts) != listed:
        raise RecordError(
            f"{folder}: {NAME} is altered (its list of parts lacks one, or has another); put it back from a copy"
        )
    last, tail = compacted, []
    for number, payload, said in connection.execute("SELECT number, payload, sha FROM journal ORDER BY number"):
        if last is not None and number != last + 1:
            raise RecordError(
                f"{folder}: {NAME}: block {last + 1} is missing; put the journal back from a copy, or run the "
                "scenario again"
            )
        if check and link(sha, number, payload) != said:
            raise RecordError(
                f"{folder}: {NAME}: block {number} was altered, or one before it removed; put the journal "
                "back from a copy, or run the scenario again"
            )
        first, last, sha = number if first is None else first, number, said
        tail.append((number, payload))
    return Listing(parts, files, compacted, first, last, tail, sha, listed)


def move(connection: sqlite3.Connection, made: list[Part], first: int, last: int, sha: bytes, listed: bytes) -> bytes:
    """List the parts ``made`` of blocks ``first`` to ``last`` in place of their rows, in one step; the new hash."""
    listed = chain(listed, made)
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", made)
        connection.execute("DELETE FROM journal")
        connection.execute(
            "UPDATE compacted SET first = coalesce(first, ?), last = ?, sha = ?, parts = ?", (first, last, sha, listed)
        )
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return listed
