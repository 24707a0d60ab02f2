"""kill -9 at any moment, also while compacting and ending: what was acknowledged is there, and the run can go on."""

from __future__ import annotations

import multiprocessing
import random
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrarium.record.chain import RecordedChain
from terrarium.record.read import Folder
from terrarium.record.reader import open_run
from terrarium.record.schema import TABLES
from terrarium.record.writer import RunWriter
from tests.record.fake import FakeChain
from tests.record.living import SETUP, dies, live, lives
from tests.record.synthetic import ABOUT

TICKS = 120
PROCESSES = multiprocessing.get_context("forkserver")
# What takes seconds to import is imported once. Only installed modules: the server does not look into this folder.
PROCESSES.set_forkserver_preload(["hypothesis", "pandas", "terrarium.record.chain", "terrarium.record.writer"])


def killed(folder: Path, how: str, after: int, delay: float) -> int:
    """Live in a process, SIGKILL it ``delay`` seconds after so many blocks; the last block it acknowledged to us."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=lives, args=(folder, TICKS, how, theirs))
    process.start()
    theirs.close()
    told = 0
    try:
        for _ in range(after):
            told = ours.recv()
        process.join(delay)
        process.kill()
        while True:
            told = ours.recv()
    except EOFError:
        process.join()
        return told
    finally:
        ours.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: what a killed process wrote survives there too, and fsync is free."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as path:
        yield Path(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The run nobody killed."""
    path = tmp_path_factory.mktemp("whole") / "run"
    with RunWriter.create(path, ABOUT) as writer:
        live(RecordedChain(FakeChain(), writer), TICKS)
    return Folder(path)


@pytest.mark.parametrize("seed", range(5))
def test_what_was_acknowledged_is_there(folder: Path, whole: Folder, seed: int) -> None:
    """Killed, looked at, resumed, killed again … and at last it ends as if it had never stopped."""
    rng = random.Random(seed)
    path, reached = folder / "run", 0
    for round_ in range(6):
        # those already recorded are acknowledged again at once, so aim beyond them
        after = min(reached + rng.randrange(1, 40), SETUP + TICKS)
        told = killed(path, "resume" if round_ else "create", after, rng.random() * 0.02)
        found = Folder(path)
        last = found.listing.last
        assert last is not None
        assert last >= max(told, reached), "an acknowledged block is gone"
        assert open_run(path).verify() == last
        assert found.table("prices").num_rows == 2 * max(0, last - SETUP), "a block is there without its rows, or twice"
        reached = last
        if found.meta["status"] == "finished":
            break
    if Folder(path).meta["status"] != "finished":
        with RunWriter.resume(path) as writer:
            live(RecordedChain(FakeChain(), writer), TICKS)
    found = Folder(path)
    assert found.meta["fingerprint"] == whole.meta["fingerprint"]
    for table in TABLES:
        assert found.table(table).to_pandas().equals(whole.table(table).to_pandas()), table
    assert not list(path.rglob("*.tmp")), "a compaction that was killed left something behind"


@pytest.mark.parametrize("step", range(0, 50, 2))
def test_killed_while_compacting_and_ending(folder: Path, step: int) -> None:
    """Dies at one fsync or rename after the other."""
    path = folder / "run"
    process = PROCESSES.Process(target=dies, args=(path, 5, step))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    assert open_run(path).verify() == 5 + SETUP
    assert Folder(path).table("wealth").num_rows == 15
    if Folder(path).meta["status"] != "finished":
        assert process.exitcode
        with RunWriter.resume(path) as writer:
            live(RecordedChain(FakeChain(), writer), 5)
    assert Folder(path).table("wealth").num_rows == 15
    assert not list(path.rglob("*.tmp"))
