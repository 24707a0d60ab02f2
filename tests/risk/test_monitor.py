"""The rules against markets whose figures are known, and alerts that do not repeat themselves."""

from dataclasses import replace

import numpy as np
import pytest

from terrarium.errors import ScenarioError
from terrarium.risk.monitor.monitor import Monitor
from terrarium.risk.monitor.rules import build, rules
from terrarium.risk.monitor.series import Observation, Series

CALM = Observation(
    block=1,
    price=np.array([100.0, 10.0]),
    appraisal=np.array([100.0, 10.0]),
    appraisal_age=np.array([0.0, np.nan]),
    feed_max_age=100.0,
    pool_cash=np.array([1e6, 1e6]),
    pool_units=np.array([1e4, 1e5]),
    supplied=np.array([1e6, 0.0]),
    borrowed=np.array([6e5, 0.0]),
    collateral=np.array([1e4, 0.0]),
    collateral_price=np.array([100.0, 10.0]),
    lltv=np.array([0.77, 0.77]),
    liquidated=np.zeros(2),
    loan_asset=np.array([0, 0]),
    loan_debt=np.array([4e5, 2e5]),
    loan_collateral=np.array([7e3, 3e3]),
)


def measure(name, *observations, **params):
    series = Series(("TOWER", "WHEAT"))
    for observation in observations:
        series.append(observation)
    return {f.asset: f.value for f in build(name, params).measure(series)}


def test_price_fall():
    fallen = replace(CALM, price=np.array([60.0, 11.0]))
    assert measure("price_fall", CALM, fallen) == pytest.approx({0: 0.4, 1: 0.0})
    assert measure("price_fall", CALM, fallen, fallen, window=2)[0] == 0


def test_leverage():
    assert measure("leverage", CALM) == pytest.approx({0: 1e6 / 4e5})
    assert measure("leverage", replace(CALM, collateral_price=np.array([60.0, 10.0])))[0] == np.inf


def test_collateral_health():
    # health factors: 7e5·.77/4e5 = 1.35 and 3e5·.77/2e5 = 1.155
    assert measure("collateral_health", CALM, health=1.2) == pytest.approx({0: 2e5 / 6e5})
    assert measure("collateral_health", CALM, health=1.1) == {0: 0.0}


def test_liquidation_rate():
    struck = replace(CALM, liquidated=np.array([1.5e5, 0.0]), borrowed=np.array([4.5e5, 0.0]))
    assert measure("liquidation_rate", CALM, struck) == pytest.approx({0: 0.25})
    assert measure("liquidation_rate", CALM) == {}


def test_pool_depth_does_not_mind_swaps():
    swapped = replace(CALM, pool_cash=np.array([2e6, 1e6]), pool_units=np.array([5e3, 1e5]))
    drained = replace(CALM, pool_cash=np.array([5e5, 1e6]), pool_units=np.array([5e3, 1e5]))
    assert measure("pool_depth", CALM, swapped) == pytest.approx({0: 0, 1: 0})
    assert measure("pool_depth", CALM, drained) == pytest.approx({0: 0.5, 1: 0})


def test_feed_staleness_needs_a_round():
    assert measure("feed_staleness", replace(CALM, appraisal_age=np.array([80.0, np.nan]))) == {0: 0.8}


def test_a_lasting_condition_is_one_alert_and_a_worse_one_another():
    monitor = Monitor(("TOWER", "WHEAT"), {"price_fall": build("price_fall", {"warning": 0.1, "critical": 0.3})})

    def at(price, block):
        return monitor.observe(replace(CALM, block=block, price=np.array([price, 10.0])))

    assert at(100, 1) == []
    (alert,) = at(85, 2)
    assert (alert.rule, alert.subject, alert.severity, alert.block) == ("price_fall", "TOWER", 1, 2)
    assert alert.value == pytest.approx(0.15)
    assert alert.threshold == 0.1
    assert alert.evidence == {"price": 85.0, "highest": 100.0}
    assert at(84, 3) == []
    (worse,) = at(60, 4)
    assert worse.severity == 2
    assert worse.threshold == 0.3
    assert at(72, 5) == []
    assert at(69, 6) == []
    assert at(99, 7) == []
    assert len(at(60, 8)) == 1  # it had recovered


@pytest.mark.parametrize("name", rules())
def test_every_rule_stands_a_market_without_loans_or_feeds(name):
    empty = replace(
        CALM,
        appraisal_age=np.full(2, np.nan),
        borrowed=np.zeros(2),
        collateral=np.zeros(2),
        loan_asset=np.zeros(0, np.int64),
        loan_debt=np.zeros(0),
        loan_collateral=np.zeros(0),
    )
    assert all(np.isfinite(value) for value in measure(name, empty).values())


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("nope", {}, "no such rule; there are collateral_health"),
        ("leverage", {"limit": 2}, "no such parameter; there are warning, critical"),
        ("leverage", {"warning": 9}, "must be above 0 and not above critical"),
        ("price_fall", {"window": 0}, "window"),
    ],
)
def test_wrong_settings_are_named(name, params, says):
    with pytest.raises(ScenarioError, match=says):
        build(name, params)
