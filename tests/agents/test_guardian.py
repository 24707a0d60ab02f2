import pytest

from tests.agents.stage import scenario, staged

HAND = {"strategy": "noise_trader", "count": 1, "cash": 5e6, "holdings": {"*": 5e6}}
FALL = {"rule": "price_fall", "params": {"warning": 0.1, "critical": 0.25, "window": 20}}
DEAF = {"rule": "price_fall", "params": {"warning": 0.98, "critical": 0.99}}


def stage_of(folder, rule=FALL, **params):
    guardian = {"strategy": "guardian", "count": 1, "params": {"length": 3, "rest": 10, **params}}
    return staged(folder, scenario([guardian, HAND], monitor=[rule]), "noise_trader")


def fall(stage, units=2_000.0):
    """2,000 tokens take the price down by 30 %: critical; 700 by 13 %: a warning."""
    stage.told("noise_trader", lambda view: view.desk.sell(0, units))


def halted(stage, ticks):
    """Whether the first asset is halted after each of so many ticks."""
    states = []
    for _ in range(ticks):
        stage.tick()
        states.append(bool(stage.figures.halted[0]))
    return states


def test_halts_once_the_alert_stands_on_chain_and_lifts_the_halt_when_its_time_is_up(tmp_path):
    with stage_of(tmp_path) as stage:
        stage.tick(2)
        fall(stage)
        tick = stage.tick()  # the block of the fall: only the monitor knows
        assert [(a.rule, a.severity) for a in tick.alerts] == [("price_fall", 2)]
        stage.tick()  # the block in which the alert is posted
        seen = stage.watched("guardian").seen
        assert seen[-1].alerts == ()
        assert stage.wanted("guardian") == []
        assert halted(stage, 4) == [True, True, True, False]
        (alert,) = seen[-4].alerts
        assert (alert.rule, alert.asset, alert.severity) == ("price_fall", 0, 2)
        assert alert.value == pytest.approx(0.305, abs=0.01)
        assert alert.threshold == 0.25
        assert not stage.figures.halted[1]
        assert stage.reasons("guardian") == []


def test_hears_nothing_but_the_chain(tmp_path):
    with stage_of(tmp_path, DEAF) as stage:  # prices crash for all to see, but nobody posts an alert
        stage.tick(2)
        fall(stage)
        assert not any(halted(stage, 5))
        assert stage.figures.price[0] < 75.0


@pytest.mark.parametrize("params", [{"rules": ["leverage"]}, {}])
def test_heeds_only_what_it_is_there_for(tmp_path, params):
    with stage_of(tmp_path, **params) as stage:
        stage.tick(2)
        fall(stage, 2_000.0 if params else 700.0)  # the wrong rule; no more than a warning
        assert not any(halted(stage, 5))
        assert stage.watched("guardian").seen[-1].alerts  # it heard them


def test_a_warning_is_enough_where_it_is_told_so(tmp_path):
    with stage_of(tmp_path, severity=1) as stage:
        stage.tick(2)
        fall(stage, 700.0)
        assert any(halted(stage, 4))


def test_rests_between_two_halts_and_does_not_act_on_what_it_heard_then(tmp_path):
    short = {**FALL, "params": {**FALL["params"], "window": 3}}
    with stage_of(tmp_path, short, length=2, rest=10) as stage:
        stage.tick(2)
        fall(stage)
        assert halted(stage, 8) == [False, False, True, True, False, False, False, False]
        fall(stage, 4_000.0)
        assert not any(halted(stage, 12))  # an alert in its rest is old when the rest is over
        assert [alert.severity for alert in stage.watched("guardian").seen[-1].alerts] == [2, 2]
        fall(stage, 9_000.0)
        assert halted(stage, 4) == [False, False, True, True]


def test_a_halt_stops_trade_and_the_end_of_it_lets_it_go_on(tmp_path):
    with stage_of(tmp_path) as stage:
        stage.tick(2)
        fall(stage)
        stage.tick(3)
        assert stage.figures.halted[0]
        price = stage.figures.price[0]
        stage.told(
            "noise_trader", lambda view: view.desk.sell(0, 10.0) + view.desk.buy(0, 10.0) + view.desk.buy(1, 10.0)
        )
        stage.tick()
        assert stage.agent("noise_trader").strategy.outcomes[-1].ok == (False, False, True)
        assert stage.figures.price[0] == price
        stage.tick(2)
        assert not stage.figures.halted[0]
        stage.told("noise_trader", lambda view: view.desk.sell(0, 10.0))
        stage.tick()
        assert stage.agent("noise_trader").strategy.outcomes[-1].ok == (True,)
        assert stage.figures.price[0] < price


def test_collateral_can_be_topped_up_in_a_halt_but_nobody_else_may_halt(tmp_path):
    with stage_of(tmp_path) as stage:
        stage.tick(2)
        stage.told("noise_trader", lambda view: view.desk.halt(1))
        stage.tick()
        (reason,) = stage.reasons("noise_trader")
        assert reason.startswith("AccessControlUnauthorizedAccount")
        fall(stage)
        stage.tick(3)
        assert stage.figures.halted.tolist() == [True, False]
        stage.told("noise_trader", lambda view: view.desk.post(0, 10.0) + view.desk.unhalt(0))
        stage.tick()
        assert stage.agent("noise_trader").strategy.outcomes[-1].ok == (True, False)
        assert stage.figures.halted[0]
