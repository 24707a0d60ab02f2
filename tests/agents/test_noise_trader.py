import numpy as np
import pytest
from eth_abi import decode
from terrarium.agents.noise_trader import NoiseTrader

from tests.agents.stage import scenario, staged


def test_is_zero_mean_and_in_proportion_to_wealth(tmp_path):
    group = {
        "strategy": "noise_trader",
        "count": 1,
        "cash": 5e5,
        "holdings": {"*": 2.5e5},
        "budget": {"evaluations": 10**6},
    }
    with staged(tmp_path, scenario([group]), "noise_trader") as stage:
        stage.tick()
        stage.tick()
        view = stage.agent("noise_trader").strategy.seen[-1]
        rng = np.random.default_rng(1)
        dollars = []
        for _ in range(4_000):
            for call in NoiseTrader(activity=1.0, size=0.01).decide(view, rng):
                amount = decode(["uint256"], call.data[4:36])[0] / 1e6
                dollars.append(amount if call.verb == "buy" else -100.0 * amount)
        assert np.mean(dollars) == pytest.approx(0.0, abs=3 * 0.01 * 1e6 / 4_000**0.5)
        assert np.std(dollars) == pytest.approx(0.01 * 1e6, rel=0.05)


def test_trades_about_as_often_as_it_should_and_never_a_halted_asset(tmp_path):
    group = {"strategy": "noise_trader", "count": 20, "cash": 5e4, "holdings": {"*": 5e4}, "params": {"activity": 0.3}}
    with staged(tmp_path, scenario([group, {"strategy": "guardian", "count": 1}]), "guardian") as stage:
        stage.tick(20)
        acted = sum(bool(c) for i in range(20) for c in stage.watched("noise_trader", i).calls)
        assert 0.2 * 400 < acted < 0.4 * 400
        stage.told("guardian", lambda view: view.desk.halt(0) + view.desk.halt(1))
        stage.tick(6)
        assert not any(c for i in range(20) for c in stage.watched("noise_trader", i).calls[-5:])
