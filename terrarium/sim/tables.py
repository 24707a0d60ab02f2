"""The rows a tick adds to the record: the world's truth beside what the chain says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from terrarium.market.state import Figures, Floats, Holdings
from terrarium.risk.monitor.alerts import Alert
from terrarium.sim.decide import Benched
from terrarium.sim.population import Agent
from terrarium.world import Reading

Rows = Mapping[str, Any]


def market_rows(tick: int, reading: Reading, figures: Figures) -> dict[str, Rows]:
    """feeds, prices and lending: one row per asset."""
    assets = np.arange(len(figures.price))
    return {
        "feeds": {
            "tick": tick,
            "asset": assets,
            "fundamental": reading.fundamental,
            "appraisal": reading.appraisal,
            "answer": figures.appraisal,
            "income": reading.income,
        },
        "prices": {
            "tick": tick,
            "asset": assets,
            "price": figures.price,
            "pool_cash": figures.pool_cash,
            "pool_units": figures.pool_units,
            "volume": figures.volume,
            "halted": figures.halted,
        },
        "lending": {
            "tick": tick,
            "asset": assets,
            "supplied": figures.supplied,
            "borrowed": figures.borrowed,
            "collateral": figures.collateral,
            "bad_debt": figures.bad_debt,
        },
    }


def position_rows(tick: int, holdings: Holdings, agents: int, collateral_price: Floats) -> Rows:
    """positions: one row per agent and asset with collateral or debt. A debt without collateral has an infinite ltv."""
    collateral, debt = holdings.collateral[:agents], holdings.debt[:agents]
    agent, asset = np.nonzero((collateral > 0) | (debt > 0))
    value = collateral[agent, asset] * collateral_price[asset]
    owed = debt[agent, asset]
    with np.errstate(divide="ignore", invalid="ignore"):
        ltv = np.where(owed > 0, owed / value, 0.0)
    return {
        "tick": tick,
        "agent": agent,
        "asset": asset,
        "collateral": collateral[agent, asset],
        "debt": owed,
        "ltv": ltv,
    }


def wealth_rows(tick: int, holdings: Holdings, agents: int) -> Rows:
    """wealth: one row per agent."""
    return {"tick": tick, "agent": np.arange(agents), "wealth": holdings.wealth[:agents]}


def alert_rows(tick: int, alerts: Sequence[Alert]) -> Rows:
    """alerts: one row each, the evidence as JSON."""
    return {
        "tick": [tick] * len(alerts),
        "block": [a.block for a in alerts],
        "rule": [a.rule for a in alerts],
        "subject": [a.subject for a in alerts],
        "severity": [a.severity for a in alerts],
        "value": [float(a.value) for a in alerts],
        "threshold": [float(a.threshold) for a in alerts],
        "evidence": [orjson.dumps({k: float(v) for k, v in a.evidence.items()}).decode() for a in alerts],
    }


def bench_rows(tick: int, benched: Sequence[Benched]) -> Rows:
    """actions: one row per agent taken out of the run."""
    return {
        "tick": [tick] * len(benched),
        "agent": [b.agent for b in benched],
        "kind": ["benched"] * len(benched),
        "detail": [b.detail for b in benched],
    }


def agent_rows(agents: Sequence[Agent], addresses: Sequence[str]) -> Rows:
    """agents: one row each."""
    return {
        "agent": [a.id for a in agents],
        "strategy": [a.kind for a in agents],
        "account": [a.name for a in agents],
        "address": list(addresses),
        "role": [a.strategy.role for a in agents],
        "params": [orjson.dumps(a.params).decode() for a in agents],
        "cash": [a.cash for a in agents],
        "country": [a.country for a in agents],
    }
