"""Compiled contracts: ABI and bytecode by name, with codecs ready for use.

The files are made by `terrarium.chain.compile` and travel in the wheel.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from terrarium.chain.codec import Errors, Event, Function, encode, type_of
from terrarium.errors import ToolError

FOLDER = Path(__file__).parents[1] / "artifacts"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One contract. ``bytecode`` creates it; ``runtime`` is what then stands on chain, immutables as zeros."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime: bytes
    source: Mapping[str, Any]  # our file and compiler settings, or the npm package and version
    _functions: dict[str, Function] = field(default_factory=dict, repr=False, compare=False)
    _events: dict[str, Event] = field(default_factory=dict, repr=False, compare=False)

    def fn(self, name: str) -> Function:
        """The codec of a function, by name, or by signature such as ``transfer(address,uint256)`` if overloaded."""
        if name not in self._functions:
            self._functions[name] = Function(self._entry("function", name))
        return self._functions[name]

    def event(self, name: str) -> Event:
        """The codec of an event, by name or signature."""
        if name not in self._events:
            self._events[name] = Event(self._entry("event", name))
        return self._events[name]

    def events(self) -> dict[bytes, Event]:
        """Codecs of all events that are not anonymous, by topic."""
        return {
            event.topic0: event
            for entry in self.abi
            if entry["type"] == "event" and not entry.get("anonymous")
            for event in [Event(entry)]
        }

    def creation(self, *args: Any) -> bytes:
        """Data of the transaction that creates the contract with these constructor arguments."""
        inputs: list[dict[str, Any]] = next(
            (entry["inputs"] for entry in self.abi if entry["type"] == "constructor"), []
        )
        return self.bytecode + encode([type_of(i) for i in inputs], args, f"constructor of {self.name}")

    def _entry(self, kind: str, name: str) -> dict[str, Any]:
        found = [
            entry
            for entry in self.abi
            if entry["type"] == kind
            and name in (entry["name"], f"{entry['name']}({','.join(type_of(i) for i in entry['inputs'])})")
        ]
        if len(found) != 1:
            raise LookupError(f"{self.name} has {len(found)} {kind}s {name!r}")
        return found[0]


@cache
def load(name: str) -> Artifact:
    """The contract called ``name``. Raises `ToolError` where the artifacts have not been made."""
    path = FOLDER / f"{name}.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        there = f"there are {', '.join(names())}" if names() else "none were compiled yet: run `make setup`"
        raise ToolError(f"no compiled contract {name!r}; {there}") from None
    except (OSError, ValueError) as error:
        raise ToolError(f"{path.name}: unreadable artifact ({error}): run `make setup` again") from None
    code, runtime = (bytes.fromhex(data[key][2:]) for key in ("bytecode", "runtime"))
    return Artifact(data["name"], data["abi"], code, runtime, data["source"])


@cache
def names() -> tuple[str, ...]:
    """Names of all compiled contracts, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def errors() -> Errors:
    """The decoder of every custom error of every contract."""
    return Errors(load(name).abi for name in names())
