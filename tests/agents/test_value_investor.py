import pytest

from tests.agents.stage import scenario, staged


def investor(**params):
    holdings = {"cash": 2e5, "holdings": {"*": 5e4}}
    return {"strategy": "value_investor", "count": 1, **holdings, "params": {"period": 1, **params}}


@pytest.mark.parametrize(("worth", "verbs"), [(130.0, ["buy"]), (70.0, ["sell"]), (101.0, [])])
def test_buys_the_cheap_sells_the_dear_leaves_the_fair(tmp_path, worth, verbs):
    utilities = ("profit", "mean_variance", "crra", "drawdown_averse")
    with staged(tmp_path, scenario([investor(utility=utility, slippage=0.3) for utility in utilities])) as stage:
        stage.answers[0] = worth
        stage.tick(2)
        for index in range(4):
            assert stage.wanted("value_investor", index) == verbs
            assert stage.reasons("value_investor", index) == []


def test_the_more_averse_hold_less(tmp_path):
    held = {}
    for aversion in (3.0, 100.0):
        params = {"utility": "crra", "aversion": aversion, "patience": 2_000.0, "impact": 1.0, "slippage": 0.5}
        with staged(tmp_path / str(aversion), scenario([investor(**params)])) as stage:
            stage.answers[0] = 115.0
            stage.tick(30)
            held[aversion] = stage.own("value_investor").units[0]
    assert held[3.0] > held[100.0] + 100.0


def test_capitalises_each_income_at_the_yield_it_first_saw(tmp_path):
    rents = {"volatility": 0.0, "growth": 0.0, "appraisal_noise": 0.0, "vacancy_volatility": 0.0}
    asset = {"process": "real_estate", "value": 100.0, "supply": 100_000, "pool_share": 0.1, "params": rents}
    assets = [{**asset, "name": "OAK"}, {**asset, "name": "ELM"}]
    with staged(tmp_path, scenario([investor(income_weight=0.5)], assets=assets)) as stage:
        stage.tick(25)
        inner = stage.watched("value_investor").inner
        view = stage.watched("value_investor").seen[-1]
        assert inner._yields[0] * 365 == pytest.approx(0.08 * (1 - 0.07 - 0.35), rel=0.02)
        assert inner._worth(view, 0) == pytest.approx(100.0, rel=0.01)
        stage.answers[0] = 50.0  # the appraisal halves, the rent does not
        stage.tick(2)
        assert inner._worth(stage.watched("value_investor").seen[-1], 0) == pytest.approx(75.0, rel=0.01)
