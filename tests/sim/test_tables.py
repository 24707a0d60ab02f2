"""Rows of the record, and numbers on the board, where figures are out of the ordinary."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from terrarium.market.state import Holdings
from terrarium.risk.monitor.alerts import Alert
from terrarium.sim import tables
from terrarium.sim.decide import Benched
from terrarium.sim.system import _fixed
from tests.sim.market import HAND, opened, scenario

ENDLESS = Alert(7, "leverage", "OAK", 0, 2, np.inf, 5.0, {"equity": np.float64(-1.0)})


def test_positions_are_what_is_open_and_a_debt_without_collateral_is_endless():
    nothing = np.zeros((4, 2))
    collateral = np.array([[0.0, 10.0], [0.0, 0.0], [0.0, 0.0], [9.0, 9.0]])
    debt = np.array([[0.0, 50.0], [0.0, 0.0], [3.0, 0.0], [9.0, 9.0]])  # the last account is no agent's
    holdings = Holdings(np.zeros(4), nothing, nothing, collateral, debt, nothing, np.arange(4.0))
    rows = tables.position_rows(5, holdings, 3, np.array([100.0, 10.0]))
    assert rows["agent"].tolist() == [0, 2]
    assert rows["asset"].tolist() == [1, 0]
    assert rows["ltv"].tolist() == [0.5, np.inf]
    assert tables.wealth_rows(5, holdings, 3)["wealth"].tolist() == [0.0, 1.0, 2.0]


def test_alerts_keep_their_evidence():
    rows = tables.alert_rows(3, [ENDLESS])
    assert (rows["tick"], rows["value"], json.loads(rows["evidence"][0])) == ([3], [np.inf], {"equity": -1.0})
    assert tables.alert_rows(3, [])["rule"] == []


def test_the_benched_are_written_down():
    assert tables.bench_rows(2, [Benched(4, "why")]) == {
        "tick": [2],
        "agent": [4],
        "kind": ["benched"],
        "detail": ["why"],
    }


def test_agents_are_described_with_what_was_drawn(tmp_path):
    dist = {"dist": "uniform", "low": 0.1, "high": 0.2}
    with opened(tmp_path, scenario([{**HAND, "params": {"size": dist}}], ticks=1)) as market:
        rows = tables.agent_rows(market.sim.agents, market.sim.addresses)
        assert rows["role"] == ["reporter", "trader"]
        assert 0.1 < json.loads(rows["params"][1])["size"] < 0.2
        assert rows["account"] == ["reporter:0", "agent:noise_trader:0"]


@pytest.mark.parametrize(
    ("value", "kept"), [(0.25, 250_000), (-1.5, -1_500_000), (np.inf, 2**127 - 1), (1e31, 2**127 - 1)]
)
def test_the_board_keeps_millionths_and_what_is_endless_as_its_largest(value, kept):
    assert _fixed(value) == kept


def test_an_endless_value_is_posted_and_read(tmp_path):
    with opened(tmp_path, scenario([HAND], ticks=3)) as market:
        found = iter([[], [ENDLESS], []])
        market.sim.monitor = SimpleNamespace(observe=lambda observation: next(found))
        market.tick(3)
        (posted,) = market.sim.state.alerts
        assert (posted.rule, posted.asset, posted.severity, posted.threshold) == ("leverage", 0, 2, 5.0)
        assert posted.value > 1e32
