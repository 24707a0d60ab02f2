"""One block a tick, in an order that the seed says, whatever happens or does not."""

from __future__ import annotations

import numpy as np

from terrarium.market import state
from terrarium.record.reader import open_run
from tests.sim.market import HAND, opened, scenario


def buyer(view):
    return view.desk.buy(0, 100.0) + view.desk.buy(1, 100.0)


def crowd(**changes):
    return scenario([{**HAND, "count": 12}], **{"ticks": 4, **changes})


def lived(folder, settings, acts, times=4):
    """The recorded transactions of the ticks."""
    with opened(folder, settings) as market:
        blocks = [market.tick(**acts).block for _ in range(times)]
        started = market.sim.started
    run = open_run(folder / "run")
    return blocks, run.table("transactions").query("tick >= 0"), run.table("blocks").query("tick >= 0"), started


def order(transactions, tick):
    return transactions.query("tick == @tick and agent > 0")["agent"].tolist()


def test_one_block_a_tick_each_so_many_seconds_apart(tmp_path):
    everybody = {f"_{i}": buyer for i in range(12)}
    blocks, done, recorded, started = lived(tmp_path, crowd(tick_seconds=3_600), everybody)
    assert recorded["tick"].tolist() == [0, 1, 2, 3]
    assert (np.diff(recorded["number"]) == 1).all()
    assert recorded["timestamp"].tolist() == [started + 3_600 * (t + 1) for t in range(4)]
    assert recorded["txs"].tolist() == [len(b.ok) for b in blocks] == [26] * 4
    assert done["ok"].all()
    assert done.groupby("tick")["index"].apply(list).tolist() == [list(range(26))] * 4


def test_the_order_is_drawn_anew_each_tick_and_is_the_seeds(tmp_path):
    everybody = {f"_{i}": buyer for i in range(12)}
    _, one, _, _ = lived(tmp_path / "one", crowd(), everybody)
    _, same, _, _ = lived(tmp_path / "same", crowd(), everybody)
    _, other, _, _ = lived(tmp_path / "other", crowd(seed=2), everybody)
    orders = [order(one, tick) for tick in range(4)]
    for queue in orders:
        assert queue[::2] == queue[1::2]  # everybody's calls stay together
        assert sorted(queue[::2]) == list(range(1, 13))
    assert len({tuple(queue) for queue in orders}) == 4
    assert one["data"].tolist() == same["data"].tolist()
    assert [order(other, tick) for tick in range(4)] != orders


def test_a_tick_in_which_nobody_acts_is_a_block_all_the_same(tmp_path):
    with opened(tmp_path, crowd()) as market:
        market.answers[:] = [0.0, 0.0]  # the reporter has nothing to say either
        before = market.tick()
        for _ in range(2):
            tick = market.tick()
            assert len(tick.block.ok) == 0
            assert (tick.benched, tick.alerts) == ([], [])
            assert tick.block.number == before.block.number + 1
            before = tick
        view = market.tick(_0=buyer) and market[0].views[-1]
        assert view.volumes.tolist()[-1] == [0.0, 0.0]
        assert len(open_run(tmp_path / "run").table("prices")) == 8


def test_the_system_goes_before_agents_and_adversaries_before_the_rest(tmp_path):
    groups = [{**HAND, "count": 4}, {**HAND, "adversary": True}]
    rules = [{"rule": "price_fall", "params": {"warning": 0.01, "critical": 0.9}}]
    paying = {"process": "real_estate", "value": 100.0, "supply": 1_000_000, "pool_share": 0.01}
    settings = scenario(
        groups,
        order="adversarial",
        monitor=rules,
        assets=[{**paying, "name": "OAK"}, {**paying, "name": "ELM"}],
        world={"income_every": 2},
        ticks=4,
    )
    with opened(tmp_path, settings) as market:
        market.tick(2)  # the monitor compares with what it saw before
        market.tick(_0=lambda view: view.desk.sell(0, 500.0))
        market.tick(**{f"_{i}": buyer for i in range(5)})
    done = open_run(tmp_path / "run").table("transactions").query("tick == 3")
    system = done.query("agent < 0")
    assert system["index"].tolist() == list(range(len(system)))
    assert system["verb"].tolist() == ["mint", "distribute", "pay_income"] * 2 + ["alert"]
    rest = done.query("agent >= 0")["agent"].tolist()
    assert rest[:2] == [5, 5]
    assert done["ok"].all()
    assert set(done.query("agent < 0")["strategy"]) == {""}


def test_tables_hold_one_row_where_they_should(tmp_path):
    def lever(view):
        return view.desk.post(0, 100.0) + view.desk.borrow(0, 1_000.0)

    with opened(tmp_path, crowd()) as market:
        market.tick(_1=lambda view: view.desk.lend(0, 10_000.0))
        market.tick(_0=lever)
        market.tick(2)
        price = market.sim.state.figures(market.sim.started + 4 * 86_400).collateral_price[0]
    run = open_run(tmp_path / "run")
    for table in ("feeds", "prices", "lending"):
        assert run.table(table)[["tick", "asset"]].to_numpy().tolist() == [[t, a] for t in range(4) for a in (0, 1)]
    positions = run.table("positions")
    assert positions[["tick", "agent", "asset"]].to_numpy().tolist() == [[t, 1, 0] for t in (1, 2, 3)]
    assert (positions["collateral"] == 100.0).all()
    assert (positions["ltv"] == positions["debt"] / (100.0 * price)).all()
    assert positions["debt"].is_monotonic_increasing
    wealth = run.table("wealth")
    assert wealth["tick"].unique().tolist() == [0, 1, 2, 3]
    assert len(wealth) == 4 * 13
    agents = run.table("agents")
    assert agents["strategy"].tolist() == ["feed_reporter"] + ["noise_trader"] * 12
    assert len(set(agents["address"])) == 13


def test_the_market_is_worked_out_once_before_and_once_after_a_block(tmp_path, monkeypatch):
    counted = []
    for name in ("measured", "held"):
        plain = getattr(state, name)
        monkeypatch.setattr(state, name, lambda mirror, now, p=plain, n=name: counted.append(n) or p(mirror, now))
    with opened(tmp_path, crowd(monitor=[{"rule": "leverage"}])) as market:
        market.tick()
        counted.clear()
        market.tick(_0=buyer)
        assert sorted(counted) == ["held"] * 2 + ["measured"] * 2
        figures = market.sim.state.figures(market.sim.started)
        assert figures is market.sim.state.figures(market.sim.started)
        assert not any(column.flags.writeable for column in figures)
