"""Income reaches those who hold; warnings are posted on chain and heard from there; a halt stops trade until lifted."""

from __future__ import annotations

import pytest
from terrarium.agents.guardian import Guardian

from terrarium.chain import artifacts
from terrarium.record.reader import open_run
from tests.agents.stage import STILL
from tests.sim.market import HAND, opened, scenario

SHARP = [{"rule": "price_fall", "params": {"warning": 0.05, "critical": 0.2, "window": 50}}]


def dump(view):
    return view.desk.sell(0, 3_000.0)


def test_income_reaches_holders_in_proportion(tmp_path):
    """Nothing trades, so what the world earned is what arrives, a day's income at a time."""
    paying = {"process": "real_estate", "value": 100.0, "supply": 1_000_000, "pool_share": 0.01, "params": {}}
    groups = [HAND, {**HAND, "holdings": {"OAK": 5e5}}, {**HAND, "holdings": {}}]
    settings = scenario(
        groups, assets=[{**paying, "name": "OAK"}, {**paying, "name": "ELM"}], world={"income_every": 3}, ticks=7
    )
    earned, cash = [], []
    with opened(tmp_path, settings) as market:
        for _ in range(7):
            market.tick()
            earned.append(market.sim.world.reading.income)
            cash.append([market[i].views[-1].cash for i in range(3)])
        paid = [sum(earned[:3]), sum(earned[:6])]
        for tick in range(7):  # seen one tick after it was paid
            due = 0.0 * paid[0] if tick < 3 else paid[0] if tick < 6 else paid[1]
            assert cash[tick][0] == pytest.approx(1e6 + due @ [10_000.0, 10_000.0], abs=1e-5)
            assert cash[tick][1] == pytest.approx(1e6 + due @ [5_000.0, 0.0], abs=1e-5)
            assert cash[tick][2] == 1e6
        incomes = market[0].views[3].incomes
        assert incomes[-1] == pytest.approx(paid[0], rel=1e-6)
        assert (incomes[-4:-1] == 0.0).all()
    assert earned[0].min() > 0.0


def test_a_warning_is_seen_only_after_it_stands_on_chain(tmp_path):
    with opened(tmp_path, scenario([{**HAND, "count": 2}], monitor=SHARP, ticks=5)) as market:
        market.tick()
        (raised,) = market.tick(_0=dump).alerts
        assert market.sim.state.alerts == []  # found after block 1; on chain with block 2
        tick = market.tick()
        assert [view.alerts for view in (market[0].views[2], market[1].views[2])] == [(), ()]
        posted = artifacts.load("AlertBoard").event("Posted").decode(tick.block.logs, {market.sim.economy.alerts})
        assert len(posted["severity"]) == 1
        market.tick()
        (heard,) = market[1].views[3].alerts
        assert (heard.tick, heard.rule, heard.asset, heard.severity) == (3, "price_fall", 0, 2)
        assert heard.value == pytest.approx(1 - market.truth[2][0].price[0] / 100.0, abs=1e-6)
        assert heard.value == pytest.approx(raised.value, abs=1e-6)
        assert heard.threshold == raised.threshold == 0.2
    alerts = open_run(tmp_path / "run").table("alerts")
    assert alerts[["tick", "rule", "subject", "severity"]].to_numpy().tolist() == [[1, "price_fall", "OAK", 2]]


def test_a_halt_from_the_alert_to_the_end(tmp_path):
    """Posted, heard, halted on chain: trades of that asset revert and the other's go through, until it is lifted."""
    guardian = {"strategy": "guardian", "count": 1, "fixed": True}
    with opened(tmp_path, scenario([{**HAND, "count": 2}, guardian], monitor=SHARP, ticks=12)) as market:
        market.agents[2].strategy = Guardian(length=3)

        def both(view):
            return view.desk.buy(0, 100.0) + view.desk.buy(1, 100.0)

        market.tick()
        market.tick(_0=dump)
        halted = []
        for _ in range(8):
            market.tick(_1=both)
            halted.append((bool(market.sim.state.halted[0]), market[1].outcomes[-1].ok, market[1].outcomes[-1].reasons))
    standing = [h for h, _, _ in halted]
    assert standing == [False, True, True, True, False, False, False, False]
    for at, (_, ok, reasons) in enumerate(halted):
        if at in (2, 3):
            assert ok == (False, True)
            assert "Transfer" in reasons[0] or "TRANSFER" in reasons[0] or "ompliance" in reasons[0]
        elif at not in (1, 4):  # in the block of the switch itself, the order decides
            assert ok == (True, True)
    done = open_run(tmp_path / "run").table("transactions").query("tick >= 0")
    assert done.query("strategy == 'guardian'")[["tick", "verb"]].to_numpy().tolist() == [[3, "halt"], [6, "unhalt"]]
    prices = open_run(tmp_path / "run").table("prices").query("asset == 0")
    assert prices["halted"].tolist() == [False, False, *standing]


def test_nobody_but_the_guardian_can_halt_and_nobody_but_the_monitor_warn(tmp_path):
    with opened(tmp_path, scenario([HAND, {"strategy": "guardian", "count": 1}], ticks=3)) as market:
        post = market.sim.outbox._post(b"price_fall".ljust(32, b"\0"), market.sim.economy.assets[0].token, 2, 1, 1)

        def usurper(view):
            (call,) = view.desk.halt(0)
            return [call, call._replace(to=market.sim.economy.alerts, data=post, verb="alert")]

        market.tick(_0=usurper)
        (outcome,) = market[0].outcomes
        assert outcome.ok == (False, False)
        assert all(reason.startswith("AccessControlUnauthorizedAccount(") for reason in outcome.reasons)
        assert not market.sim.state.halted.any()
        market.tick(_1=lambda view: view.desk.halt(0))
        assert market.sim.state.halted.tolist() == [True, False]


def test_a_still_world_pays_nothing(tmp_path):
    assert STILL["rent_yield"] == 0.0
    with opened(tmp_path, scenario([HAND], world={"income_every": 1}, ticks=2)) as market:
        assert len(market.tick().block.ok) == 2  # the reporter's alone
