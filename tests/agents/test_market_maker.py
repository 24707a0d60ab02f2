from tests.agents.stage import scenario, staged

GROUP = {"strategy": "market_maker", "count": 1, "cash": 2e5, "holdings": {"*": 1e5}}
HAND = {"strategy": "noise_trader", "count": 1, "cash": 5e6, "holdings": {"*": 5e6}}


def test_provides_in_calm_leaves_in_a_storm_and_comes_back(tmp_path):
    with staged(tmp_path, scenario([GROUP, HAND]), "noise_trader") as stage:
        stage.tick(2)
        own = stage.own("market_maker")
        assert (own.lp > 0.04).all()
        stage.told("noise_trader", lambda view: view.desk.sell(0, 2_000.0))
        stage.tick(2)
        assert stage.wanted("market_maker") == ["remove_liquidity"]
        own = stage.own("market_maker")
        assert own.lp[0] == 0.0
        assert own.lp[1] > 0.04  # the other pool lies still
        stage.tick(5)
        assert stage.own("market_maker").lp[0] == 0.0
        stage.tick(60)
        assert stage.own("market_maker").lp[0] > 0.02


def test_a_slow_fall_drives_it_out_too(tmp_path):
    with staged(
        tmp_path, scenario([{**GROUP, "params": {"rough": 0.9, "drawdown": 0.10}}, HAND]), "noise_trader"
    ) as stage:
        stage.tick(2)
        for _ in range(12):
            stage.told("noise_trader", lambda view: view.desk.sell(0, 90.0))
            stage.tick()
        assert stage.figures.price[0] < 85.0
        assert stage.own("market_maker").lp[0] == 0.0


def test_a_halt_holds_it(tmp_path):
    cast = [GROUP, HAND, {"strategy": "guardian", "count": 1}]
    with staged(tmp_path, scenario(cast), "noise_trader", "guardian") as stage:
        stage.tick(2)
        stage.told("noise_trader", lambda view: view.desk.sell(0, 2_000.0))
        stage.tick()
        stage.told("guardian", lambda view: view.desk.halt(0))
        stage.agent("market_maker").strategy.inner.rough = 10.0  # so that it stays until the halt is in force
        stage.agent("market_maker").strategy.inner.drawdown = 0.99
        stage.tick()
        stage.agent("market_maker").strategy.inner.drawdown = 0.10
        stage.tick(2)
        assert stage.wanted("market_maker") == []
        stage.told("guardian", lambda view: view.desk.unhalt(0))
        stage.tick(2)
        assert stage.own("market_maker").lp[0] == 0.0
