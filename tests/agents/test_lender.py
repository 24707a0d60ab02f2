import pytest

from tests.agents.stage import scenario, staged

CASH = 1e6
RATES = {"rate_base": 0.02, "rate_kink": 0.10, "rate_max": 1.0, "kink": 0.9}
HAND = {"strategy": "noise_trader", "count": 1, "cash": 5e6, "holdings": {"*": 2e7}}  # borrows
BANK = {"strategy": "value_investor", "count": 1, "cash": 2e6}  # lends as it is told


def stage_of(folder, sees=("OAK", "ELM"), **params):
    budget = {"assets": sees}
    lender = {"strategy": "lender", "count": 1, "cash": CASH, "params": {"period": 1, **params}, "budget": budget}
    return staged(folder, scenario([lender, HAND, BANK], market=RATES), "noise_trader", "value_investor")


def borrow(stage, asset, cash, per_dollar=0.02):
    """The hand posts two dollars' worth a dollar and borrows; whoever lends must have done so."""
    stage.told("noise_trader", lambda view: view.desk.post(asset, cash * per_dollar) + view.desk.borrow(asset, cash))


def rate(use):
    """Per year, as contracts/lending/KinkedRate.sol has it."""
    return 0.02 + 0.08 * use / 0.9 if use <= 0.9 else 0.10 + 0.90 * (use - 0.9) / 0.1


def verbs(stage, since=0):
    return [call.verb for calls in stage.watched("lender").calls[since:] for call in calls]


def test_lends_its_share_and_spreads_it_over_markets_that_pay_alike(tmp_path):
    with stage_of(tmp_path, share=0.7, hope=0.0) as stage:
        stage.agent("lender").strategy.inner.period = 9_999  # asleep while the market is made
        stage.told("value_investor", lambda view: view.desk.lend(0, 5e5) + view.desk.lend(1, 5e5))
        stage.tick()
        for asset in (0, 1):
            borrow(stage, asset, 4e5)
        stage.tick(2)
        stage.agent("lender").strategy.inner.period = 1
        stage.tick(4)
        own = stage.own("lender")
        assert own.supplied.sum() == pytest.approx(0.7 * CASH, rel=1e-3)
        assert own.cash == pytest.approx(0.3 * CASH, rel=1e-3)
        assert own.supplied.min() > 0.2 * CASH
        assert stage.reasons("lender") == []


def test_lends_where_it_pays_best_and_not_below_its_price(tmp_path):
    for least, expected in ((0.0, {"lend"}), (0.5, set())):
        with stage_of(tmp_path / str(least), least=least, hope=0.0, share=0.1) as stage:
            stage.told("value_investor", lambda view: view.desk.lend(0, 1e6) + view.desk.lend(1, 1e6))
            stage.agent("lender").strategy.inner.period = 9_999
            stage.tick()
            borrow(stage, 1, 8e5)
            stage.tick()
            stage.agent("lender").strategy.inner.period = 1
            stage.tick(2)
            assert set(verbs(stage)) == expected
            own = stage.own("lender")
            assert own.supplied[0] == 0.0
            assert (own.supplied[1] > 0.09 * CASH) == bool(expected)


def test_earns_what_borrowers_pay(tmp_path):
    with stage_of(tmp_path, period=9_999) as stage:
        stage.agent("lender").strategy.inner.period = 1
        stage.tick(2)
        stage.agent("lender").strategy.inner.period = 9_999
        lent = stage.own("lender").supplied.copy()
        borrow(stage, 0, 0.5 * lent[0])
        stage.tick()
        start = stage.now
        stage.tick(73)  # a fifth of a year
        years = (stage.now - start) / (365 * 86_400)
        assert years == pytest.approx(0.2)
        # interest of a market is booked when it is touched, so the rate is that of the start
        interest = 0.5 * lent[0] * (2.718281828459045 ** (rate(0.5) * years) - 1.0)
        own = stage.own("lender")
        assert own.supplied[0] - lent[0] == pytest.approx(interest, rel=1e-4)
        assert own.supplied[1] == pytest.approx(lent[1])
        assert float(stage.figures.loan_rate[0]) == pytest.approx(rate(0.5), rel=1e-6)


def test_moves_to_a_market_that_pays_more(tmp_path):
    with stage_of(tmp_path, hope=0.0, share=0.8) as stage:
        stage.tick(3)
        before = stage.own("lender").supplied.copy()
        stage.told("value_investor", lambda view: view.desk.lend(1, 1e6))
        stage.tick()
        borrow(stage, 1, 8.5e5)
        stage.tick(12)
        own = stage.own("lender")
        assert own.supplied[0] < 0.5 * before[0]
        assert own.supplied[1] > before[1] + 0.4 * before[0]
        assert stage.reasons("lender") == []


def test_runs_from_a_drained_market_but_never_asks_for_more_than_there_is(tmp_path):
    with stage_of(tmp_path, ["OAK"], drained=0.9, calm=1_000) as stage:
        stage.tick(3)
        lent = float(stage.own("lender").supplied[0])
        borrow(stage, 0, 0.95 * lent)
        stage.tick()
        since = len(stage.watched("lender").calls)
        for _ in range(15):
            there = float(stage.figures.supplied[0] - stage.figures.borrowed[0])
            held = float(stage.own("lender").supplied[0])
            stage.tick()
            taken = held - float(stage.own("lender").supplied[0])
            assert -lent * 5e-3 < taken <= there
        assert set(verbs(stage, since)) == {"unlend"}
        assert stage.reasons("lender") == []  # not one that the market could not pay
        # what is left is out on loan: it is stuck with it
        assert float(stage.own("lender").supplied[0]) == pytest.approx(float(stage.figures.borrowed[0]), rel=0.01)
        assert float(stage.figures.loan_use[0]) > 0.98
        stage.told("noise_trader", lambda view: view.desk.repay(0, 2 * lent))
        stage.tick(60)  # once borrowers repay it gets all, with interest
        assert float(stage.own("lender").supplied[0]) < 1e-3 * lent
        assert float(stage.own("lender").cash) > CASH


def test_the_chain_pays_nobody_more_than_there_is(tmp_path):
    with stage_of(tmp_path) as stage:
        stage.agent("lender").strategy.inner.period = 9_999
        stage.told("value_investor", lambda view: view.desk.lend(0, 1e6))
        stage.tick()
        borrow(stage, 0, 9e5)
        stage.tick()
        stage.told("value_investor", lambda view: view.desk.unlend(0, 1.1e5))
        stage.tick()
        assert stage.reasons("value_investor") == ["Error: insufficient liquidity"]
        stage.told("value_investor", lambda view: view.desk.unlend(0, 0.99e5))
        stage.tick()
        assert len(stage.reasons("value_investor")) == 1
        assert float(stage.own("value_investor").supplied[0]) > 9e5


def test_runs_when_the_collateral_falls_and_comes_back_when_it_is_calm(tmp_path):
    with stage_of(tmp_path, ["OAK"], fear=0.2, calm=8) as stage:
        stage.tick(3)
        lent = stage.own("lender").supplied.copy()
        stage.told("noise_trader", lambda view: view.desk.sell(0, 1_000.0))  # by 17 %
        stage.tick(3)
        assert "unlend" not in verbs(stage)
        stage.told("noise_trader", lambda view: view.desk.sell(0, 600.0))
        stage.tick(2)
        own = stage.own("lender")
        assert own.supplied[0] < 0.8 * lent[0]
        stage.tick(6)
        assert float(stage.own("lender").supplied[0]) < 0.3 * lent[0]
        stage.told("noise_trader", lambda view: view.desk.buy(0, 1.6e5))  # it recovers
        stage.tick(20)
        assert float(stage.own("lender").supplied[0]) > 0.5 * lent[0]
        assert stage.reasons("lender") == []


def test_runs_when_bad_debt_has_cost_it_money(tmp_path):
    with stage_of(tmp_path, ["OAK"], fear=0.9, calm=1_000, drained=1.0) as stage:
        stage.tick(3)
        lent = float(stage.own("lender").supplied[0])
        borrow(stage, 0, 0.6 * lent, per_dollar=1 / 70)  # at 70 % of its value
        stage.tick()
        stage.answers[0] = 40.0
        stage.tick(2)
        borrower = stage.agent("noise_trader").id
        units = float(stage.own("noise_trader").collateral[0])
        stage.told("value_investor", lambda view: view.desk.liquidate(0, borrower, units))
        since = len(stage.watched("lender").calls)
        stage.tick()
        lost = float(stage.figures.bad_debt[0])
        assert lost > 0.2 * lent
        assert float(stage.own("lender").supplied[0]) == pytest.approx(lent - lost, rel=1e-3)  # it was the only one
        stage.tick(30)
        assert set(verbs(stage, since)) == {"unlend"}
        assert float(stage.own("lender").supplied[0]) < 0.01 * lent
        assert stage.reasons("lender") == []
