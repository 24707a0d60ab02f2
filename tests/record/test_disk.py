"""Folders that cannot be written to, and disks that fill up in the middle of a run."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from terrarium.errors import InputError, RecordError
from terrarium.record import writer as writing
from terrarium.record.chain import RecordedChain
from terrarium.record.read import Folder
from terrarium.record.reader import open_run
from terrarium.record.writer import RunWriter
from tests.record.fake import FakeChain
from tests.record.living import live
from tests.record.synthetic import ABOUT

PROCESSES = multiprocessing.get_context("forkserver")


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="not empty; give another one"):
        RunWriter.create(tmp_path, ABOUT)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("place", ["file/run", "file", "/proc/run", "/sys/run"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"give .*folder you may write to"):
        RunWriter.create(tmp_path / place, ABOUT)


def test_only_one_process_writes(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", ABOUT), pytest.raises(RecordError, match="another process is writing"):
        RunWriter.resume(tmp_path / "run")


def test_a_run_can_be_read_while_it_goes_on(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", ABOUT) as writer:
        live(RecordedChain(FakeChain(), writer), 5)
        run = open_run(tmp_path / "run")
        assert run.verify() == len(run.blocks) == 8
        writer.compact()
        assert len(run.wealth) == 15, "what was opened stays as it was"
        assert len(open_run(tmp_path / "run").wealth) == 15
    assert run.meta["status"] == "running"


def test_closed_and_broken_writers_say_so(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "run", ABOUT)
    writer.close()
    writer.close()
    with pytest.raises(RecordError, match="the record is closed"):
        live(RecordedChain(FakeChain(), writer), 1)
    with pytest.raises(InputError, match="is finished"):
        RunWriter.resume(tmp_path / "run")


def _limited(folder: Path, size: int, compact: int, said: object) -> None:
    # A file size limit is what a full disk looks like to SQLite and to Parquet: writes fail from one byte to the next.
    writing.COMPACT_BLOCKS = compact
    writer = RunWriter.create(folder, ABOUT)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        with writer:
            live(RecordedChain(FakeChain(), writer), 3_000, txs=20, said=said)  # type: ignore[arg-type]
    except RecordError as error:
        said.send(str(error))  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [300_003, 500_000, 700_001, 1_500_000])
@pytest.mark.parametrize("compact", [9, 10_000])
def test_files_that_cannot_grow(tmp_path: Path, size: int, compact: int) -> None:
    path = tmp_path / "run"
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_limited, args=(path, size, compact, theirs))
    process.start()
    theirs.close()
    told, message = 0, ""
    try:
        while True:
            got = ours.recv()
            told, message = (got, message) if isinstance(got, int) else (told, got)
    except EOFError:
        process.join()
    assert process.exitcode == 0, "no traceback"
    _readable_and_resumable(path, told, message)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs to mount a small file system")
@pytest.mark.parametrize("compact", [9, 10_000])
def test_a_full_disk(tmp_path: Path, compact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount here: {mounted.stderr!r}")
    try:
        monkeypatch.setattr(writing, "COMPACT_BLOCKS", compact)
        chain = FakeChain()
        with pytest.raises(RecordError) as error, RunWriter.create(small / "run", ABOUT) as writer:
            live(RecordedChain(chain, writer), 3_000, txs=20)
        kept = shutil.copytree(small / "run", tmp_path / "kept")
        assert open_run(small / "run").verify() >= chain.height - 1
        _readable_and_resumable(kept, chain.height - 1, str(error.value))
    finally:
        subprocess.run(["umount", str(small)], check=True)


def _readable_and_resumable(path: Path, told: int, message: str) -> None:
    assert "cannot be written" in message
    assert "resume the run" in message
    last = Folder(path).listing.last
    assert last is not None
    assert last >= told > 3
    assert open_run(path).verify() == last
    with RunWriter.resume(path) as writer:
        live(RecordedChain(FakeChain(), writer), last + 5, txs=20)
    assert open_run(path).verify() == last + 8
    assert not list(path.rglob("*.tmp"))
