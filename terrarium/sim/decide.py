"""Runs strategies safely: what raises, returns nonsense or never returns is benched, and the run goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from numpy.random import Generator

from terrarium.chain.types import Call
from terrarium.errors import BudgetExceeded

if TYPE_CHECKING:
    from terrarium.sim.population import Agent
    from terrarium.sim.strategy import Outcome
    from terrarium.sim.view import View

SECONDS = 2.0  # wall time one decision may take; only a strategy that loops meets it
CALLS = 64  # calls one agent may make in one tick
DATA = 16_384  # bytes of calldata a call may have: what any node takes under the gas limit


class Benched(NamedTuple):
    """An agent that was taken out of the run, and why."""

    agent: int
    detail: str


class _Looping(BaseException):
    """Thrown into a strategy that does not return; no Exception, so that its own handlers let it pass."""


class Watchdog:
    """Interrupts a decision that takes longer than `SECONDS`.

    One interval timer for the whole run looks whether the same decision is still going on: it costs a decision nothing.
    Signals reach the main thread only; in any other thread there is no watchdog.
    """

    def __init__(self) -> None:
        self._decision = 0
        self._deciding = False
        self._seen = -1

    @contextmanager
    def running(self) -> Iterator[Watchdog]:
        """Keep the timer on."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        previous = signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)
        try:
            yield self
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    def start(self) -> None:
        """A decision begins."""
        self._decision += 1
        self._deciding = True

    def stop(self) -> None:
        """It ended."""
        self._deciding = False

    def _look(self, signum: int, frame: FrameType | None) -> None:
        if self._deciding and self._seen == self._decision:
            raise _Looping
        self._seen = self._decision


def decide(
    agent: Agent, view: View, rng: Generator, targets: Collection[str], watchdog: Watchdog
) -> list[Call] | Benched:
    """The calls ``agent`` makes, or why it is benched: it raised, spent more than its budget, ran too long, or returned
    anything but a list of at most `CALLS` calls to contracts in ``targets``."""
    watchdog.start()
    try:
        calls = agent.strategy.decide(view, rng)
    except (Exception, SystemExit, _Looping) as error:  # noqa: BLE001 - whatever it is, it is the strategy's
        return Benched(agent.id, _why(error))
    finally:
        watchdog.stop()
    fault = _fault(calls, targets)
    if view.overspent:  # the strategy caught what the view raised
        fault = "budget: went on after it was spent"
    return calls if fault is None else Benched(agent.id, fault)


def learn(agent: Agent, outcome: Outcome, watchdog: Watchdog) -> Benched | None:
    """Let ``agent`` learn; why it is benched where that fails."""
    watchdog.start()
    try:
        agent.strategy.learn(outcome)
    except (Exception, SystemExit, _Looping) as error:  # noqa: BLE001 - as above
        # said apart: a resumed run passes over a decision that never ended, but not over what came before the learning
        return Benched(agent.id, f"learning: {_why(error)}")
    finally:
        watchdog.stop()
    return None


LOOPED = f"looped: no decision within {SECONDS:g} to {2 * SECONDS:g} s"


def _why(error: BaseException) -> str:
    match error:
        case _Looping():
            return LOOPED
        case BudgetExceeded():
            return f"budget: {error}"
        case _:
            return f"raised {type(error).__name__}: {error!s:.500}"


KINDS = (str, bytes, str, int, int)  # of the fields of a `Call`


def _fault(calls: object, targets: Collection[str]) -> str | None:
    if not isinstance(calls, list):
        return f"returned a {type(calls).__name__} instead of a list of calls"
    if len(calls) > CALLS:
        return f"returned {len(calls)} calls; at most {CALLS} a tick"
    for call in calls:
        if not isinstance(call, Call):
            return f"returned a list with a {type(call).__name__} in it instead of a call"
        # whatever the types of `Call` say, a strategy may have put anything there
        if not all(map(isinstance, call, KINDS)) or len(call.data) > DATA:
            return f"returned a malformed call: {call!r:.200}"
        if call.to not in targets:
            return f"called {call.to!r}, which is no contract of the deployment"
        if call.value != 0:
            return f"sent {call.value} wei with a call; accounts hold none, the market's money is a token"
    return None
