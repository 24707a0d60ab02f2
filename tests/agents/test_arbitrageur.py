import pytest

from tests.agents.stage import scenario, staged

RICH = {"count": 1, "cash": 5e6, "holdings": {"*": 5e6}}
FEE = 0.003


def arbitrageur(**params):
    return {"strategy": "arbitrageur", **RICH, "params": params}


@pytest.mark.parametrize(("worth", "verb"), [(110.0, "buy"), (90.0, "sell")])
def test_moves_the_pool_exactly_to_the_edge_of_its_band_and_stops(tmp_path, worth, verb):
    with staged(tmp_path, scenario([arbitrageur(purse=1.0, margin=0.02)])) as stage:
        stage.tick(2)
        assert stage.wanted("arbitrageur") == []  # the pool stands at the appraisal
        stage.answers[0] = worth
        stage.tick(2)
        assert stage.wanted("arbitrageur") == [verb]
        edge = worth * (1 - FEE) / 1.02 if verb == "buy" else worth / (1 - FEE) * 1.02
        # the fee stays in the pool, so the mid price ends a hair beyond where the marginal price is the band's edge
        assert stage.figures.price[0] == pytest.approx(edge, rel=4e-4)
        assert stage.figures.price[1] == pytest.approx(100.0)
        stage.tick(3)
        assert not any(stage.watched("arbitrageur").calls[-3:])


def test_does_nothing_inside_the_band(tmp_path):
    with staged(tmp_path, scenario([arbitrageur(margin=0.02)])) as stage:
        stage.answers[0] = 102.2
        stage.tick(3)
        assert not any(stage.watched("arbitrageur").calls)


def test_two_of_them_never_trade_at_a_loss(tmp_path):
    with staged(tmp_path, scenario([{**arbitrageur(purse=1.0, margin=0.0), "count": 2}])) as stage:
        stage.tick(2)
        stage.answers[0] = 120.0
        stage.tick(4)
        for index in (0, 1):
            own = stage.own("arbitrageur", index)
            # valued at the appraisal: 50,000 tokens and five million dollars at the start
            assert own.cash + 120.0 * own.units[0] + 100.0 * own.units[1] >= 5e6 + 50_000 * 220 - 1e-3
        assert stage.figures.price[0] <= 120.0 / (1 - FEE) * 1.001


def test_an_old_appraisal_is_no_reason_to_trade(tmp_path):
    with staged(tmp_path, scenario([arbitrageur(max_age=3.0)])) as stage:
        stage.answers[0] = 150.0
        stage.tick()
        stage.answers[:] = [0.0, 0.0]  # nothing is submitted any more
        stage.tick()
        assert stage.wanted("arbitrageur") == ["buy"]
        stage.tick(6)
        assert stage.wanted("arbitrageur") == []


def test_puts_only_its_purse_into_a_trade(tmp_path):
    with staged(tmp_path, scenario([arbitrageur(purse=0.01)])) as stage:
        stage.answers[0] = 150.0
        stage.tick(2)
        assert stage.own("arbitrageur").cash == pytest.approx(5e6 * 0.99)
