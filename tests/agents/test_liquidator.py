from types import SimpleNamespace

import numpy as np
import pytest

from terrarium.chain import artifacts
from terrarium.chain.types import Call
from tests.agents.stage import scenario, staged

WAD = 10**18
LLTV, INCENTIVE, FEE = 0.77, 1.0 / (1.0 - 0.3 * (1.0 - 0.77)), 0.003
LENT = {"strategy": "value_investor", "count": 1, "cash": 1e7}
BORROWER = {"strategy": "noise_trader", "cash": 1e6, "holdings": {"*": 2e6}}
RATES = {"rate_base": 0.02, "rate_kink": 0.10, "rate_max": 1.0}


def stage_of(folder, *, borrowers=1, keepers=1, cash=1e6, market=RATES, pool_share=0.01, rich=False, **params):
    keeper = {"strategy": "liquidator", "count": keepers, "cash": cash, "params": params}
    settings = scenario([{**BORROWER, "count": borrowers}, LENT, keeper], market=market)
    assets = tuple(a.model_copy(update={"pool_share": pool_share}) for a in settings.assets)
    return staged(folder, settings.model_copy(update={"assets": assets}), "noise_trader", "value_investor")


def owe(stage, debt, units=1_000.0, index=0):
    """A borrower posts tokens (worth 100 dollars each) and borrows."""
    stage.told("noise_trader", lambda view: view.desk.post(0, units) + view.desk.borrow(0, debt), index)


def lend(stage, cash=5e6):
    stage.told("value_investor", lambda view: view.desk.lend(0, cash))
    stage.tick()


def seizures(stage, tick):
    """The Liquidate events of a block, in smallest units."""
    columns = artifacts.load("Morpho").event("Liquidate").decode(tick.block.logs)
    names = ("seizedAssets", "repaidAssets", "repaidShares", "badDebtAssets", "badDebtShares")
    return [SimpleNamespace(**{n: int(columns[n][i]) for n in names}) for i in range(len(columns["tx"]))]


def up(a, b, c):
    return -(-a * b // c)


@pytest.mark.parametrize(("worth", "touched"), [(100.01, False), (100.0, False), (99.7, True)])
def test_touches_unhealthy_loans_only(tmp_path, worth, touched):
    with stage_of(tmp_path, market={"rate_base": 0.0, "rate_kink": 0.0, "rate_max": 0.0}) as stage:
        lend(stage)
        owe(stage, 76_900.0)  # 76.9 % of the value; 77 % is the line
        stage.tick()
        stage.answers[0] = worth
        stage.tick(3)
        assert (stage.sim.state.liquidations > 0) == touched
        assert bool(stage.own("noise_trader").collateral[0] < 1_000.0) == touched
        assert stage.reasons("liquidator") == []


def test_interest_alone_makes_a_loan_ripe(tmp_path):
    with stage_of(tmp_path) as stage:
        lend(stage, 1e5)
        owe(stage, 76_500.0)
        stage.tick(3)
        assert stage.sim.state.liquidations == 0
        ripe = 76_500.0 * np.exp(float(stage.figures.loan_rate[0]) * np.arange(60) / 365) > 77_000.0
        assert 10 < ripe.argmax() < 40
        stage.tick(int(ripe.argmax()) - 4)
        assert stage.sim.state.liquidations == 0
        stage.tick(5)
        assert stage.sim.state.liquidations == 1


def test_seizes_and_repays_what_morphos_formula_says(tmp_path):
    with stage_of(tmp_path, pool_share=0.1) as stage:
        lend(stage)
        owe(stage, 76_000.0)
        stage.tick()
        stage.answers[0] = 97.3
        stage.tick()
        before = stage.sim.state.loans[0]
        assets, shares, borrowed = before.borrow_assets, before.borrow_shares, dict(before.borrowed)
        answer = int(stage.sim.state.answer[0])
        tick = stage.tick()
        (event,) = seizures(stage, tick)
        # Morpho.sol: price of a smallest unit scaled by 1e36; SharesMathLib's virtual asset and million shares
        price = answer * 10**28
        factor = min(115 * WAD // 100, WAD * WAD // (WAD - 3 * WAD // 10 * (WAD - 77 * WAD // 100) // WAD))
        accrued = artifacts.load("Morpho").event("AccrueInterest").decode(tick.block.logs)["interest"]
        total = assets + sum(int(x) for x in accrued)
        quoted = up(event.seizedAssets, price, 10**36)
        repaid_shares = up(up(quoted, WAD, factor), shares + 10**6, total + 1)
        assert event.repaidShares == repaid_shares
        assert event.repaidAssets == up(repaid_shares, total + 1, shares + 10**6)
        assert event.badDebtAssets == 0
        left = stage.sim.state.loans[0]
        borrower = stage.agent("noise_trader").id
        assert left.borrowed.get(borrower, 0) == borrowed[borrower] - repaid_shares
        assert left.borrow_assets == total - event.repaidAssets
        # the whole loan but the hair that it leaves, and the incentive on top
        assert event.repaidAssets / 1e6 == pytest.approx(76_000.0, rel=3e-3)
        assert event.seizedAssets * 97.3 / event.repaidAssets == pytest.approx(INCENTIVE, rel=1e-6)


def test_what_the_collateral_does_not_cover_falls_on_the_lenders(tmp_path):
    with stage_of(tmp_path, pool_share=0.2, profit=0.0) as stage:
        lend(stage)
        owe(stage, 76_000.0)
        stage.tick()
        lent = float(stage.own("value_investor").supplied[0])
        stage.answers[0] = 60.0
        stage.told("noise_trader", lambda view: view.desk.sell(0, 200.0))
        stage.tick()
        tick = stage.tick()
        (event,) = seizures(stage, tick)
        assert event.seizedAssets == 1_000 * 10**6  # all of it
        covered = 1_000.0 * 60.0 / INCENTIVE
        assert event.repaidAssets / 1e6 == pytest.approx(covered, rel=1e-6)
        assert event.badDebtAssets / 1e6 == pytest.approx(76_000.0 - covered, rel=1e-3)
        assert float(stage.figures.bad_debt[0]) == pytest.approx(event.badDebtAssets / 1e6, abs=1e-6)
        assert float(stage.own("value_investor").supplied[0]) == pytest.approx(
            lent - event.badDebtAssets / 1e6, rel=1e-4
        )
        own = stage.own("noise_trader")
        assert own.debt[0] == own.collateral[0] == 0.0  # the borrower walks away with what it borrowed


def test_earns_after_the_pool_has_moved_and_seizes_as_much_as_pays(tmp_path):
    """In a thin pool it stops where one more token would bring no more than it costs and the profit it wants."""
    with stage_of(tmp_path, profit=0.01) as stage:
        lend(stage)
        owe(stage, 76_900.0 * 2, units=2_000.0)
        stage.tick()
        stage.answers[0] = 99.0
        stage.tick()
        cash, units = float(stage.figures.pool_cash[0]), float(stage.figures.pool_units[0])
        before = float(stage.own("liquidator").cash)
        (event,) = seizures(stage, stage.tick())
        seized, repaid = event.seizedAssets / 1e6, event.repaidAssets / 1e6
        own = stage.own("liquidator")
        gain = float(own.cash) - before
        assert float(own.units[0]) == 0.0  # sold within the block
        assert seized < 0.5 * 2_000.0
        assert gain == pytest.approx(cash * seized * (1 - FEE) / (units + seized * (1 - FEE)) - repaid, abs=0.01)
        assert gain > 0.01 * repaid

        owed = 99.0 / INCENTIVE
        k = np.linspace(0.0, 2_000.0, 20_001)
        gains = cash * k * (1 - FEE) / (units + k * (1 - FEE)) - k * owed * 1.01
        assert seized == pytest.approx(k[gains.argmax()], abs=0.11)

        stage.tick(4)  # there is nothing left in it at this price, so it waits
        assert stage.sim.state.liquidations == 1


def test_leaves_alone_what_would_not_pay(tmp_path):
    with stage_of(tmp_path) as stage:
        lend(stage)
        owe(stage, 76_900.0)
        stage.tick()
        stage.answers[0] = 99.0
        stage.told(
            "noise_trader", lambda view: view.desk.sell(0, 1_000.0)
        )  # the pool pays 17 % less than the oracle says
        stage.tick(5)
        assert stage.sim.state.liquidations == 0
        assert not any(stage.watched("liquidator").calls)


def test_spends_no_more_cash_than_it_has(tmp_path):
    with stage_of(tmp_path, cash=5_000.0, pool_share=0.2) as stage:
        lend(stage)
        owe(stage, 76_900.0)
        stage.tick()
        stage.answers[0] = 95.0
        stage.tick()
        (event,) = seizures(stage, stage.tick())
        assert event.repaidAssets / 1e6 == pytest.approx(5_000.0, rel=1e-4)
        assert float(stage.own("liquidator").cash) > 5_100.0
        stage.tick(3)
        assert stage.sim.state.liquidations > 2  # it turns its cash over
        assert stage.reasons("liquidator") == []


def test_takes_the_worst_first_and_so_many_in_a_tick(tmp_path):
    with stage_of(tmp_path, borrowers=4, most=2, pool_share=0.5) as stage:
        lend(stage)
        for index, debt in enumerate((72_000.0, 76_000.0, 60_000.0, 74_000.0)):
            owe(stage, debt, index=index)
        stage.tick()
        stage.answers[0] = 90.0  # at 80, 84, 67 and 82 % of their value now
        stage.tick()
        assert len(seizures(stage, stage.tick())) == 2
        debts = [float(stage.own("noise_trader", i).debt[0]) for i in range(4)]
        assert debts[1] < 100.0
        assert debts[3] < 100.0
        assert debts[0] > 72_000.0
        stage.tick(3)
        debts = [float(stage.own("noise_trader", i).debt[0]) for i in range(4)]
        assert debts[0] < 100.0
        assert debts[2] > 60_000.0  # sound


def test_the_faster_of_two_gets_it_and_neither_loses(tmp_path):
    with stage_of(tmp_path, keepers=2, pool_share=0.2) as stage:
        lend(stage)
        owe(stage, 76_900.0)
        stage.tick()
        stage.answers[0] = 95.0
        stage.tick(2)
        assert stage.sim.state.liquidations == 1
        gains = [float(stage.own("liquidator", i).cash) - 1e6 for i in (0, 1)]
        assert min(gains) == 0.0
        assert max(gains) > 2_000.0
        loser = gains.index(0.0)
        assert len(stage.reasons("liquidator", loser)) == 2  # the loan was gone, so there was nothing to sell


def test_sells_what_an_earlier_sale_left_over(tmp_path):
    with stage_of(tmp_path) as stage:
        lend(stage)
        keeper = stage.sim.addresses[stage.agent("liquidator").id]
        stage.told("noise_trader", lambda view: _gift(stage, keeper))
        stage.tick(2)
        assert stage.wanted("liquidator") == ["sell"]
        assert float(stage.own("liquidator").units[0]) == 0.0


def _gift(stage, to):
    """A transfer of five tokens that no strategy would make: the desk has none."""
    return [Call(stage.sim.economy.assets[0].token, artifacts.load("Token").fn("transfer")(to, 5 * 10**6), "gift")]


def test_a_crumb_of_collateral_under_a_large_debt_does_not_stand_in_the_way(tmp_path):
    with stage_of(tmp_path, borrowers=2, pool_share=0.2, profit=0.0, most=1, period=20) as stage:
        lend(stage)
        owe(stage, 76_000.0, index=0)
        owe(stage, 70_000.0, index=1)
        stage.tick()
        first, second = (stage.agent("noise_trader", i).id for i in (0, 1))
        stage.answers[0] = 60.0
        stage.tick()
        # another keeper takes all of the first one's tokens but the last smallest unit, before ours looks
        stage.told("value_investor", lambda view: view.desk.liquidate(0, first, 1_000.0 - 1e-6))
        stage.tick()
        loans = stage.sim.state.loans[0]
        assert (loans.posted[first], loans.posted[second]) == (1, 1_000 * 10**6)
        stage.tick(20)
        assert loans.borrowed[first] > 0
        assert loans.posted.get(second, 0) < 1_000 * 10**6
