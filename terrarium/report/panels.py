"""Figures made of panels: small charts side by side that move under each other where the page is narrow.

Sizes are in pixels and kept in ``layout.meta``, from which page/report.js lays the panels out for its width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from terrarium.report import style
from terrarium.report.data import Floats, thin

WIDTH = 1_040  # assumed where nobody knows better: notebooks
TOP, KEYED = 32, 46  # room above a panel for its title, and for title and key
BOTTOM, LEFT = 46, 46  # room for tick labels and for the labels of the y axis


class Panels:
    """A figure of ``len(titles)`` panels, each ``height`` pixels high, in at most ``columns`` columns.

    ``right``: room for end labels. ``keyed``: there is a key below the titles. ``linked``: the panels share their x
    axis, so that a zoom into one is a zoom into all.
    """

    def __init__(
        self,
        titles: Sequence[str],
        *,
        columns: int = 2,
        height: int | Sequence[int] = 200,
        right: int = 84,
        left: int = LEFT,
        bottom: int = BOTTOM,
        keyed: bool = False,
        linked: bool = True,
    ) -> None:
        self.fig = go.Figure()
        top = KEYED if keyed else TOP
        self.heights = [height] * len(titles) if isinstance(height, int) else list(height)
        self.columns = min(columns, len(titles))
        room = {"left": left, "right": right, "top": top, "bottom": bottom}
        self.fig.update_layout(
            meta={"heights": self.heights, "columns": self.columns, **room},
            font={"family": style.FONT, "size": 12, "color": style.INK},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            hoverlabel={"bgcolor": style.PAPER, "bordercolor": style.FAINT, "font": {"color": style.INK}},
            template=go.layout.Template(),  # nothing of Plotly's own look
            margin={"l": 0, "r": 0, "t": 0, "b": 0},
            showlegend=False,
            hovermode="x unified",
            barmode="stack",
            bargap=0.12,
        )
        for i, title in enumerate(titles):
            self._panel(i, title, left, top)
            if linked and i:
                self.fig.layout[f"xaxis{_n(i)}"].matches = "x"
        self._arrange(WIDTH)

    def _panel(self, i: int, title: str, left: int, top: int) -> None:
        font = {"color": style.MUTED, "size": 11}
        shared = {"gridcolor": style.FAINT, "zeroline": False, "tickfont": font, "automargin": False}
        line = {"showgrid": False, "linecolor": style.FAINT, "showline": True, "ticks": "outside"}
        across = {**shared, **line, "tickcolor": style.FAINT, "title": {"font": font, "standoff": 4}}
        up = {**shared, "nticks": 6}
        axes = {f"xaxis{_n(i)}": {**across, "anchor": f"y{_n(i)}"}, f"yaxis{_n(i)}": {**up, "anchor": f"x{_n(i)}"}}
        self.fig.update_layout(axes)
        self.note(i, 0, 1, f"<b>{title}</b>", yshift=top - 23, xshift=-left, size=13)

    def _arrange(self, width: int) -> None:
        left, right, top, bottom = (self.fig.layout.meta[side] for side in ("left", "right", "top", "bottom"))
        rows = [self.heights[k : k + self.columns] for k in range(0, len(self.heights), self.columns)]
        total = sum(max(row) + top + bottom for row in rows)
        cell, y = width / self.columns, 0
        for r, row in enumerate(rows):
            for c, height in enumerate(row):
                i = r * self.columns + c
                x = [(c * cell + left) / width, ((c + 1) * cell - right) / width]
                self.fig.layout[f"xaxis{_n(i)}"].domain = x
                self.fig.layout[f"yaxis{_n(i)}"].domain = [1 - (y + top + height) / total, 1 - (y + top) / total]
            y += max(row) + top + bottom
        self.fig.update_layout(height=total)

    def line(self, i: int, x: Any, y: Floats, name: str, color: str, **options: Any) -> None:
        """A thinned line in panel ``i``. ``options``: dash, width, shape, and others of `go.Scatter`."""
        x, y = thin(x, y)
        shape: dict[str, Any] = {name: options.pop(name) for name in ("dash", "shape") if name in options}
        line: dict[str, Any] = {"color": color, "width": options.pop("width", 2), **shape}
        self.add(i, go.Scatter(x=x, y=y, name=name, mode="lines", line=line, **options))

    def band(self, i: int, x: Any, low: Any, high: Any, color: str, opacity: float) -> None:
        """A filled band between two lines."""
        edge = {"width": 0, "color": color}
        self.add(i, go.Scatter(x=x, y=low, mode="lines", line=edge, hoverinfo="skip"))
        upper = go.Scatter(x=x, y=high, mode="lines", line=edge, hoverinfo="skip", fill="tonexty")
        self.add(i, upper.update(fillcolor=style.faded(color, opacity)))

    def add(self, i: int, trace: Any) -> None:
        """Any trace, in panel ``i``."""
        self.fig.add_trace(trace.update(xaxis=f"x{_n(i)}", yaxis=f"y{_n(i)}"))

    def y(self, i: int, low: float, high: float, **options: Any) -> None:
        """Range and format of a panel's y axis; ``options`` as in `plotly.graph_objects.layout.YAxis`."""
        self.fig.layout[f"yaxis{_n(i)}"].update(range=[low, high], **options)

    def x(self, i: int, low: float, high: float, title: str = "", **options: Any) -> None:
        """Range and title of a panel's x axis."""
        axis = self.fig.layout[f"xaxis{_n(i)}"]
        axis.update(range=[low, high], **options)
        axis.title.text = title

    def ends(self, i: int, labels: Sequence[tuple[float, str, str]]) -> None:
        """Names at the right end of lines: (last value, text, colour), moved apart to be readable. Call after `y`."""
        low, high = self.fig.layout[f"yaxis{_n(i)}"].range
        known = [label for label in labels if np.isfinite(label[0])]
        pixels = [self.heights[i] * (min(max(y, low), high) - low) / ((high - low) or 1) for y, _, _ in known]
        for (_, text, color), at in zip(known, style.spread(pixels, 14, 0, self.heights[i]), strict=True):
            self.note(i, 1, at / self.heights[i], text, color=color, xshift=4, anchor="left", yanchor="middle")

    def key(self, i: int, entries: Sequence[tuple[str, str, str]], most: int = 8) -> None:
        """What marks mean, below the title: (symbol, text, colour)."""
        left = self.fig.layout.meta["left"]
        text = "&nbsp;&nbsp; ".join(
            f"<span style='color:{color}'>{symbol}</span>&nbsp;{words}" for symbol, words, color in entries[:most]
        )
        self.note(i, 0, 1, text, color=style.MUTED, yshift=5, xshift=-left)

    def note(
        self,
        i: int,
        x: float,
        y: float,
        text: str,
        *,
        color: str = style.INK,
        size: int = 11,
        anchor: str = "left",
        data: bool = False,
        **options: Any,
    ) -> None:
        """Text in panel ``i``: at shares of its width and height, or with ``data`` at x in data and y as a share."""
        at = {"xref": f"x{_n(i)}" if data else f"x{_n(i)} domain", "yref": f"y{_n(i)} domain", "xanchor": anchor}
        look = {"yanchor": "bottom", "font": {"size": size, "color": color}, "showarrow": False}
        self.fig.add_annotation(x=x, y=y, text=text, **{**at, **look, **options})

    def mark(self, i: int, tick: float, text: str, bottom: bool = False) -> None:
        """A vertical line at a tick, with what happened there; call after `x`."""
        at = {"x0": tick, "x1": tick, "y0": 0, "y1": 1, "xref": f"x{_n(i)}", "yref": f"y{_n(i)} domain"}
        self.fig.add_shape(type="line", line={"color": style.MUTED, "width": 1}, **at)
        if text:
            low, high = self.fig.layout[f"xaxis{_n(i)}"].range or (0, 1)
            late = tick - low > 0.75 * (high - low)  # then the text stands on the left of its line
            place: dict[str, Any] = {"anchor": "right", "xshift": -2} if late else {"anchor": "left", "xshift": 2}
            self.note(i, tick, 0 if bottom else 1, text, data=True, yanchor="bottom" if bottom else "top", **place)

    def level(self, i: int, value: float, text: str, color: str = style.DANGER) -> None:
        """A horizontal line at a value, with what it means."""
        refs = {"xref": f"x{_n(i)} domain", "yref": f"y{_n(i)}"}
        line = {"color": color, "width": 1, "dash": "dash"}
        self.fig.add_shape(type="line", x0=0, x1=1, y0=value, y1=value, line=line, **refs)
        if text:
            self.note(i, 0, value, text, color=color, yref=refs["yref"])

    def shade(self, i: int, start: float, end: float) -> None:
        """A grey stretch of time."""
        at = {"x0": start, "x1": end, "y0": 0, "y1": 1, "xref": f"x{_n(i)}", "yref": f"y{_n(i)} domain"}
        self.fig.add_shape(type="rect", line_width=0, fillcolor=style.MUTED, opacity=0.18, layer="below", **at)


def span(*series: Any, zero: bool = False, pad: float = 0.06) -> tuple[float, float]:
    """A range that shows all finite values with some room; from zero where ``zero``."""
    values = np.concatenate([np.ravel(np.asarray(s, float)) for s in series] or [np.zeros(1)])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    low = min(0.0, low) if zero else low
    room = (high - low) * pad or abs(high) * pad or 1.0
    return (low if zero and low == 0 else low - room), high + room


def _n(i: int) -> str:
    return "" if i == 0 else str(i + 1)
