"""What agents see: as late, as noisy and as much as their budgets say, and not to be written on."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from terrarium.chain import artifacts
from terrarium.chain.types import Call
from tests.sim.market import HAND, RICH, opened, scenario

TICKS = 14
FIELDS = {
    "price": "price",
    "appraisal": "appraisal",
    "pool_cash": "pool_cash",
    "pool_units": "pool_units",
    "halted": "halted",
    "loan_rate": "loan_rate",
    "loan_use": "loan_use",
    "collateral_price": "collateral_price",
}
HISTORIES = {"prices": "price", "appraisals": "appraisal", "incomes": "income", "volumes": "volume"}
CLEAR, LATE, NOISY, BLIND, SHARP = range(1, 6)  # HAND is 0


def viewer(**budget):
    return {"strategy": "noise_trader", "count": 1, **RICH, "budget": {"memory": 4, **budget}}


def restless(view):
    asset = view.tick // 2 % 2
    trade = view.desk.buy(asset, 21_000.0) if view.tick % 2 else view.desk.sell(asset, 200.0)
    return trade + view.desk.post(0, 10.0) + view.desk.borrow(0, 50.0)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A restless market of two assets, seen by five pairs of eyes."""
    eyes = [
        viewer(),
        viewer(delay=3),
        viewer(noise=0.05),
        viewer(assets=["OAK"]),
        viewer(noise=0.05, delay=2, memory=1),
    ]
    rules = [{"rule": "price_fall", "params": {"warning": 0.001, "critical": 0.9}}]
    settings = scenario([HAND, *eyes], monitor=rules, ticks=TICKS)
    with opened(tmp_path_factory.mktemp("seen"), settings) as market:
        for tick in range(TICKS):
            market.answers[:] = [100.0 + tick, 90.0 - tick]
            assert market.tick(_0=restless).benched == []
        yield market


@pytest.mark.parametrize(("eye", "delay"), [(CLEAR, 0), (LATE, 3)])
def test_figures_are_those_of_so_many_ticks_ago(seen, eye, delay):
    for view in seen[eye].views[delay:]:
        figures, _ = seen.truth[view.tick - delay]
        for name, truth in FIELDS.items():
            assert np.array_equal(getattr(view, name), getattr(figures, truth)), name
        now = seen.sim.started + (view.tick - delay + 1) * 86_400
        assert np.array_equal(view.appraisal_age, now - figures.appraised_at)
        assert view.loan_cash == pytest.approx(figures.supplied - figures.borrowed)


@pytest.mark.parametrize(("eye", "delay"), [(CLEAR, 0), (LATE, 3)])
def test_memory_is_a_window(seen, eye, delay):
    for view in seen[eye].views:
        for name, truth in HISTORIES.items():
            window = getattr(view, name)
            assert window.shape == (4, 2)
            for back, row in enumerate(window[::-1]):
                at = view.tick - delay - back
                expected = getattr(seen.truth[at][0], truth) if at >= 0 else np.full(2, np.nan)
                assert np.array_equal(row, expected, equal_nan=True)


def test_what_is_hidden_is_not_there(seen):
    for view in seen[BLIND].views:
        assert view.assets == (0,)
        for name in (*FIELDS, *HISTORIES, "appraisal_age", "loan_cash"):
            if name != "halted":
                assert np.isnan(np.asarray(getattr(view, name))[..., 1]).all(), name
        assert not view.halted[1]
        assert not any(alert.asset == 1 for alert in view.alerts)
    assert any(alert.asset == 1 for view in seen[CLEAR].views for alert in view.alerts)


def test_alerts_are_remembered_as_long_as_prices(seen):
    posted = {alert for view in seen[CLEAR].views for alert in view.alerts}
    assert len({alert.tick for alert in posted}) > 1
    for eye, delay in ((CLEAR, 0), (LATE, 3)):
        for view in seen[eye].views:
            assert set(view.alerts) == {a for a in posted if view.tick - delay - 4 < a.tick <= view.tick - delay}


def test_nothing_can_be_written(seen):
    view = seen[CLEAR].views[-1]
    for name in HISTORIES:
        with pytest.raises(ValueError, match="read-only"):
            getattr(view, name)[-1, 0] = 1.0
    for name in ("tick", "agent", "cash", "price", "readings", "desk"):
        with pytest.raises(AttributeError):
            setattr(view, name, 1)
    assert isinstance(view.units, tuple)


def test_own_holdings_are_exact_whatever_the_budget(seen):
    for eye in (0, LATE, NOISY, BLIND):
        agent = seen.agents[eye]
        for view in seen[eye].views:
            holdings = seen.truth[view.tick][1]
            for name in holdings._fields:
                assert np.array_equal(getattr(view, name), getattr(holdings, name)[agent.id]), name


def test_noise_is_the_agents_own_and_as_large_as_said(seen):
    errors = []
    for view in seen[NOISY].views:
        figures, _ = seen.truth[view.tick]
        errors.append(np.log(np.concatenate([view.price / figures.price, view.appraisal / figures.appraisal])))
    errors = np.array(errors)
    assert np.std(errors) == pytest.approx(0.05, rel=0.3)  # 56 draws: two standard errors and a half
    assert abs(np.mean(errors)) < 3 * 0.05 / errors.size**0.5
    # pools and oracles do not give away what prices and appraisals hide
    view = seen[NOISY].views[-1]
    assert np.divide(view.pool_cash, view.pool_units) == pytest.approx(view.price)
    assert view.collateral_price == pytest.approx(view.appraisal)


def test_a_noisy_price_is_remembered_as_it_was_seen(seen):
    views = seen[NOISY].views
    for before, after in pairwise(views):
        assert np.array_equal(before.prices[1:], after.prices[:-1], equal_nan=True)
        assert np.array_equal(before.appraisals[1:], after.appraisals[:-1], equal_nan=True)
    for view in seen[SHARP].views[2:]:
        assert view.price == pytest.approx(seen.truth[view.tick - 2][0].price, rel=0.3)
        assert (np.array(view.price) != seen.truth[view.tick - 2][0].price).all()


def test_quotes_are_what_the_router_pays(tmp_path):
    amounts = artifacts.load("UniswapV2Router02").fn("getAmountsOut")
    with opened(tmp_path, scenario([HAND])) as market:
        market.tick(_0=lambda view: view.desk.buy(0, 123_456.789))
        economy = market.sim.economy
        paths = [[economy.cash, economy.assets[0].token], [economy.assets[0].token, economy.cash]]
        for paid in (0.01, 1.0, 54_321.0, 900_000.0):
            calls = [Call(economy.router, amounts(int(paid * 10**6), path)) for path in paths]
            bought, sold = (amounts.decode(out)[0][1] / 1e6 for out in market.sim.chain.call(calls))
            market.tick()
            view = market[0].views[-1]
            assert view.quote_buy(0, paid) == pytest.approx(bought, abs=2e-6)
            assert view.quote_sell(0, paid) == pytest.approx(sold, abs=2e-6)
        assert view.quote_buy(0, -1.0) == view.quote_sell(0, 0.0) == 0.0
        before = view.units[0]
        promised = []
        market.tick(_0=lambda view: promised.append(view.quote_buy(0, 5_000.0)) or view.desk.buy(0, 5_000.0))
        market.tick()
        assert market[0].views[-1].units[0] - before == pytest.approx(promised[0], abs=2e-6)


def test_borrowers_are_a_keyed_sample_and_never_oneself(tmp_path):
    crowd = {**HAND, "count": 8}
    eyes = [viewer(peers=3, delay=delay, **extra) for delay, extra in ((0, {}), (2, {}), (0, {"assets": ["ELM"]}))]
    lender = viewer()

    def lean(view):
        return view.desk.post(0, 100.0) + view.desk.borrow(0, 1_000.0 + view.agent)

    samples = []
    with opened(tmp_path, scenario([crowd, *eyes, lender])) as market:
        market.tick(_11=lambda view: view.desk.lend(0, 500_000.0))
        market.tick(**{f"_{i}": lean for i in range(8)})
        looks = [[], [], []]
        for _ in range(6):
            for k in range(3):
                eye = market[8 + k]
                eye.act = lambda view, k=k: looks[k].append((view.tick, view.borrowers(0), view.borrowers(0))) or []
            market[0].act = lambda view: samples.append(view.borrowers(0).account.tolist()) or []
            market.tick()
            assert market.sim.state.loans[0].borrowed
        ids = {agent.id for agent in market.agents[:8]}
        for k, delay in ((0, 0), (1, 2)):
            for tick, loans, again in looks[k]:
                _, holdings = market.truth[tick - delay]
                assert loans.account.tolist() == again.account.tolist()  # asking twice tells no more
                if tick - delay < 2:
                    assert len(loans.account) == 0
                    continue
                assert len(loans.account) == 3
                assert set(loans.account.tolist()) <= ids
                assert np.array_equal(loans.debt, holdings.debt[loans.account, 0])
                assert loans.ltv == pytest.approx(loans.debt / (loans.collateral * 100.0))
        assert len({tuple(loans.account) for _, loans, _ in looks[0]}) > 1  # another sample each tick
        assert all(len(loans.account) == 0 for _, loans, _ in looks[2])  # hidden
        me = market.agents[0].id
        assert all(sorted({*ids} - {me}) == sample for sample in samples)  # budget.peers is 20: all others


def test_asking_too_much_is_benched_and_old_views_share_the_purse(tmp_path):
    eye = viewer(evaluations=3)
    with opened(tmp_path, scenario([HAND, eye, eye, eye])) as market:
        ask = lambda view: [view.quote_buy(0, 1.0) for _ in range(3)] and []  # noqa: E731
        assert market.tick(_1=ask, _2=ask, _3=ask).benched == []
        assert market.tick(_1=ask).benched == []  # the purse is filled every tick

        def greedy(view):
            view.borrowers(0), view.desk.buy(0, 1.0), view.quote_sell(0, 1.0)
            return view.desk.buy(0, 1.0)

        def hoarder(view):
            return [market[2].views[0].quote_buy(0, 1.0) + view.quote_buy(0, 1.0) for _ in range(2)] and []

        def stubborn(view):
            calls = []
            for _ in range(5):
                with suppress(Exception):
                    calls += view.desk.buy(0, 1.0)
            return calls

        tick = market.tick(_1=greedy, _2=hoarder, _3=stubborn)
        assert [b.agent for b in tick.benched] == [market.agents[i].id for i in (1, 2, 3)]
        assert all(b.detail.startswith("budget: ") for b in tick.benched)
        assert len(tick.block.ok) == 2  # the reporter's; nothing of theirs went through
