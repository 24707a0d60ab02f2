"""The report: one HTML file that needs nothing but a browser. It holds Plotly once and asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import plotly.offline
from markupsafe import Markup

from terrarium.errors import InputError
from terrarium.report import data, story, style, words
from terrarium.report.figures import Entry, figures

if TYPE_CHECKING:
    from terrarium.record.reader import Run

PAGE = files("terrarium.report") / "page"


def write_report(run: Run, path: str | Path) -> Path:
    """Write the report of ``run`` to ``path`` and return that. Raises `InputError` where it cannot be written."""
    path = Path(path)
    text = render(run)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"report: {path} cannot be written ({error.strerror}); give another file with --out"
        ) from error
    return path


def render(run: Run) -> str:
    """The report as HTML."""
    plotly_js = plotly.offline.get_plotlyjs()
    report_js = f"const TWINS = {json.dumps(style.twins())};\n{(PAGE / 'report.js').read_text(encoding='utf-8')}"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((PAGE / "report.html").read_text(encoding="utf-8"))
    sections = [section for entry in figures() if (section := _section(run, entry))]
    return template.render(
        # Only these two scripts may run, and nothing may be fetched: whatever stands in the record stays text.
        policy="default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
        f"script-src {_hash(plotly_js)} {_hash(report_js)}",
        css=Markup((PAGE / "report.css").read_text(encoding="utf-8")),  # noqa: S704 our own file, as are the next two
        plotly_js=Markup(plotly_js),  # noqa: S704
        report_js=Markup(report_js),  # noqa: S704
        lead=run.meta["scenario"]["description"].strip().split("`"),  # every second part is code
        title=run.meta["scenario"]["title"] or words.title(run.meta["scenario"]["name"]),
        interrupted=_interrupted(run),
        facts=_facts(run),
        headline=story.headline(run),
        story=story.tell(run),
        sections=sections,
        groups=_groups(run),
        benched=data.records(run.table("actions").query("kind == 'benched'").head(100)),
        settings=json.dumps(run.meta["scenario"], indent=2),
        versions={name: version for name, version in run.meta["versions"].items() if version},
    )


def _section(run: Run, entry: Entry) -> dict[str, Any] | None:
    figure = entry.draw(run) if data.last_tick(run) >= 0 else None
    if figure is None:
        return None
    # "<" never appears, so nothing in the data can close the script element
    drawing = Markup(figure.to_json().replace("<", "\\u003c"))  # noqa: S704
    return {"entry": entry, "json": drawing, "height": figure.layout.height, "numbers": entry.numbers(run)}


def _facts(run: Run) -> list[tuple[str, str]]:
    meta = run.meta
    blocks = run.sql("select count(*) as n, sum(txs)::bigint as txs from blocks").iloc[0]
    last = run.sql("select fingerprint from blocks order by number desc limit 1")["fingerprint"]
    done = run.sql("select avg(case when ok then 1.0 else 0.0 end) as x from transactions where tick >= 0")["x"].iloc[0]
    return [
        ("Scenario", meta["scenario"]["name"]),
        ("Seed", str(meta["seed"])),
        ("Engine", meta["engine"]),
        ("Ticks", f"{data.last_tick(run) + 1:,} of {meta['scenario']['ticks']:,}"),
        ("Agents", f"{len(run.table('agents')):,}"),
        ("Transactions", f"{int(blocks['txs'] or 0):,} in {int(blocks['n']):,} blocks, setup included"),
        ("Success", words.share(float("nan") if done is None else float(done), 1)),
        ("Started", str(meta.get("started", "–"))),
        ("Final fingerprint", bytes(last.iloc[0]).hex() if len(last) else "–"),
    ]


def _interrupted(run: Run) -> str:
    if run.meta["status"] == "finished":
        return ""
    tick, ticks = data.last_tick(run), run.meta["scenario"]["ticks"]
    how = {"running": "Still running, or stopped without a word,", "failed": "Failed"}.get(
        run.meta["status"], "Interrupted"
    )
    return (
        f"{how} at tick {tick} of {ticks}; what follows covers the ticks that were recorded."
        if tick >= 0
        else f"{how} during setup."
    )


def _groups(run: Run) -> list[dict[str, Any]]:
    """The population, one row per group of the scenario."""
    counts = run.table("agents")["strategy"].value_counts()
    sizes: dict[str, int] = {}
    for group in run.meta["scenario"]["agents"]:
        sizes[group["strategy"]] = sizes.get(group["strategy"], 0) + 1
    return [
        {
            "strategy": words.title(group["strategy"]),
            # several groups of one strategy: the record knows only their sum
            "count": f"{counts.get(group['strategy'], 0):,}"
            if sizes[group["strategy"]] == 1
            else f"{group['count']:,} (before scaling)",
            "cash": _drawn(group["cash"], True),
            "holdings": "; ".join(
                f"{'each asset' if a == '*' else a} {_drawn(v, True)}" for a, v in group["holdings"].items()
            )
            or "–",
            "params": "; ".join(f"{name} {_drawn(value)}" for name, value in group["params"].items()) or "defaults",
        }
        for group in run.meta["scenario"]["agents"]
    ]


def _drawn(value: Any, dollars: bool = False) -> str:
    """A setting, or the distribution it is drawn from."""
    if isinstance(value, dict) and "dist" in value:
        inner = {k: v for k, v in value.items() if k != "dist" and v is not None}
        money = ("low", "high", "mean", "sd", "median") if dollars else ()
        return f"{value['dist']} ({', '.join(f'{k} {_drawn(v, k in money)}' for k, v in inner.items())})"
    if isinstance(value, list | tuple):
        return ", ".join(map(_drawn, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return words.money(value) if dollars else f"{value:g}"
    return str(value)


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
