"""Keyed random numbers: every draw belongs to a name, so that one thing more never shifts the draws of the rest."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator, Philox


def key(seed: int, *parts: int | str) -> npt.NDArray[np.uint64]:
    """The 128-bit Philox key of ``(seed, *parts)``: uint64[2], equal on every machine and in every process."""
    text = "\x1f".join([str(seed), *map(str, parts)])
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), dtype="<u8")


def keyed(seed: int, *parts: int | str) -> Generator:
    """A fresh generator for ``(seed, *parts)``, for example ``keyed(7, "world", "real_estate", tick)``.

    Counter-based (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11), so streams under different keys
    are independent.
    """
    return Generator(Philox(key=key(seed, *parts)))


class AgentStreams:
    """One generator, re-keyed for each agent and tick: the cheap way to hand 10,000 agents a stream of their own.

    The generator returned by `at` is the same object every time and is only good until the next call.
    """

    def __init__(self, seed: int) -> None:
        base = key(seed, "agents")
        self._bits = Philox(key=base)
        self._generator = Generator(self._bits)
        fresh = self._bits.state  # nothing buffered, no half of a word left over
        # as plain integers: numpy's setter reads them five times as fast as arrays
        self._counter = {"counter": (0, 0, 0, 0), "key": base.tolist()}
        self._state: Any = {**fresh, "state": self._counter, "buffer": fresh["buffer"].tolist()}

    def at(self, agent: int, tick: int) -> Generator:
        """The stream of ``agent`` in ``tick``; both under 2**64."""
        # The key stays; agent and tick go into the upper half of the 256-bit counter, whose lower half (2**128 draws)
        # is left to the stream itself.
        self._counter["counter"] = (0, 0, agent, tick)
        self._bits.state = self._state
        return self._generator
