"""A strategy that misbehaves is benched, and nothing else happens."""

import sys
import time
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from terrarium.chain.types import Call
from terrarium.errors import BudgetExceeded
from terrarium.sim import decide as module
from terrarium.sim.decide import Benched, Watchdog, decide

GOOD = Call("0x" + "11" * 20, b"\x01", "buy")
TARGETS = {GOOD.to}


def run(action, watchdog=None, overspent=False):
    strategy = SimpleNamespace(decide=lambda view, rng: action() if callable(action) else action)
    view = SimpleNamespace(overspent=overspent)
    return decide(SimpleNamespace(id=3, strategy=strategy), view, None, TARGETS, watchdog or Watchdog())


def boom():
    raise ZeroDivisionError("division by zero")


def spend():
    raise BudgetExceeded("more than 4 evaluations in one tick")


def test_good_calls_pass():
    assert run([GOOD, GOOD]) == [GOOD, GOOD]
    assert run([]) == []


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (boom, "raised ZeroDivisionError: division by zero"),
        (spend, "budget: more than 4 evaluations"),
        (None, "returned a NoneType instead of a list of calls"),
        (lambda: np.zeros(3), "returned a ndarray"),
        ([GOOD, "buy"], "a str in it instead of a call"),
        ([GOOD] * 65, "returned 65 calls; at most 64"),
        ([GOOD._replace(to="0x" + "22" * 20)], "no contract of the deployment"),
        ([GOOD._replace(to=None)], "malformed call"),
        ([GOOD._replace(to=["0x"])], "malformed call"),
        ([GOOD._replace(verb=7)], "malformed call"),
        ([GOOD._replace(data=bytes(16_385))], "malformed call"),
        ([GOOD._replace(data="0x01")], "malformed call"),
        ([GOOD._replace(value=-1)], "sent -1 wei"),
        ([GOOD._replace(value=1)], "accounts hold none"),
        (lambda: sys.exit(1), "raised SystemExit: 1"),
        ([GOOD._replace(tip="all")], "malformed call"),
    ],
)
def test_nonsense_is_benched(action, says):
    benched = run(action)
    assert isinstance(benched, Benched)
    assert benched.agent == 3
    assert says in benched.detail


def test_an_error_of_any_length_is_cut():
    def boom():
        raise ValueError("x" * 10**6)

    assert len(run(boom).detail) < 600


def test_going_on_after_the_budget_is_spent_is_benched_too():
    assert "budget: went on" in run([GOOD], overspent=True).detail


def test_what_goes_wrong_in_learning_is_told_apart():
    def learn(outcome):
        raise KeyError("gone")

    agent = SimpleNamespace(id=3, strategy=SimpleNamespace(learn=learn))
    assert module.learn(agent, None, Watchdog()) == Benched(3, "learning: raised KeyError: 'gone'")


def test_an_endless_loop_is_interrupted(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.05)

    def loop():
        while True:
            with suppress(Exception):  # a strategy's own handlers must not save it
                time.sleep(0.001)

    with Watchdog().running() as watchdog:
        assert "looped" in run(loop, watchdog).detail
        assert run([GOOD], watchdog) == [GOOD]


def test_many_short_decisions_are_no_loop(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.02)
    with Watchdog().running() as watchdog:
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            assert run([GOOD], watchdog) == [GOOD]
