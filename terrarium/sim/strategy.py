"""What a strategy is: a dataclass with one method.

    @dataclass
    class Contrarian(Strategy):
        \"\"\"Buys what fell, sells what rose.\"\"\"

        threshold: Annotated[float, Field(gt=0, lt=1)] = 0.1      # a parameter: a scenario may set it or draw it

        def decide(self, view: View, rng: Generator) -> list[Call]:
            ...

One file in ``agents/``, one strategy, named after the file: ``market_maker.py`` holds ``MarketMaker``. Fields are the
parameters; their types and bounds are checked by pydantic when a scenario is read. What a strategy remembers between
ticks it keeps in attributes made in ``__post_init__`` or fields with ``init=False``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from numpy.random import Generator

from terrarium.chain.types import Call

if TYPE_CHECKING:
    from terrarium.sim.view import View

__all__ = ["Call", "Generator", "Outcome", "Strategy"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an agent's calls of one tick, in the order in which it returned them."""

    tick: int
    ok: tuple[bool, ...]
    reasons: tuple[str, ...]  # "" where ok; else the decoded revert, such as "HaltModule__Halted()"


@dataclass
class Strategy:
    """Base of every strategy: stateless about the chain, deterministic given its views and its ``rng``."""

    role: ClassVar[str] = "trader"  # "reporter" may submit to feeds, "guardian" may halt; both see what the role needs

    def decide(self, view: View, rng: Generator) -> list[Call]:
        """The calls to make this tick, in order; build them with ``view.desk``.

        Must not block, do I/O, keep ``view`` or ``rng`` for later, or draw random numbers from anywhere but ``rng``.
        Raising, returning anything else, or asking ``view`` for more than the budget benches the agent for good.
        """
        raise NotImplementedError

    def learn(self, outcome: Outcome) -> None:
        """Called after the block with what became of the calls (only when there were some). Optional."""
