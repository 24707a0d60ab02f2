"""The report in a real browser: draws everything, logs no error, asks the network for nothing, fits a telephone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terrarium.record.reader import Run
from terrarium.report.figures import figures
from terrarium.report.html import write_report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no browser: install Chromium and ChromeDriver (Debian: chromium, chromium-driver)"
)
FLAGS = (
    "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
    "disable-component-update", "disable-sync", "hide-scrollbars",
)  # fmt: skip
SIZES = """return [...document.querySelectorAll('.figure')].map(box => {
    const svg = box.querySelector('.main-svg'), r = svg ? svg.getBoundingClientRect() : {width: 0, height: 0};
    return [r.width, r.height, box.querySelectorAll('.trace, .bars .point, .shapelayer path').length];
})"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    for flag in (*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def _open(browser: Any, run: Run, folder: Path, width: int, dark: bool) -> list[str]:
    """Open the report of ``run``; returns the addresses that were asked for."""
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)  # forgets what came before
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get(write_report(run, folder / "report.html").as_uri())
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    # the browser's own pages (chrome:) are not the network
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (420, True)])
def test_draws_everything_and_asks_for_nothing(
    browser: Any, crash: Run, tmp_path: Path, width: int, dark: bool
) -> None:
    asked = _open(browser, crash, tmp_path, width, dark)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "chrome:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    assert browser.get_log("browser") == []
    sizes = browser.execute_script(SIZES)
    assert len(sizes) == len(figures())
    for wide, high, drawn in sizes:
        assert wide > 0.8 * min(width, 1000)
        assert high >= 150
        assert drawn > 0
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return document.documentElement.dataset.theme") == ("dark" if dark else "light")


def test_button_changes_the_theme_of_page_and_figures(browser: Any, crash: Run, tmp_path: Path) -> None:
    ink = "return document.querySelector('.figure .annotation-text').style.fill"
    _open(browser, crash, tmp_path, 1280, dark=False)
    before = browser.execute_script(ink)
    browser.find_element("id", "theme").click()
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    assert browser.execute_script(ink) != before


def test_figures_follow_the_width(browser: Any, crash: Run, tmp_path: Path) -> None:
    _open(browser, crash, tmp_path, 1280, dark=False)
    wide = browser.execute_script(SIZES)[0]
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 300))")
    narrow = browser.execute_script(SIZES)[0]
    assert narrow[0] < 420 < wide[0]
    assert narrow[1] > wide[1]  # panels stand under each other


def test_hostile_text_does_nothing(browser: Any, calm: Run, tmp_path: Path) -> None:
    _open(browser, calm, tmp_path, 1280, dark=False)
    assert browser.execute_script("return window.hacked === undefined")
    assert browser.get_log("browser") == []
