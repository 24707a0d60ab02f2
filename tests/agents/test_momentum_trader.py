import pytest

from tests.agents.stage import scenario, staged

GROUP = {
    "strategy": "momentum_trader",
    "count": 1,
    "cash": 1e5,
    "holdings": {"*": 1e5},
    "params": {"period": 1, "window": 5},
}
HAND = {"strategy": "noise_trader", "count": 1, "cash": 5e6, "holdings": {"*": 5e6}}


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_goes_with_the_trend_and_rests_without_one(tmp_path, side):
    with staged(tmp_path, scenario([GROUP, HAND]), "noise_trader") as stage:
        stage.tick(6)
        assert not any(stage.watched("momentum_trader").calls)
        amount = 30_000.0 if side == "buy" else 300.0  # each moves the pool by about 6 %
        for _ in range(2):
            stage.told("noise_trader", lambda view: getattr(view.desk, side)(0, amount))
        stage.tick(2)
        stage.tick()
        assert stage.wanted("momentum_trader") == [side]
        stage.tick(12)  # its own trades die out below the threshold
        assert stage.wanted("momentum_trader") == []


def test_reads_no_more_than_it_remembers(tmp_path):
    with staged(tmp_path, scenario([{**GROUP, "budget": {"memory": 1}}, HAND]), "noise_trader") as stage:
        stage.told("noise_trader", lambda view: view.desk.buy(0, 500_000.0))
        stage.tick(4)  # one row of memory holds no trend
        assert not any(stage.watched("momentum_trader").calls)
