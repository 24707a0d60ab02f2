"""What a strategy remembers is its own: a file that keeps memory for all agents is refused, with its line."""

import pytest

from terrarium.errors import InputError
from terrarium.sim.registry import inspect_source

GOOD = """
from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from terrarium.sim.strategy import Call, Strategy
from terrarium.sim.view import View

DAYS = (1, 7, 30)


@dataclass
class Fine(Strategy):
    size: float = 0.1
    _seen: deque[float] = field(default_factory=deque, init=False)

    def __post_init__(self) -> None:
        self._last = {}

    def decide(self, view: View, rng: Generator) -> list[Call]:
        local = [rng.random(), np.mean([1.0]), math.pi]
        self._last["x"] = local
        return view.desk.buy(0, self.size)
"""


def check(folder, text):
    path = folder / "fine.py"
    path.write_text(text)
    inspect_source(path)


def test_lets_a_plain_strategy_pass(tmp_path):
    check(tmp_path, GOOD)


@pytest.mark.parametrize(
    "lines",
    [
        "CACHE = {}",
        "SEEN: list[float] = []",
        "SEEN = deque(maxlen=3)",
        "PRICES = np.zeros(3)",
        "NAMES = [str(day) for day in DAYS]",
        "class Other:\n    shared = {}",
        "def f():\n    global DAYS",
    ],
)
def test_agents_share_no_memory(tmp_path, lines):
    where = len(GOOD.splitlines()) + 3 + lines.count("\n")
    with pytest.raises(InputError, match=rf"^fine\.py:{where}: a strategy may not keep what all agents would"):
        check(tmp_path, GOOD + "\n\n" + lines + "\n")
