"""Parquet parts: written aside, made durable, then renamed. They count only once the journal lists them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from terrarium.errors import RecordError
from terrarium.files import replacing, sync
from terrarium.record.journal import Part
from terrarium.record.schema import TABLES

# Columns of few different values; the others would only fill a dictionary in vain.
FEW = {"tick", "asset", "agent", "account", "address", "sender", "to", "topic0", "topic1", "topic2", "topic3", "block"}
FEW |= {
    "strategy",
    "role",
    "country",
    "verb",
    "reason",
    "output",
    "value",
    "gas",
    "kind",
    "rule",
    "subject",
    "severity",
}


def write(folder: Path, table: str, first: int, last: int, batches: Sequence[pa.RecordBatch]) -> Part:
    """Write rows of blocks ``first`` to ``last`` as one part.

    When this returns, the file is on the disk under its name.
    """
    place = folder / table
    if not place.is_dir():
        place.mkdir()
        sync(folder)
    path = place / f"part-{first:010d}-{last:010d}.parquet"
    rows = pa.Table.from_batches(batches, TABLES[table])
    few = [name for name in rows.column_names if name in FEW]
    with replacing(path) as file:
        pq.write_table(rows, file, compression="zstd", use_dictionary=few, write_statistics=["block", "tick", "number"])
    return Part(f"{table}/{path.name}", table, first, last, rows.num_rows, path.stat().st_size, digest(path))


def read(folder: Path, part: Part, columns: list[str] | None = None) -> pa.Table:
    """The rows of one part. Raises `RecordError` where it cannot be read."""
    try:
        found = pq.read_table(folder / part.file, columns=columns, schema=TABLES[part.table], partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise _broken(folder, part, f"cannot be read ({error})") from error
    if found.num_rows != part.rows:
        raise _broken(folder, part, f"has {found.num_rows} rows instead of {part.rows}")
    return found


def check(folder: Path, parts: Iterable[Part], contents: bool) -> None:
    """Raise `RecordError` naming the first part that is missing, cut, or (looking at the ``contents``) altered."""
    for part in parts:
        path = folder / part.file
        try:
            size = path.stat().st_size
            if size != part.size:
                raise _broken(folder, part, f"is cut: it has {size} bytes instead of {part.size}")
            if contents and digest(path) != part.sha:
                raise _broken(folder, part, "was altered: its sha256 is not the recorded one")
        except FileNotFoundError:
            raise _broken(folder, part, "is missing") from None
        except OSError as error:
            raise _broken(folder, part, f"cannot be read ({error})") from error


def sweep(folder: Path, parts: Iterable[Part]) -> None:
    """Remove what an interrupted compaction left behind: files that no list names.

    Their blocks are still in the journal.
    """
    for path in folder.glob("*.tmp"):
        path.unlink()
    listed = {part.file for part in parts}
    for table in TABLES:
        for path in (folder / table).glob("part-*"):
            if f"{table}/{path.name}" not in listed:
                path.unlink()


def digest(path: Path) -> bytes:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _broken(folder: Path, part: Part, what: str) -> RecordError:
    return RecordError(
        f"{folder}: table {part.table!r}, file {part.file} (blocks {part.first} to {part.last}) {what}; "
        "put it back from a copy, or run the scenario again"
    )
