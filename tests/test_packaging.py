"""What is installed: the wheel is whole and needs no Node; importing stays light; the lock names no machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from terrarium.chain import compile as compiling

ROOT = Path(__file__).parents[1]
SITE = Path(sysconfig.get_path("purelib"))


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what git would clone, with the compiled contracts of this checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in run("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    shutil.copytree(compiling.OUT, source / "terrarium" / "artifacts", dirs_exist_ok=True)
    out = tmp_path_factory.mktemp("dist")
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    run(sys.executable, "-c", build, out, cwd=source)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a venv that holds the wheel, and this venv's packages without their Terrarium."""
    venv = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    python = venv / "bin" / "python"
    # Appended after the wheel, and without the .pth files that make this checkout importable
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "dependencies.pth").write_text(f"{SITE}\n")
    return venv / "bin"


def bare(installed: Path) -> dict[str, str]:
    """An environment in which nothing but the venv can be found."""
    return {"PATH": str(installed), "HOME": os.environ.get("HOME", "/"), "PYTHONSAFEPATH": "1"}


def test_the_wheel_holds_contracts_scenarios_agents_and_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    contracts = {name for name in names if name.startswith("terrarium/artifacts/")}
    assert {f"terrarium/artifacts/{path.name}" for path in compiling.OUT.glob("*.json")} == contracts
    for folder, pattern, there in (
        ("agents", "*.py", "terrarium/agents"),
        ("terrarium/scenarios", "*.toml", "terrarium/scenarios"),
        ("terrarium/report", "**/*.[!p]*", "terrarium/report"),
    ):
        wanted = [p for p in (ROOT / folder).glob(pattern) if p.is_file() and "__pycache__" not in p.parts]
        missing = {f"{there}/{p.relative_to(ROOT / folder).as_posix()}" for p in wanted} - names
        assert not missing
    assert not [name for name in names if name.startswith(("tests/", "agents/", "scripts/", "build/"))]


def test_installed_from_a_wheel_it_needs_no_node(installed: Path, tmp_path: Path) -> None:
    where = run(
        installed / "python", "-c", "import terrarium; print(terrarium.__file__)", cwd=tmp_path, env=bare(installed)
    )
    assert Path(where.strip()).is_relative_to(installed.parent), "must not be this checkout"
    load = "from terrarium.chain import artifacts as a; print(len([a.load(n) for n in a.names()]))"
    assert int(run(installed / "python", "-c", load, cwd=tmp_path, env=bare(installed))) > 30


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="pyrevm is not built for this Python")
def test_installed_from_a_wheel_the_command_runs_a_scenario(installed: Path, tmp_path: Path) -> None:
    command = (installed / "python", "-c", "from terrarium.cli import main; main()")
    assert "property_crash" in run(*command, "list", cwd=tmp_path, env=bare(installed))
    small = ("--engine", "revm", "--agents", "20", "--ticks", "3", "--set", "shocks=[]", "--out", "here", "--report")
    run(*command, "run", "property_crash", *small, cwd=tmp_path, env=bare(installed))
    assert (tmp_path / "here" / "run.json").exists()
    assert (tmp_path / "here" / "report.html").exists()


def test_without_contracts_node_or_network_the_build_says_what_is_missing(tmp_path: Path) -> None:
    for name in ("setup.py", "pyproject.toml", "package.json", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("terrarium", "contracts", "agents"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "artifacts"))
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "install Node 20 or newer" in done.stderr


def test_importing_terrarium_imports_neither_ape_nor_anything_slow() -> None:
    loaded = run(sys.executable, "-c", "import sys, terrarium; print(*sys.modules)").split()
    assert not {"ape", "web3", "pandas", "plotly", "scipy"} & set(loaded)
    everything = (
        "import importlib, pkgutil, sys, terrarium, terrarium.agents\n"
        "for package in (terrarium, terrarium.agents):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "print(*sys.modules)"
    )
    assert "ape" not in run(sys.executable, "-c", everything).split()


def test_the_locks_name_no_machine_and_no_registry() -> None:
    python, npm = ((ROOT / name).read_text() for name in ("requirements.lock", "package-lock.json"))
    assert "--hash=sha256:" in python
    assert "://" not in python
    packages = json.loads(npm)["packages"].values()
    assert [p["resolved"] for p in packages if "resolved" in p] == ["file:scripts/forge"]
    for text in (python, npm):
        assert not re.search(r"/home/|/root/|/work/|/tmp/|/Users/", text)
