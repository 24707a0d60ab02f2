"""Every benchmark runs, at its smallest, and finds numbers. What they are is no test's business: machines differ."""

from __future__ import annotations

import json
import subprocess
import sys
from math import isfinite
from pathlib import Path

import pytest

from benchmarks.figures import Figure, slope, tenth
from benchmarks.suite import names

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    done = bench("--quick", "--out", str(folder))
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.parametrize("name", names())
def test_finds_finite_figures(results, name):
    folder, shown = results
    found = json.loads((folder / f"{name}.json").read_text())
    assert found["quick"]
    assert found["machine"]["cores"] >= 1
    figures = {figure["name"]: figure["value"] for figure in found["figures"]}
    assert len(figures) == len(found["figures"]) > 0
    assert all(isfinite(value) for value in figures.values())
    drawn = [v for chart in found["charts"] for v in chart["bars"].values()]
    drawn += [v for chart in found["charts"] for x, y in chart["lines"].values() for v in x + y]
    assert drawn
    assert all(isfinite(value) for value in drawn)
    assert f"{name}: {found['title']}" in shown


def test_draws_a_picture(results):
    picture = (results[0] / "benchmarks.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


def test_holds_quick_figures_against_no_target(results):
    assert "missed" not in results[1]


def test_names_what_there_is_when_asked_for_what_is_not():
    done = bench("anvill")
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("anvill", *names()))


def test_says_whether_a_target_is_met():
    assert Figure("rate", 3_000, "tx/s", at_least=3_000).met
    assert not Figure("growth", 201, "B/tx", at_most=200).met
    assert Figure("rate", 1, "tx/s").met is None


def test_slope_leaves_the_warm_up_out():
    x = [float(i) for i in range(100)]
    y = [1e9] * 10 + [5.0 + 2.0 * i for i in x[10:]]
    assert slope(x, y) == pytest.approx(2.0)
    assert tenth(y, last=True) == pytest.approx(5.0 + 2.0 * 94.5)
