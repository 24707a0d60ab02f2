"""Draws what was found, with the machine it was found on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.figures import Chart, Result

MET, MISSED, PLAIN = "#2a7f62", "#c2452d", "#4c72b0"


def draw(results: dict[str, Result], machine: dict[str, Any], path: Path) -> None:
    """One picture of all charts, to ``path``."""
    charts = [chart for result in results.values() for chart in result.charts]
    columns = min(2, len(charts))
    rows = math.ceil(len(charts) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(7.5 * columns, 3.4 * rows), squeeze=False, layout="constrained")
    for axis, chart in zip(axes.flat, charts, strict=False):
        (_bars if chart.bars else _lines)(axis, chart)
        axis.set_title(chart.title, fontsize=11, loc="left", fontweight="bold")
        axis.spines[["top", "right"]].set_visible(False)
    for axis in list(axes.flat)[len(charts) :]:
        axis.set_visible(False)
    figure.suptitle(
        f"Terrarium's benchmarks on {machine['cores']} cores ({machine['processor']}, load {machine['load']})", fontsize=12
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axis: Axes, chart: Chart) -> None:
    names, values = list(chart.bars), list(chart.bars.values())
    drawn = axis.barh(names[::-1], values[::-1], color=PLAIN, height=0.6)
    axis.bar_label(drawn, labels=[f"{v:,.3g}" if v < 100 else f"{v:,.0f}" for v in values[::-1]], padding=4, fontsize=9)
    axis.set_xlabel(chart.unit)
    axis.margins(x=0.14)
    if chart.log:
        axis.set_xscale("log")
    if chart.target is not None:
        axis.axvline(chart.target, color=MISSED, linestyle="--", linewidth=1.2)
        axis.annotate("target", (chart.target, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -9), color=MISSED,
                      textcoords="offset points", fontsize=8)  # fmt: skip


def _lines(axis: Axes, chart: Chart) -> None:
    for name, (x, y) in chart.lines.items():
        axis.plot(x, y, label=name, linewidth=1.4)
    axis.set_ylabel(chart.unit)
    axis.set_xlabel(chart.x)
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False, fontsize=8)
    if chart.target is not None:
        axis.axhline(chart.target, color=MISSED, linestyle="--", linewidth=1.2)
