"""The order of agents within a block: part of the scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from terrarium.chain.types import Call
from terrarium.random import key

if TYPE_CHECKING:
    from terrarium.sim.population import Agent

MASK = (1 << 64) - 1


def ordered(
    planned: Sequence[tuple[Agent, list[Call]]], rule: str, seed: int, tick: int
) -> list[tuple[Agent, list[Call]]]:
    """``planned`` in block order; each agent's own calls stay together and in their order.

    seeded: by a number drawn per agent and tick, so that one agent more never reorders the others. priority-fee: by the
    highest tip of an agent's calls. adversarial: agents marked ``adversary`` first (they front-run everybody). The
    seeded order breaks ties.
    """
    salt = int(key(seed, "order", tick)[0])

    def rank(entry: tuple[Agent, list[Call]]) -> tuple[int, int, int]:
        agent, calls = entry
        first = {"priority-fee": -max(c.tip for c in calls), "adversarial": not agent.adversary}.get(rule, 0)
        return int(first), _mix(agent.key ^ salt), agent.id

    return sorted(planned, key=rank)


def _mix(x: int) -> int:
    """SplitMix64's finaliser (Steele, Lea, Flood 2014): 64 well-mixed bits."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)
