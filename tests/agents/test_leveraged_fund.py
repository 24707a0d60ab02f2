import pytest
from terrarium.agents.leveraged_fund import LeveragedFund

from terrarium.chain import artifacts
from terrarium.chain.types import Call
from tests.agents.stage import scenario, staged

BUFFER = 0.06
DUST = {"Error: UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT"}  # what is missing to the target buys less than a token's unit
HAND = {"strategy": "noise_trader", "count": 1, "cash": 5e7, "holdings": {"*": 5e6}}
BANK = {"strategy": "lender", "count": 1, "cash": 5e7}


def fund(holdings=None, cash=1e5, **params):
    holdings = {"OAK": 2e5} if holdings is None else holdings
    settings = {"leverage": 2.0, "limit": 2.6, "buffer": BUFFER, "period": 1, "premium": 0.5, **params}
    return {"strategy": "leveraged_fund", "count": 1, "cash": cash, "holdings": holdings, "params": settings}


def market(group, **asset):
    """Deep pools (10 million dollars), so that the fund's own trades move little."""
    settings = scenario([group, HAND, BANK], market={"rate_base": 0.0, "rate_kink": 0.0, "rate_max": 0.0})
    assets = tuple(a.model_copy(update={"pool_share": 0.1, **asset}) for a in settings.assets)
    return settings.model_copy(update={"assets": assets})


def open_for_loans(stage, cash=2e7):
    """The feed's first round, then a bank with money in both loan markets."""
    stage.told("lender", lambda view: view.desk.lend(0, cash) + view.desk.lend(1, cash))
    stage.tick()


def book(stage):
    """Assets at the lower of market and appraisal, and debt, in dollars."""
    own, figures = stage.own("leveraged_fund"), stage.figures
    mark = [min(p, a) for p, a in zip(figures.price, figures.appraisal, strict=True)]
    return float(((own.units + own.collateral) * mark).sum()), float(own.debt.sum())


def leverage(stage):
    assets, debt = book(stage)
    return assets / (assets + stage.own("leveraged_fund").cash - debt)


def loan_to_value(stage, asset=0):
    own, figures = stage.own("leveraged_fund"), stage.figures
    value = own.collateral[asset] * figures.collateral_price[asset]
    return own.debt[asset] / value if value else 0.0


def test_reaches_its_target_and_stays_there(tmp_path):
    with staged(tmp_path, market(fund()), "noise_trader", "lender") as stage:
        open_for_loans(stage)
        reached = []
        for _ in range(60):
            stage.tick()
            reached.append(leverage(stage))
            assert loan_to_value(stage) < 0.77
        assert reached[0] < 1.3
        assert max(reached) < 2.02
        assert reached[-30:] == pytest.approx([2.0] * 30, rel=0.02)
        own = stage.own("leveraged_fund")
        assert own.collateral[0] > 5_000.0  # of which it had 2,000
        assert own.debt[0] > 2e5
        assert own.collateral[1] == own.units[1] == 0.0  # it sticks to what it had
        assert set(stage.reasons("leveraged_fund")) <= DUST


@pytest.mark.parametrize("lltv", [0.5, 0.77])
def test_never_borrows_past_its_distance_from_the_liquidation_line(tmp_path, lltv):
    with staged(
        tmp_path, market(fund(cash=0.0, leverage=20.0, limit=50.0, step=1.0), lltv=lltv), "noise_trader", "lender"
    ) as stage:
        open_for_loans(stage)
        for _ in range(40):
            stage.tick()
            assert loan_to_value(stage) <= lltv * (1.0 - BUFFER) + 1e-9
        # as far as the loan carries: at loan-to-value m assets come to 1 / (1 − m) of equity
        assert loan_to_value(stage) == pytest.approx(lltv * (1.0 - BUFFER), rel=0.02)
        assert set(stage.reasons("leveraged_fund")) <= DUST


def test_deleverages_when_its_collateral_falls(tmp_path):
    with staged(tmp_path, market(fund()), "noise_trader", "lender") as stage:
        open_for_loans(stage)
        stage.tick(40)
        before = stage.own("leveraged_fund")
        stage.answers[0] = 75.0
        stage.told("noise_trader", lambda view: view.desk.sell(0, 15_400.0))  # the pool falls by a quarter too
        stage.tick()
        assert leverage(stage) > 2.6
        stage.tick()
        wanted = stage.wanted("leveraged_fund")
        assert wanted == ["repay", *["release", "sell", "repay"] * 3]  # cash first; a repayment frees the next lot
        own = stage.own("leveraged_fund")
        assert leverage(stage) < 2.6
        assert own.debt[0] < 0.7 * before.debt[0]
        assert own.collateral[0] + own.units[0] < 0.8 * before.collateral[0]
        assert stage.reasons("leveraged_fund") == []


def test_leaves_a_fall_alone_that_keeps_it_below_its_limit(tmp_path):
    with staged(tmp_path, market(fund()), "noise_trader", "lender") as stage:
        open_for_loans(stage)
        stage.tick(40)
        stage.answers[0] = 93.0
        stage.tick(10)
        assert 2.0 < leverage(stage) < 2.6
        verbs = {call.verb for calls in stage.watched("leveraged_fund").calls[-8:] for call in calls}
        assert not verbs & {"release", "sell", "borrow"}


def test_a_loan_near_its_line_is_mended_whatever_the_leverage(tmp_path):
    with staged(
        tmp_path, market(fund(cash=0.0, leverage=20.0, limit=50.0, step=1.0)), "noise_trader", "lender"
    ) as stage:
        open_for_loans(stage)
        stage.tick(40)
        stage.answers[0] = 96.5  # 0.77 · 0.94 / 0.965 = 0.75: past half of the buffer, short of the line
        stage.tick(2)
        assert stage.wanted("leveraged_fund")[:4] == ["repay", "release", "sell", "repay"]
        assert leverage(stage) < 50.0
        stage.tick()
        assert loan_to_value(stage) < 0.77 * (1.0 - BUFFER / 2.0)
        assert stage.reasons("leveraged_fund") == []


def test_losses_on_one_asset_make_it_sell_another(tmp_path):
    with staged(tmp_path, market(fund({"OAK": 2e5, "ELM": 2e5})), "noise_trader", "lender") as stage:
        open_for_loans(stage)
        stage.tick(40)
        elm = stage.own("leveraged_fund").collateral[1]
        stage.answers[0] = 60.0
        stage.told("noise_trader", lambda view: view.desk.sell(0, 29_200.0))
        price = stage.figures.price[1]
        stage.tick(3)
        # every asset held on credit is sold in the same proportion, so a sound one pays for an ailing one
        assert stage.own("leveraged_fund").collateral[1] < 0.9 * elm
        assert stage.figures.price[1] < price


def test_pays_with_cash_before_it_sells(tmp_path):
    with staged(tmp_path, market(fund(step=0.2)), "noise_trader", "lender") as stage:
        open_for_loans(stage)
        stage.tick(40)
        debt = stage.own("leveraged_fund").debt[0]
        stage.told("noise_trader", lambda view: _gift(stage, 2e4))
        stage.answers[0] = 75.0
        stage.tick(2)
        calls = stage.watched("leveraged_fund").calls[-1]
        assert calls[0].verb == "repay"
        assert stage.own("leveraged_fund").debt[0] < debt - 1.9e4


def _gift(stage, dollars):
    to = stage.sim.addresses[stage.agent("leveraged_fund").id]
    data = artifacts.load("Cash").fn("transfer")(to, int(dollars * 1e6))
    return [Call(stage.sim.economy.cash, data, "gift")]


def test_a_halt_keeps_it_from_selling_but_not_from_repaying(tmp_path):
    settings = market(fund(cash=3e5, leverage=2.5, limit=2.6, step=1.0))
    guardian = settings.agents[0].model_copy(update={"strategy": "guardian"})
    settings = settings.model_copy(update={"agents": (*settings.agents, guardian)})
    with staged(tmp_path, settings, "noise_trader", "lender", "guardian") as stage:
        open_for_loans(stage)
        stage.tick(40)
        stage.told("guardian", lambda view: view.desk.halt(0))
        stage.tick()
        stage.answers[0] = 80.0
        stage.told("noise_trader", lambda view: _gift(stage, 2e4))
        stage.tick(2)
        assert stage.wanted("leveraged_fund") == ["repay"]
        stage.told("guardian", lambda view: view.desk.unhalt(0))
        stage.tick(2)
        assert "sell" in stage.wanted("leveraged_fund")
        assert stage.reasons("leveraged_fund") == []


def test_sells_a_long_book_within_what_a_block_takes(tmp_path):
    settings = market(fund({"*": 1e5}, leverage=2.5, limit=2.6, step=1.0, rounds=10))
    assets = tuple(settings.assets[0].model_copy(update={"name": f"OAK{i}"}) for i in range(8))
    with staged(tmp_path, settings.model_copy(update={"assets": assets}), "noise_trader", "lender") as stage:
        stage.told("lender", lambda view: [call for a in range(8) for call in view.desk.lend(a, 1e6)])
        stage.tick(15)
        stage.answers[:] = [80.0] * 8
        stage.tick(2)
        assert 40 < len(stage.wanted("leveraged_fund")) <= 64
        stage.tick(6)
        assert leverage(stage) < 2.6


def test_sells_all_it_can_when_it_is_worth_nothing_any_more(tmp_path):
    with staged(tmp_path, market(fund(leverage=3.0, limit=3.4)), "noise_trader", "lender") as stage:
        open_for_loans(stage)
        stage.tick(60)
        stage.answers[0] = 50.0
        stage.told("noise_trader", lambda view: view.desk.sell(0, 41_500.0))
        debt = stage.own("leveraged_fund").debt[0]
        stage.tick(12)
        assets, left = book(stage)
        assert assets < left  # it is under water and nobody has liquidated it
        assert left <= debt  # … and it has not borrowed more
        assert "buy" not in {call.verb for calls in stage.watched("leveraged_fund").calls[-10:] for call in calls}


def test_without_lenders_it_spends_its_own_money_and_no_more(tmp_path):
    with staged(tmp_path, market(fund()), "noise_trader", "lender") as stage:
        stage.tick(40)
        own = stage.own("leveraged_fund")
        assert own.debt.sum() == 0.0
        assert leverage(stage) == pytest.approx(1.0, abs=0.05)
        assert stage.reasons("leveraged_fund") == []


def test_buys_no_more_where_the_price_is_far_above_the_appraisal(tmp_path):
    with staged(tmp_path, market(fund(premium=0.05)), "noise_trader", "lender") as stage:
        open_for_loans(stage)
        stage.told("noise_trader", lambda view: view.desk.buy(0, 6e5))  # the pool rises by some 12 %
        stage.tick(8)
        verbs = {call.verb for calls in stage.watched("leveraged_fund").calls[2:] for call in calls}
        assert not verbs & {"buy", "borrow"}


def test_a_limit_below_the_target_is_refused():
    with pytest.raises(ValueError, match=r"limit \(2.0\) must not be below leverage \(3.0\)"):
        LeveragedFund(leverage=3.0, limit=2.0)
