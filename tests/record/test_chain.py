"""`RecordedChain`: what waits, what is acknowledged, and what a resumed run is held against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from terrarium.errors import ChainError, InputError, RecordError
from terrarium.record.chain import RecordedChain
from terrarium.record.read import Folder
from terrarium.record.reader import open_run
from terrarium.record.writer import RunWriter
from tests.record.fake import FakeChain
from tests.record.living import SETUP, live
from tests.record.synthetic import ABOUT, AGENTS, tick_rows

NOW = ABOUT | {"agents": {"noise.py": "b"}, "versions": {"web3": "7.2"}, "bytecode": {"Cash": "1"}}
THEN = ABOUT | {"agents": {"noise.py": "a"}, "versions": {"web3": "7.1"}, "bytecode": {"Cash": "1"}}


def interrupted(path: Path, ticks: int = 5, about: dict[str, Any] = ABOUT) -> Path:
    writer = RunWriter.create(path, about)
    live(RecordedChain(FakeChain(), writer), ticks)
    writer.close("interrupted")
    return path


def test_a_tick_is_there_with_its_rows_or_not_at_all(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", ABOUT) as writer:
        chain = RecordedChain(FakeChain(), writer)
        chain.add("agents", AGENTS)
        chain.context(0)
        chain.submit([])
        assert Folder(tmp_path / "run").listing.last is None, "mined, but not acknowledged"
        with pytest.raises(RecordError, match="block 1 was not acknowledged"):
            chain.submit([])
        chain.add("wealth", {"agent": [0], "wealth": [1.0]})
        chain.acknowledge(tick_rows(0))
        with pytest.raises(RecordError, match="no block waits"):
            chain.acknowledge()
        found = open_run(tmp_path / "run")
        assert len(found.table("wealth")) == 4
        assert len(found.agents) == 3
        chain.context(1)
        chain.submit([])
    assert Folder(tmp_path / "run").listing.last == 1, "the block that waited at the end was never acknowledged"


def test_rows_that_do_not_fit_write_nothing(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", ABOUT) as writer:
        chain = RecordedChain(FakeChain(), writer)
        chain.context(0)
        chain.submit([])
        with pytest.raises(InputError, match="wealth"):
            chain.acknowledge({"wealth": {"agent": [0]}})
        assert Folder(tmp_path / "run").listing.last is None


def test_a_record_begins_where_its_chain_begins(tmp_path: Path) -> None:
    chain = FakeChain()
    chain.submit([])
    with (
        RunWriter.create(tmp_path / "run", ABOUT) as writer,
        pytest.raises(InputError, match="before anything is mined"),
    ):
        RecordedChain(chain, writer)


def test_nothing_recorded_is_unwound(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", ABOUT) as writer:
        chain = RecordedChain(FakeChain(), writer)
        point = chain.snapshot()
        chain.revert(point)
        point = chain.snapshot()
        chain.submit([])
        with pytest.raises(ChainError, match="cannot be unwound"):
            chain.revert(point)


@pytest.mark.parametrize("ticks", [0, 1, 5])
def test_resumed_equals_uninterrupted(tmp_path: Path, ticks: int) -> None:
    interrupted(tmp_path / "cut", ticks)
    with RunWriter.resume(tmp_path / "cut") as writer:
        chain = RecordedChain(FakeChain(), writer)
        assert chain.replaying
        live(chain, 9)
        assert not chain.replaying
    with RunWriter.create(tmp_path / "whole", ABOUT) as writer:
        live(RecordedChain(FakeChain(), writer), 9)
    cut, whole = open_run(tmp_path / "cut"), open_run(tmp_path / "whole")
    same = ("blocks", "ticks", "last_block", "fingerprint", "status")
    assert {k: cut.meta[k] for k in same} == {k: whole.meta[k] for k in same}
    for table in ("transactions", "events", "prices", "alerts", "agents"):
        assert cut.table(table).equals(whole.table(table)), table


def test_resume_before_the_first_block(tmp_path: Path) -> None:
    RunWriter.create(tmp_path / "run", ABOUT).close("failed")
    with RunWriter.resume(tmp_path / "run") as writer:
        live(RecordedChain(FakeChain(), writer), 1)
    assert open_run(tmp_path / "run").verify() == SETUP + 1


def test_a_result_that_differs_stops_the_resume(tmp_path: Path) -> None:
    path = interrupted(tmp_path / "run", about=THEN)
    with RunWriter.resume(path) as writer, pytest.raises(RecordError) as error:
        live(RecordedChain(FakeChain(twist=6), writer, about=NOW), 9)
    text = str(error.value)
    assert "record diverges at block 6" in text
    assert "agents/noise.py; web3 7.1 -> 7.2; change it back" in text
    assert "Cash" not in text


def test_a_decision_that_differs_stops_the_resume(tmp_path: Path) -> None:
    path = interrupted(tmp_path / "run")
    with RunWriter.resume(path) as writer, pytest.raises(RecordError) as error:
        live(RecordedChain(FakeChain(), writer, about=ABOUT), 9, strange=2)
    text = str(error.value)
    assert (
        "record diverges at block 6: transaction 0 (buy by agent 0 (noise)): recorded data 0x323a30, now 0x323a3078"
        in text
    )
    assert "nothing known has changed" in text
    assert Folder(path).listing.last == 8, "the record is as it was"


def test_a_resume_that_ends_too_soon_keeps_the_record(tmp_path: Path) -> None:
    path = interrupted(tmp_path / "run")
    with RunWriter.resume(path) as writer:
        live(RecordedChain(FakeChain(), writer), 2)
        writer.close("interrupted")
    assert open_run(path).verify() == 8
