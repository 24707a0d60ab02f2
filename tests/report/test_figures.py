"""Every file in terrarium/report/figures keeps the promises of a figure, on every kind of run."""

from __future__ import annotations

import json

import pytest

from terrarium.record.reader import Run
from terrarium.report import style
from terrarium.report.figures import Entry, figures

ENTRIES = pytest.mark.parametrize("entry", figures(), ids=lambda entry: entry.name)


def test_orders_and_titles_are_distinct() -> None:
    assert len({e.order for e in figures()}) == len({e.title for e in figures()}) == len(figures()) >= 9


@ENTRIES
def test_explains_itself(entry: Entry) -> None:
    assert entry.title
    assert not entry.title.endswith(".")
    assert 2 <= entry.text.count(".") <= 6
    assert len(entry.text) < 450


@ENTRIES
def test_draws_the_crash(entry: Entry, crash: Run) -> None:
    figure = entry.draw(crash)
    assert figure is not None
    assert figure.data
    assert figure.layout.height >= 150
    assert set(figure.layout.meta) == {"heights", "columns", "left", "right", "top", "bottom"}
    assert len(figure.to_json()) < 300_000


@ENTRIES
@pytest.mark.parametrize("which", ["crash", "calm", "cut"])
def test_numbers_fit_their_columns(entry: Entry, which: str, request: pytest.FixtureRequest) -> None:
    numbers = entry.numbers(request.getfixturevalue(which))
    for row in numbers.rows if numbers else ():
        assert len(row) == len(numbers.columns)
        assert all(isinstance(cell, str) for cell in row)
        assert "nan" not in " ".join(row).lower()


@ENTRIES
@pytest.mark.parametrize("which", ["calm", "cut"])
def test_draws_or_declines(entry: Entry, which: str, request: pytest.FixtureRequest) -> None:
    figure = entry.draw(request.getfixturevalue(which))
    assert figure is None or figure.data


def test_nothing_is_drawn_of_what_did_not_happen(calm: Run) -> None:
    drawn = {entry.name for entry in figures() if entry.draw(calm) is not None}
    assert not drawn & {"cascade", "alerts", "leverage"}
    assert drawn >= {"prices", "wealth", "pools", "transactions"}


@ENTRIES
def test_every_colour_has_a_dark_twin(entry: Entry, crash: Run) -> None:
    figure = entry.draw(crash)
    assert figure is not None
    text = json.dumps(json.loads(figure.to_json())["layout"]) + json.dumps(
        [t.to_plotly_json() for t in figure.data], default=str
    )
    known = {color.lower() for color in style.DARK}
    used = {text[i : i + 7].lower() for i in range(len(text)) if text[i] == "#" and text[i + 1 : i + 7].isalnum()}
    assert {c for c in used if all(x in "#0123456789abcdef" for x in c)} <= known


def test_an_asset_has_one_colour_in_all_figures(crash: Run) -> None:
    colors: dict[str, set[str]] = {}
    for entry in figures():
        if entry.name in {"lending", "pools", "volume", "alerts", "cascade"}:
            figure = entry.draw(crash)
            assert figure is not None
            for trace in figure.data:
                if trace.name in {"TOWER", "HARBOUR", "WHEAT"}:
                    line = trace.type == "scatter" and trace.mode == "lines"
                    colors.setdefault(trace.name, set()).add(trace.line.color if line else trace.marker.color)
    assert len(colors) == 3
    assert all(len(found) == 1 for found in colors.values())
