"""What rules look at is the market's state, all of it from events."""

from __future__ import annotations

import numpy as np

from terrarium.risk.monitor.observe import observation
from tests.sim.market import HAND, opened, scenario


def test_an_observation_is_the_market_after_the_block(tmp_path):
    def lever(view):
        return view.desk.post(0, 100.0) + view.desk.borrow(0, 1_000.0 * view.agent)

    with opened(tmp_path, scenario([{**HAND, "count": 3}], ticks=8)) as market:
        market.tick(_0=lambda view: view.desk.lend(0, 50_000.0))
        market.answers[:] = [0.0, 0.0]  # the reporter falls silent
        block = market.tick(_1=lever, _2=lever).block
        market.tick(4)
        now = market.sim.started + 6 * 86_400
        state = market.sim.state
        seen = observation(state, block.number, now)
        assert seen.block == block.number
        assert seen.appraisal_age.tolist() == [5 * 86_400.0] * 2
        assert seen.feed_max_age == market.sim.scenario.feeds.max_age
        assert seen.loan_asset.tolist() == [0, 0]
        assert seen.loan_collateral.tolist() == [100.0, 100.0]
        assert seen.loan_debt[1] > seen.loan_debt[0] > 2_000.0  # interest has run
        assert np.isclose(seen.loan_debt.sum(), seen.borrowed[0])
        assert seen.collateral.tolist() == [200.0, 0.0]
        assert np.array_equal(seen.price, seen.pool_cash / seen.pool_units)
        assert np.array_equal(seen.supplied > 0, [True, False])
