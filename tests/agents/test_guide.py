"""docs/strategies.md is held to the code: its tables name everything there is, and its example runs as it says."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import terrarium
from terrarium import scenarios
from terrarium.market.desk import Desk
from terrarium.scenario import BudgetSettings
from terrarium.sim import decide, registry
from terrarium.sim.strategy import Outcome
from terrarium.sim.view import Alert, Borrowers, View

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")


def section(title):
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def named(title):
    """What the first columns of a section's tables name, with what stands in brackets behind it."""
    cells = re.findall(r"^\| (`.+?) \|", section(title), re.MULTILINE)
    found = re.findall(r"`(\w+)(?:\((.*?)\))?`", " ".join(cells))
    names = [name for name, _ in found]
    assert len(names) == len(set(names))
    return dict(found)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def arguments(method):
    return ", ".join(list(inspect.signature(method).parameters)[1:])


def test_the_view_has_what_the_guide_says_and_nothing_else():
    told = named("The view")
    assert set(told) == public(View)
    for name in ("quote_buy", "quote_sell", "borrowers"):
        assert told[name] == arguments(getattr(View, name))


def test_the_desk_has_what_the_guide_says_and_nothing_else():
    told = named("The desk")
    assert set(told) == public(Desk)
    assert told == {name: arguments(getattr(Desk, name)) for name in told}


def test_the_budget_has_what_the_guide_says_and_nothing_else():
    rows = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", section("Budgets"), re.MULTILINE))
    defaults = {name: field.default for name, field in BudgetSettings.model_fields.items()}
    assert rows == {name: "all" if default == () else f"{default:g}" for name, default in defaults.items()}


@pytest.mark.parametrize("fields", [Alert._fields, Borrowers._fields, tuple(typing.get_type_hints(Outcome))], ids=str)
def test_the_parts_of_what_is_shown_are_named(fields):
    assert all(f"`{field}`" in GUIDE or f".{field}`" in GUIDE for field in fields)


def test_limits_and_imports_are_those_of_the_code():
    rules = section("What it may do")
    assert f"at most {decide.CALLS}," in rules
    for module in set(registry.ALLOWED) - {"__future__", "typing_extensions", "terrarium.agents"}:
        assert f"`{module}`" in rules


def test_every_strategy_of_ours_links_nowhere_dead():
    for target in re.findall(r"\]\(([^)#]+)", GUIDE):
        assert (ROOT / "docs" / target).exists()
    assert "docs/strategies.md" in (ROOT / "README.md").read_text(encoding="utf-8")


# The example, as its reader would go about it


@pytest.fixture
def reader(tmp_path):
    """A folder with mine.toml in it, made as the guide says."""
    scenario = (scenarios.FOLDER / "property_crash.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(scenario + "\n" + blocks("toml")[0], encoding="utf-8")
    return tmp_path


def python(folder, *words, path=ROOT):
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_in_agents_runs_from_the_command_line_and_trades(reader):
    # a checkout of its own, so that the file lies in agents/ and nobody else meets it
    checkout = reader / "checkout"
    (checkout / "terrarium" / "agents").mkdir(parents=True)
    for entry in (ROOT / "terrarium").iterdir():
        (checkout / "terrarium" / entry.name).symlink_to(entry)
    for entry in (ROOT / "agents").glob("*.py"):
        (checkout / "terrarium" / "agents" / entry.name).symlink_to(entry)
    (checkout / "terrarium" / "agents" / "rebalancer.py").write_text(blocks("python")[0], encoding="utf-8")
    command = ["-c", "from terrarium.cli import main; main()"]
    (line,) = re.findall(r"^\$ terrarium (run .*)$", GUIDE, re.MULTILINE)
    python(reader, *command, *line.split(), "--agents", "40", "--ticks", "8", "--set", "shocks=[]", path=checkout)
    run = terrarium.open_run(reader / "runs" / "property_crash-1")
    assert run.meta["status"] == "finished"
    assert run.actions.empty
    agents = run.agents[run.agents["strategy"] == "rebalancer"]
    assert len(agents) >= 1
    assert all('"band"' in params for params in agents["params"])
    done = run.transactions[run.transactions["strategy"] == "rebalancer"]
    assert done["ok"].mean() > 0.5
    assert set(done["verb"]) <= {"buy", "sell"}
    # 180,000 dollars, of which 80,000 are invested and 144,000 should be: it buys
    assert (done[done["ok"]]["verb"] == "buy").sum() > 3


def test_the_example_in_a_folder_of_ones_own_runs_from_the_library_and_trades(reader):
    (reader / "my_strategies").mkdir()
    example, use, where = blocks("python")
    (reader / "my_strategies" / "rebalancer.py").write_text(example, encoding="utf-8")
    said = python(reader, "-c", where + "\n" + use)
    assert re.search(r"^buy +\d+ +[1-9]", said, re.MULTILINE), said
    assert "Empty DataFrame" in said  # nobody was benched


def test_the_example_is_one_that_we_would_take(reader):
    path = reader / "rebalancer.py"
    path.write_text(blocks("python")[0], encoding="utf-8")
    registry.inspect_source(path)
    for step in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        ruff = [sys.executable, "-m", "ruff", *step, "--config", str(ROOT / "pyproject.toml"), str(path)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
