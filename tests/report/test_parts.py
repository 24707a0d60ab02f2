"""The small parts: words for numbers, lines thinned, labels moved apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrarium.report import data, style, words

FINITE = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "$0"), (0.004, "$0"), (38.2, "$38.20"), (-5300.0, "−$5,300"), (999_499, "$999,499"), (1_240_000, "$1.24m"),
     (38_000_000, "$38.0m"), (2.5e9, "$2.50bn"), (float("nan"), "–"), (float("inf"), "–")],
)  # fmt: skip
def test_money(value: float, text: str) -> None:
    assert words.money(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.456, 0, "46%"), (0.0, 0, "0%"), (0.001, 0, "< 1%"), (-0.001, 0, "> −1%"), (-0.25, 1, "−25.0%"),
     (float("nan"), 0, "–")],
)  # fmt: skip
def test_share(value: float, digits: int, text: str) -> None:
    assert words.share(value, digits) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [(100, 55, "−45%"), (100, 112, "+12%"), (100, 101, "+1.0%"), (100, 100, "0%"), (100, 99.99, "0%"), (0, 1, "–")],
)
def test_change(before: float, after: float, text: str) -> None:
    assert words.change(before, after) == text


def test_lists_and_counts() -> None:
    assert words.listed([]) == "nothing"
    assert words.listed(["A"]) == "A"
    assert words.listed(["A", "B", "C"]) == "A, B and C"
    assert words.listed(list("ABCDEF")) == "A, B, C and 3 more"
    assert words.count(1, "agent") == "1 agent"
    assert words.count(2300, "strategy", "strategies") == "2,300 strategies"


@given(st.lists(FINITE | st.just(float("nan")), min_size=1, max_size=400), st.integers(6, 60))
def test_thinned_lines_keep_their_extremes_and_ends(values: list[float], points: int) -> None:
    x, y = np.arange(len(values)), np.array(values)
    thin_x, thin_y = data.thin(x, y, points)
    assert len(thin_x) <= max(points, 6)
    assert {0, len(values) - 1} <= set(thin_x)
    assert np.array_equal(thin_y, y[thin_x], equal_nan=True)
    if np.isfinite(y).any():
        assert np.nanmin(thin_y) == np.nanmin(y)
        assert np.nanmax(thin_y) == np.nanmax(y)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=12), st.floats(1, 30))
def test_labels_do_not_cover_each_other(values: list[float], gap: float) -> None:
    moved = style.spread(values, gap, 0, 200)
    fits = min(gap, 200 / max(1, len(values) - 1))
    ordered = sorted(moved)
    assert all(b - a >= fits - 1e-6 for a, b in pairwise(ordered))
    assert ordered[0] >= -1e-6
    assert ordered[-1] <= 200 + 1e-6
    ranks = np.argsort(values, kind="stable")
    assert list(np.argsort(np.array(moved), kind="stable")) == list(ranks)


def test_labels_with_room_stay_where_they_are() -> None:
    assert style.spread([10.0, 150.0, 80.0], 14, 0, 200) == [10.0, 150.0, 80.0]


def test_stretches() -> None:
    flags, ticks = np.array([1, 1, 0, 0, 1, 0, 1], bool), np.arange(10, 17)
    assert data.stretches(flags, ticks) == [(10, 12), (14, 15), (16, 17)]
    assert data.stretches(np.zeros(3, bool), ticks[:3]) == []


def test_labels_are_escaped_and_cut() -> None:
    assert style.safe("<b>x</b>\n y") == "&lt;b&gt;x&lt;/b&gt; y"
    assert len(style.safe("a" * 100, 20)) == 20
