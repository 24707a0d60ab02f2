"""The small files of a run folder, replaced so that a kill leaves the old or the new one; and its lock."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from terrarium.errors import RecordError
from terrarium.files import replacing


def replace(folder: Path, journal: sqlite3.Connection, name: str, content: bytes) -> None:
    """Write file ``name`` and its sha256 in the journal. Until then it accepts both; a new file counts once listed."""
    sha = hashlib.sha256(content).digest()
    if journal.execute("SELECT 1 FROM files WHERE name = ?", (name,)).fetchone():
        journal.execute("INSERT OR IGNORE INTO files VALUES (?, ?)", (name, sha))
    with replacing(folder / name) as file:
        file.write(content)
    journal.execute("INSERT OR IGNORE INTO files VALUES (?, ?)", (name, sha))
    journal.execute("DELETE FROM files WHERE name = ? AND sha <> ?", (name, sha))


def lock(folder: Path) -> int:
    """A lock on the folder itself, gone with the process however it ends. `RecordError` where another holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise RecordError(f"{folder}: another process is writing to this run; wait for it, or stop it first") from None
    return handle


def as_json(content: Mapping[str, Any]) -> bytes:
    """The content of a JSON file, to be read by people too."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"
