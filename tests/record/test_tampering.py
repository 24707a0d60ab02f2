"""A record that was cut, altered or is none is refused with a message that names the place, never with a traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from terrarium.errors import RecordError
from terrarium.record import parts
from terrarium.record.chain import RecordedChain
from terrarium.record.journal import NAME, START, Part, chain
from terrarium.record.reader import open_run
from terrarium.record.writer import RunWriter
from tests.record.fake import FakeChain
from tests.record.living import live
from tests.record.synthetic import ABOUT


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that was killed: some blocks in parts, some in the journal, and an attached file."""
    path = tmp_path / "run"
    writer = RunWriter.create(path, ABOUT)
    writer.attach("deployment.json", b'{"contracts": {}, "assets": []}')
    chain = RecordedChain(FakeChain(), writer)
    live(chain, 6)
    writer.compact()
    for tick in range(6, 10):
        chain.context(tick)
        chain.submit([])
        chain.acknowledge()
    writer._connection.close()
    assert open_run(path).verify() == 13
    return path


def part(path: Path, table: str) -> Path:
    return next((path / table).glob("part-*.parquet"))


def sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path / NAME)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def flip(path: Path, at: int = -20) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def cut(path: Path, left: int = -10) -> None:
    path.write_bytes(path.read_bytes()[:left])


LONGER = "UPDATE journal SET payload = CAST(payload || x'00' AS BLOB) WHERE number = 11"
MOVED = [f"UPDATE journal SET number = {b} WHERE number = {a}" for a, b in ((11, 99), (12, 11), (99, 12))]


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "part cut": (lambda p: cut(part(p, "events")), "table 'events', file events/part-.* is cut"),
    "part altered": (lambda p: flip(part(p, "wealth"), 100), "table 'wealth'.*was altered"),
    "part missing": (lambda p: part(p, "prices").unlink(), "table 'prices'.*is missing"),
    "part not a file": (lambda p: (f := part(p, "feeds"), f.unlink(), f.mkdir()), "'feeds'.*is cut"),
    "run.json cut": (lambda p: cut(p / "run.json"), "run.json was altered"),
    "run.json altered": (lambda p: flip(p / "run.json"), "run.json was altered"),
    "run.json missing": (lambda p: (p / "run.json").unlink(), "not a run folder"),
    "attached altered": (lambda p: (p / "deployment.json").write_text("{}"), "deployment.json was altered"),
    "attached missing": (lambda p: (p / "deployment.json").unlink(), "deployment.json cannot be read"),
    "journal missing": (lambda p: (p / NAME).unlink(), "journal.sqlite is missing"),
    "journal cut": (lambda p: cut(p / NAME, 3_000), "journal.sqlite is cut or altered"),
    "journal is no database": (lambda p: (p / NAME).write_text("nonsense" * 9_999), "journal.sqlite is cut or altered"),
    "journal empty": (lambda p: (p / NAME).write_bytes(b""), "journal.sqlite has format 0"),
    "row altered": (lambda p: sql(p, LONGER), "block 11 was altered"),
    "row garbage": (lambda p: sql(p, "UPDATE journal SET payload = x'0102' WHERE number = 12"), "block 12 was altered"),
    "row missing": (lambda p: sql(p, "DELETE FROM journal WHERE number = 11"), "block 11 is missing"),
    "first row missing": (lambda p: sql(p, "DELETE FROM journal WHERE number = 10"), "block 10 is missing"),
    "rows swapped": (lambda p: sql(p, *MOVED), "block 11 was altered"),
    "table dropped": (lambda p: sql(p, "DROP TABLE parts"), "journal.sqlite is cut or altered"),
    "state dropped": (lambda p: sql(p, "DELETE FROM compacted"), "journal.sqlite is altered"),
    "newer format": (lambda p: sql(p, "PRAGMA user_version = 9"), "format 9, this terrarium reads 1"),
    "part unlisted": (lambda p: sql(p, "DELETE FROM parts WHERE tbl = 'wealth'"), "list of parts"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_damage_is_named(run: Path, case: str) -> None:
    harm, says = CASES[case]
    harm(run)
    with pytest.raises(RecordError, match=says) as error:
        open_run(run)
    assert any(word in str(error.value) for word in ("put ", "use ", "name the folder")), "a remedy"
    with pytest.raises(RecordError, match=says):
        RunWriter.resume(run)


@pytest.mark.parametrize("table", ["transactions", "events", "blocks"])
def test_an_altered_block_is_found_even_when_all_hashes_were_made_to_fit(run: Path, table: str) -> None:
    """Someone who rewrites a part and its sha256 still cannot make the fingerprints fit."""
    path = part(run, table)
    rows = pq.read_table(path)
    column = {"transactions": "ok", "events": "data", "blocks": "fingerprint"}[table]
    values = rows[column].to_pylist()
    values[4] = (not values[4]) if table == "transactions" else bytes(len(values[4]))
    index = rows.column_names.index(column)
    pq.write_table(
        rows.set_column(index, rows.schema.field(column), pa.array(values, rows.schema.field(column).type)), path
    )
    sql(
        run,
        f"UPDATE parts SET bytes = {path.stat().st_size}, sha = x'{parts.digest(path).hex()}' WHERE tbl = '{table}'",
    )
    with closing(sqlite3.connect(run / NAME)) as connection:
        listed = [
            Part(*row) for row in connection.execute("SELECT file, tbl, first, last, rows, bytes, sha FROM parts")
        ]
    sql(run, f"UPDATE compacted SET parts = x'{chain(START, listed).hex()}'")
    with pytest.raises(RecordError, match=r"block \d+ was altered"):
        open_run(run).verify()


def test_a_finished_record_cannot_lose_its_tail(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with RunWriter.create(path, ABOUT) as writer:
        live(RecordedChain(FakeChain(), writer), 6)
    sql(path, "DELETE FROM parts", "UPDATE compacted SET first = NULL, last = NULL, parts = zeroblob(32)")
    with pytest.raises(RecordError, match="says the last block is 9"):
        open_run(path)


def test_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such run folder"):
        open_run(tmp_path / "nowhere")
    with pytest.raises(RecordError, match="not a run folder"):
        open_run(tmp_path)


def test_a_torn_tail_of_the_log_is_cut(run: Path) -> None:
    """What a power cut tears off was never acknowledged: SQLite drops it, and the rest is whole."""
    connection = sqlite3.connect(run / NAME, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("BEGIN")
    connection.execute("DELETE FROM journal WHERE number = 13")
    wal = run / (NAME + "-wal")
    wal.write_bytes(wal.read_bytes() + b"\x01" * 5_000) if wal.exists() else wal.write_bytes(b"\x01" * 5_000)
    connection.close()
    assert open_run(run).verify() == 13
