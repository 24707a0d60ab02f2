"""The folder of strategies is the registry; what reaches past the seam is refused with file and line."""

from __future__ import annotations

import hashlib
import sys
import textwrap

import pytest
import terrarium.agents

from terrarium.errors import InputError
from terrarium.sim import registry
from terrarium.sim.population import populate
from tests.agents.stage import scenario

GOOD = """
from __future__ import annotations
from dataclasses import dataclass, field
import numpy as np
from numpy.random import Generator
from terrarium.sim.strategy import Call, Strategy
from terrarium.sim.utility import risky_share
from terrarium.sim.view import View

@dataclass
class DayTrader(Strategy):
    \"\"\"Sells in the evening.\"\"\"

    nerve: float = 0.5
    _seen: int = field(default=0, init=False)

    def __post_init__(self):
        super().__post_init__() if hasattr(super(), "__post_init__") else None

    def decide(self, view: View, rng: Generator) -> list[Call]:
        self._seen += int(rng.random() < np.median(view.price))
        return []
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of the user's own beside ours; ours stays first."""
    registry.strategies.cache_clear()
    monkeypatch.setattr(terrarium.agents, "__path__", [*terrarium.agents.__path__, str(tmp_path)])
    yield tmp_path
    registry.strategies.cache_clear()
    for name in [name for name in sys.modules if name.startswith("terrarium.agents.day")]:
        del sys.modules[name]


def test_ours_are_found_and_pass():
    found = registry.strategies()
    assert list(found) == sorted(found)
    assert {"noise_trader", "leveraged_fund", "guardian"} <= set(found)
    assert found["noise_trader"].__name__ == "NoiseTrader"
    for name, digest in registry.hashes().items():
        assert digest == hashlib.sha256(registry.source(name).read_bytes()).hexdigest()


def test_a_new_file_is_a_new_strategy(folder):
    (folder / "day_trader.py").write_text(GOOD)
    (folder / "_notes.py").write_text("import os")  # private: not looked at
    assert registry.strategies()["day_trader"].__doc__ == "Sells in the evening."
    assert "day_trader" in registry.hashes()
    agents = populate(scenario([{"strategy": "day_trader", "count": 2, "params": {"nerve": 0.9}}]))
    assert [a.strategy.nerve for a in agents[1:]] == [0.9, 0.9]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("import math, time", "may not import 'time'"),
        ("from numpy.random import Generator, default_rng", "may not import 'numpy.random.default_rng'"),
        ("from terrarium.sim import simulation", "may not import 'terrarium.sim.simulation'"),
        ("from terrarium.sim.observatory import Observatory", "may not import 'terrarium.sim.observatory.Observatory'"),
        ("import numpy as xp; x = xp.random.random()", "must draw from `rng` only"),
        ("y = np.random", "must draw from `rng` only"),
        ("y = ().__class__", "private attribute '__class__'"),
        ("y = eval('1')", "may not use 'eval'"),
        ("y = __import__('os')", "may not use '__import__'"),
        ("try: pass\nexcept: pass", "may not catch everything"),
        ("try: pass\nexcept BaseException: pass", "may not use 'BaseException'"),
        ("LAST = [0 for _ in range(3)]", "may not keep what all agents would share"),
        ("def (", "is no Python"),
        ("x = '", "is no Python"),
    ],
)
def test_a_reach_past_the_seam_is_named_with_its_line(tmp_path, line, says):
    path = tmp_path / "day_trader.py"
    path.write_text(f"import numpy as np\n\n{line}\n")
    with pytest.raises(InputError, match=rf"^day_trader\.py:[34]: .*{says}"):
        registry.inspect_source(path)


def test_self_and_plain_code_are_not_refused(tmp_path):
    path = tmp_path / "day_trader.py"
    path.write_text(GOOD + "\n# os, eval and view._public in a comment\nname = 'open'\n")
    registry.inspect_source(path)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "day_trader.py"
    path.write_bytes(b"x = '\xff\xfe'\n")
    with pytest.raises(InputError, match=r"^day_trader\.py: is no Python"):
        registry.inspect_source(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "must hold a `@dataclass` that reads `class DayTrader\\(Strategy\\)`"),
        (GOOD.replace("DayTrader", "Daytrader"), "must hold"),
        (GOOD.replace("@dataclass", ""), "must hold a `@dataclass`"),
        (GOOD.replace("(Strategy)", ""), "must hold"),
        ("x = 1 / 0", "does not load: ZeroDivisionError: division by zero"),
        ("from terrarium.sim.view import Nothing", "does not load: ImportError"),
        ("import socket", "day_trader.py:1: a strategy may not import 'socket'"),
    ],
)
def test_a_file_that_is_no_strategy(folder, text, says):
    (folder / "day_trader.py").write_text(textwrap.dedent(text))
    with pytest.raises(InputError, match=says):
        registry.strategies()


def test_a_strategy_that_is_not_there():
    with pytest.raises(InputError, match="strategy 'nope': no such file in agents/"):
        registry.source("nope")
