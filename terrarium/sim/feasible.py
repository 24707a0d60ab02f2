"""What a scenario asks for must add up: said before anything is started, not by a contract halfway through."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

from terrarium.errors import ScenarioError
from terrarium.scenario import Scenario

if TYPE_CHECKING:
    from terrarium.sim.population import Agent

MOST_REPORTERS = 31  # a feed takes 32, of which one is the deployer's until it is set up
DEAREST, MOST_UNITS, MOST_DOLLARS = 1e9, 1e12, 1e12  # dollars a token, tokens, dollars in a pool: 64 bits hold them
LEAST_LIQUIDITY = 1e-3  # Uniswap keeps a thousand smallest units, and wants more than that


def feasible(scenario: Scenario, agents: Sequence[Agent]) -> None:
    """Raises `ScenarioError` where feeds lack reporters or have too many, where agents are given more tokens than there
    are, or where an asset is too large or its pool too small for the contracts."""
    reporters = sum(agent.strategy.role == "reporter" for agent in agents)
    if reporters > MOST_REPORTERS:
        raise ScenarioError(f"agents: {reporters} reporters; a feed takes at most {MOST_REPORTERS}")
    if 0 < reporters < scenario.feeds.quorum:
        raise ScenarioError(
            f"feeds.quorum: {scenario.feeds.quorum} reports close a round, but there are {reporters} reporters; "
            f"give at most {reporters}, or more of them"
        )
    for i, asset in enumerate(scenario.assets):
        pooled = asset.supply * asset.pool_share
        if asset.value > DEAREST or asset.supply > MOST_UNITS or pooled * asset.value > MOST_DOLLARS:
            raise ScenarioError(
                f"assets.{asset.name}: {asset.supply:g} tokens of {asset.value:g} dollars, {asset.pool_share:g} of it "
                f"in the pool; give at most {MOST_UNITS:g} tokens of at most {DEAREST:g} dollars, "
                f"and {MOST_DOLLARS:g} dollars in the pool"
            )
        if 0.0 < pooled * sqrt(asset.value) <= LEAST_LIQUIDITY:
            raise ScenarioError(f"assets.{asset.name}.pool_share: {pooled:g} tokens are too few to open a pool with")
        given = sum(agent.holdings[i] for agent in agents) / asset.value
        if given > (asset.supply - pooled) * (1 + 1e-9):  # sums of floats
            raise ScenarioError(
                f"assets.{asset.name}.supply: agents are given {given:,.0f} tokens and the pool {pooled:,.0f}, "
                f"of {asset.supply:,.0f}; raise it to {given / (1 - min(asset.pool_share, 0.99)):,.0f} or give less"
            )
