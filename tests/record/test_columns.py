"""What is written is read back exactly: from the journal, from the parts, and from a mixture of both."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrarium.errors import InputError
from terrarium.record.columns import Entry
from terrarium.record.read import Folder
from terrarium.record.schema import TABLES, rows
from terrarium.record.writer import RunWriter
from tests.record.synthetic import ABOUT, AGENTS, chains, same, tick_rows


def put(writer: RunWriter, entries: list[Entry]) -> None:
    for e in entries:
        writer.block(e.block, e.txs, tick=e.tick, agents=e.agents, strategies=e.strategies, verbs=e.verbs)


@settings(max_examples=60, deadline=None)
@given(chains(), st.lists(st.integers(0, 5), max_size=3))
def test_blocks_come_back_exactly(entries: list[Entry], compactions: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        with RunWriter.create(path, ABOUT) as writer:
            for i, entry in enumerate(entries):
                put(writer, [entry])
                if i in compactions:
                    writer.compact()
            assert same(entries, list(Folder(path).entries()))
        assert same(entries, list(Folder(path).entries()))


def test_rows_of_every_table_come_back(tmp_path: Path) -> None:
    from tests.record.synthetic import busy

    before = bytes(32)
    with RunWriter.create(tmp_path / "run", ABOUT) as writer:
        for tick in range(6):
            block, txs = busy(tick + 1, before, 3)
            before = block.fingerprint
            tables = {name: [columns] for name, columns in tick_rows(tick).items()}
            writer.block(block, txs, tick=tick, tables=tables | ({"agents": [AGENTS]} if tick == 0 else {}))
            if tick == 3:
                writer.compact()
        for folder in (Folder(tmp_path / "run"),):
            for table in sorted(set(TABLES) - {"blocks", "transactions", "events"}):
                expected = [
                    rows(table, columns, tick=tick, block=tick + 1)
                    for tick in range(6)
                    for columns in [tick_rows(tick).get(table)]
                    if columns
                ]
                expected = expected or [rows("agents", AGENTS)]
                got = folder.table(table).to_pandas()
                want = TABLES[table].empty_table().from_batches(expected).to_pandas()
                assert got.equals(want), table


def test_addresses_may_be_rows_of_bytes_or_text() -> None:
    text = rows("agents", AGENTS)
    matrix = np.array([list(bytes.fromhex(a[2:])) for a in AGENTS["address"]], np.uint8)  # type: ignore[union-attr]
    assert rows("agents", AGENTS | {"address": matrix}).equals(text)


@pytest.mark.parametrize(
    ("table", "columns", "says"),
    [
        ("nonsense", {}, "no table 'nonsense'"),
        ("events", {}, "no table 'events'"),
        ("wealth", {"agent": [1]}, "missing or unknown: wealth"),
        ("wealth", {"agent": [1], "wealth": [1.0], "colour": [2]}, "missing or unknown: colour"),
        ("wealth", {"agent": [1, 2], "wealth": [1.0]}, "differ in length"),
        ("wealth", {"agent": ["x"], "wealth": [1.0]}, "column wealth.agent does not fit int64"),
        ("wealth", {"agent": [None], "wealth": [1.0]}, "must not be empty"),
        ("agents", AGENTS | {"address": ["0x12", "0x", "0x"]}, "agents.address does not fit"),
        ("agents", AGENTS | {"address": ["deployer", "0x", "0x"]}, "agents.address does not fit"),
    ],
)
def test_wrong_rows_are_named(table: str, columns: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        rows(table, columns, tick=0)
