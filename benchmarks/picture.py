"""Draws what was found, with the machine it was found on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.figures import Chart, Result

OURS, OTHERS, TARGET = "#0b6e69", "#b8bec6", "#c8553d"
INK, FAINT, PAPER = "#22262b", "#7a828c", "#ffffff"
LINES = ("#0b6e69", "#d99a2b", "#5b6fb0", "#8a8f98")
STYLE = {
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": INK,
    "axes.edgecolor": "#d5d9de",
    "figure.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(results: dict[str, Result], machine: dict[str, Any], path: Path) -> None:
    """One picture of all charts, to ``path``."""
    charts = [chart for result in results.values() for chart in result.charts]
    columns = min(2, len(charts))
    rows = math.ceil(len(charts) / columns)
    tall = [max(_height(chart) for chart in charts[i : i + columns]) for i in range(0, len(charts), columns)]
    with mpl.rc_context(STYLE):
        figure = plt.figure(figsize=(7.4 * columns, sum(tall) + 1.3), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.22, h_pad=0.16)  # type: ignore[union-attr]
        axes = figure.subplots(rows, columns, squeeze=False, height_ratios=tall)
        for axis, chart in zip(axes.flat, charts, strict=False):
            (_bars if chart.bars else _lines)(axis, chart)
            axis.set_title(
                chart.title,
                fontsize=12,
                loc="left",
                fontweight="bold",
                pad=24 if chart.target is not None and chart.bars else 12,
            )
        for axis in list(axes.flat)[len(charts) :]:
            axis.set_visible(False)
        where = f"{machine['cores']} cores, {machine['processor']}, load {machine['load']}, Python {machine['python']}"
        figure.suptitle(f"Terrarium, measured  ·  {where}", fontsize=12.5, x=0.012, ha="left", color=FAINT)
        figure.savefig(path, dpi=110)
        plt.close(figure)


def _height(chart: Chart) -> float:
    """Inches a chart needs."""
    return 1.35 + 0.34 * len(chart.bars) if chart.bars else 3.0


def _bars(axis: Axes, chart: Chart) -> None:
    names, values = list(chart.bars)[::-1], list(chart.bars.values())[::-1]
    colors = [OTHERS if name in chart.others else OURS for name in names]
    if chart.log:
        axis.set_xscale("log")
        axis.set_xlim(min(values) / 3, max(values) * 4)
        axis.xaxis.set_minor_locator(NullLocator())
    else:
        axis.set_xlim(0, max([*values, chart.target or 0.0]) * 1.16)
        axis.locator_params(axis="x", nbins=6)
    drawn = axis.barh(names, values, color=colors, height=0.66)
    axis.bar_label(drawn, labels=[_short(v) for v in values], padding=4, fontsize=9, zorder=4)
    for text in axis.texts:  # stay readable where the target's line goes through
        text.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.8})
    axis.tick_params(axis="both", length=0)
    axis.spines["bottom"].set_visible(False)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _short(x)))
    axis.set_xlabel(chart.unit, loc="left")
    if chart.target is not None:
        axis.axvline(chart.target, color=TARGET, linestyle=(0, (4, 3)), linewidth=1.3)
        axis.annotate(
            f"target {_short(chart.target)}", (chart.target, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
            textcoords="offset points", color=TARGET, fontsize=8.5, ha="center", va="bottom",
        )  # fmt: skip


def _lines(axis: Axes, chart: Chart) -> None:
    for color, (name, (x, y)) in zip(LINES, chart.lines.items(), strict=False):
        axis.plot(x, y, color=color, linewidth=1.6, label=name)
    axis.set_ylabel(chart.unit)
    axis.set_xlabel(chart.x, loc="left")
    axis.set_ylim(bottom=0, top=max(max(y) for _, y in chart.lines.values()) * 1.15 or 1)
    axis.set_xlim(left=0)
    axis.grid(axis="y", color="#eceef1", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(axis="both", length=0, labelcolor=FAINT)
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_major_formatter(FuncFormatter(lambda x, _: _short(x)))
    axis.legend(frameon=False, fontsize=9, loc="best")


def _short(value: float) -> str:
    """A number as short as it can be said."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
