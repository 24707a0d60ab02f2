"""run.json: what was run, with what, and how it ended."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from terrarium.chain import artifacts
from terrarium.scenario import Scenario

NAME = "run.json"
LIBRARIES = ("terrarium", "web3", "pyrevm", "numpy", "pyarrow", "eth-abi", "scipy")


def describe(scenario: Scenario, engine: str, node: str | None = None) -> dict[str, Any]:
    """The start of a run.json: everything the run depends on, so that it can be said what has changed since.

    ``node`` is what the node says it is (``chain.w3.client_version``), None where there is no node.
    """
    return {
        "scenario": scenario.model_dump(mode="json"),
        "seed": scenario.seed,
        "engine": engine,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}, "node": node},
        "bytecode": {name: hashlib.sha256(artifacts.load(name).bytecode).hexdigest() for name in artifacts.names()},
        "agents": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _agent_files()},
    }


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two descriptions, in words: "agents/momentum.py", "web3 7.15.0 -> 7.16.0", …"""
    found = [f"{key} {then.get(key)} -> {now.get(key)}" for key in ("seed", "engine") if then.get(key) != now.get(key)]
    found += ["the scenario"] * (then.get("scenario") != now.get("scenario"))
    for kind, text in (("agents", "agents/{}"), ("bytecode", "bytecode of {}")):
        before, after = then.get(kind, {}), now.get(kind, {})
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                state = " (removed)" if name not in after else " (new)" if name not in before else ""
                found.append(text.format(name) + state)
    before, after = then.get("versions", {}), now.get("versions", {})
    return found + [
        f"{n} {before.get(n)} -> {after.get(n)}" for n in sorted({*before, *after}) if before.get(n) != after.get(n)
    ]


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _agent_files() -> list[Path]:
    spec = find_spec("terrarium.agents")
    folders = (spec.submodule_search_locations if spec else None) or [str(Path(__file__).parents[2] / "agents")]
    return sorted(path for folder in folders for path in Path(folder).glob("*.py"))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
