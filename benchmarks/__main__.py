"""Runs benchmarks and shows what they find: a table, a picture, and JSON in benchmarks/results."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, Result, machine
from benchmarks.suite import measure, names

RESULTS = Path(__file__).parent / "results"
OUT = Console(highlight=False)


def show(name: str, result: Result, quick: bool) -> None:
    """The table of one benchmark. ``quick`` figures are held against no target."""
    table = Table(title=f"{name}: {result.title}", title_justify="left", title_style="bold", caption=result.how,
                  caption_justify="left", min_width=88)  # fmt: skip
    table.add_column("figure", ratio=3)
    for column in ("value", "unit", "target", ""):
        table.add_column(column, justify="right" if column == "value" else "left")
    for figure in result.figures:
        verdict = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[None if quick else figure.met]
        table.add_row(figure.name, number(figure), figure.unit, figure.target, verdict)
    OUT.print(table, "")


def markdown(name: str, result: Result, quick: bool) -> str:
    """The same table, for docs/benchmarks.md."""
    met = {True: ", met", False: ", missed", None: ""}
    verdicts = [met[None if quick else figure.met] for figure in result.figures]
    rows = [
        f"| {f.name} | {number(f)} | {f.unit} | {f.target}{v} |" for f, v in zip(result.figures, verdicts, strict=True)
    ]
    return "\n".join(
        [f"### {name}: {result.title}", "", result.how, "", "| | | | target |", "|---|--:|---|---|", *rows, ""]
    )


def number(figure: Figure) -> str:
    """The value with as many digits as mean something."""
    return f"{figure.value:,.0f}" if abs(figure.value) >= 1000 else f"{figure.value:.3g}"


def main() -> None:
    """Parse the command line, run, show, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"what to run: {', '.join(names())}; all when none is named"
    )
    parser.add_argument(
        "--quick", action="store_true", help="the smallest sizes: shows that it works, says nothing of speed"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for JSON and picture [benchmarks/results]")
    given = parser.parse_args()
    if unknown := set(given.names) - set(names()):
        parser.error(f"no benchmark {min(unknown)!r}; there are {', '.join(names())}")
    given.out.mkdir(parents=True, exist_ok=True)
    about, results = machine(), {}
    OUT.print(f"{about['cores']} cores, {about['processor']}, load {about['load']}, Python {about['python']}\n")
    for name in given.names or names():
        result = results[name] = measure(name, given.quick)
        show(name, result, given.quick)
        found = {"machine": machine(), "quick": given.quick, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        (given.out / f"{name}.json").write_text(json.dumps(found | result.json(), indent=1) + "\n", encoding="utf-8")
    tables = "\n".join(markdown(name, result, given.quick) for name, result in results.items())
    (given.out / "benchmarks.md").write_text(tables, encoding="utf-8")
    from benchmarks.picture import draw  # only now: it takes a second to load

    picture = given.out / "benchmarks.png"
    draw(results, about, picture)
    OUT.print(f"results {given.out}\npicture {picture}")


if __name__ == "__main__":
    main()
