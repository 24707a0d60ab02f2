"""The report is one file that needs nothing, says what was cut off, and lets nothing from the record become code."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import plotly.offline
import pytest

from terrarium.errors import InputError
from terrarium.record.reader import Run
from terrarium.report import html
from terrarium.report.figures import figures
from terrarium.report.html import write_report


class Page(HTMLParser):
    """Collects tags, the attributes that load something, and the text outside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words = ""
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._script = tag in ("script", "style")
        self.loads += [v or "" for k, v in attrs if k in ("src", "href", "action", "data", "srcset", "poster")]
        assert not [k for k, _ in attrs if k.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if not self._script:
            self.words += data


@pytest.fixture(scope="module")
def page(crash: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(crash, tmp_path_factory.mktemp("report") / "new" / "report.html").read_text(encoding="utf-8")


def test_one_file_that_loads_nothing(page: str) -> None:
    assert [target for target in Page(page).loads if not target.startswith("#")] == []
    assert page.count(plotly.offline.get_plotlyjs()[:2_000]) == 1
    assert "default-src 'none'" in unescape(page)
    assert len(page) < 6_500_000


def test_all_figures_of_the_crash_are_there(page: str) -> None:
    for entry in figures():
        assert f'id="{entry.name}"' in page
    assert Page(page).tags.count("table") == len(figures()) + 1


def test_summary(page: str, crash: Run) -> None:
    words = Page(page).words
    last = crash.table("blocks")["fingerprint"].iloc[-1]
    for expected in ("A small crash", "revm", "40 of 40", last.hex(), "What happened", "Leveraged fund", "pyrevm"):
        assert expected in words
    assert 'role="alert"' not in page


def test_nothing_from_the_record_becomes_html(calm: Run) -> None:
    text = html.render(calm)
    read = Page(text)
    assert "img" not in read.tags
    assert read.tags.count("script") == 2 + len(re.findall('type="application/json"', text))
    assert "window.hacked=1" in read.words
    assert "ValueError" in read.words  # the benched agents' errors are shown


def test_cut_off_runs_say_so(cut: Run, unborn: Run) -> None:
    assert "Interrupted at tick 4 of 30" in Page(html.render(cut)).words
    assert "Interrupted during setup" in Page(html.render(unborn)).words


def test_unwritable_place(calm: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--out"):
        write_report(calm, tmp_path / "file" / "report.html")
