"""Shares of wealth against the closed forms they come from."""

from __future__ import annotations

import pytest

from terrarium.sim.utility import risky_share

KINDS = ["profit", "mean_variance", "crra", "drawdown_averse"]


def test_merton_and_markowitz():
    assert risky_share("crra", 0.04, 0.2, 2.0) == pytest.approx(0.04 / (2.0 * 0.2**2))
    assert risky_share("mean_variance", 0.04, 0.2, 2.0) == pytest.approx(0.04 / (2 * 2.0 * 0.2**2))


def test_the_cushion_shrinks_with_the_drawdown_and_is_gone_at_a_fifth():
    shares = [risky_share("drawdown_averse", 0.04, 0.2, 2.0, drawdown) for drawdown in (0.0, 0.1, 0.2, 0.9)]
    assert shares == pytest.approx([0.5, 0.25, 0.0, 0.0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_share_is_never_short_and_never_leveraged(kind):
    for excess in (-1.0, 0.0, 1e-9, 0.05, 10.0):
        for volatility in (0.0, 0.2, 5.0):
            share = risky_share(kind, excess, volatility, 3.0)
            assert 0.0 <= share <= 1.0
            assert share == 0.0 or excess > 0.0
    assert risky_share(kind, 10.0, 0.01, 1.0) == 1.0
