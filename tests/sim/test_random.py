"""Keyed draws: equal in every process, and nobody's draws depend on anybody else's."""

import os
import subprocess
import sys

import numpy as np

from terrarium.random import AgentStreams, keyed

PRINT = """
from terrarium.random import AgentStreams, keyed
streams = AgentStreams(7)
print(keyed(7, "world", 3).random(4).tobytes().hex(), streams.at(2**64 - 1, 5).random(3).tobytes().hex())
"""


def test_same_seed_gives_same_bytes_in_every_process():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PRINT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "random")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 2


def test_a_stream_depends_only_on_its_own_key():
    streams = AgentStreams(7)
    alone = streams.at(4, 9).random(5)
    streams.at(3, 9).random(1000)
    assert (streams.at(4, 9).random(5) == alone).all()


def test_streams_restart_whatever_was_drawn_before():
    """A 32-bit draw leaves half a word behind; it must not leak into the next stream."""
    streams = AgentStreams(7)
    clean = streams.at(1, 1).integers(0, 100, 5, dtype="uint32")
    streams.at(1, 2).integers(0, 100, dtype="uint32")
    assert (streams.at(1, 1).integers(0, 100, 5, dtype="uint32") == clean).all()


def test_different_keys_give_different_streams():
    draws = {
        keyed(*k).random()
        for k in [(1,), (2,), (1, "a"), (1, "b"), (1, "a", "b"), (1, "ab"), (1, 1), (1, 11), (1, 1, 1)]
    }
    streams = AgentStreams(1)
    draws |= {streams.at(a, t).random() for a in range(30) for t in range(30)}
    assert len(draws) == 9 + 900


def test_agent_streams_are_uncorrelated():
    streams = AgentStreams(3)
    draws = np.array([[streams.at(a, t).random() for t in range(200)] for a in range(40)])
    off = np.corrcoef(draws)[~np.eye(40, dtype=bool)]
    assert abs(off).max() < 0.3  # 780 pairs of 200 draws: 4.2 standard errors
    assert abs(off.mean()) < 0.01
