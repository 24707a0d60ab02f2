"""The scenarios: one TOML file each; the folder is the registry."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from terrarium.errors import ScenarioError
from terrarium.scenario import Scenario

FOLDER = Path(__file__).parent
Location = tuple[int | str, ...]


def names() -> list[str]:
    """Names of the scenarios that come with Terrarium, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str, overrides: Iterable[str] = ()) -> Scenario:
    """Read the scenario called ``name``, or the file at that path, with ``path=value`` overrides applied.

    An override's path follows the tables: ``world.kappa=0.6``, ``agents.leveraged_fund.count=40`` (list entries by
    position, name or strategy); its value is TOML. Raises `ScenarioError` naming line, value and remedy.
    """
    path = FOLDER / f"{name}.toml" if name in names() else Path(name)
    if not path.is_file():
        raise ScenarioError(f"no scenario {name!r}; there are {', '.join(names())}, or give the path of a .toml file")
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: not valid TOML: {error}") from None
    overridden = [_override(data, override) for override in overrides]
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(_explain(path, text, error, overridden)) from None


def revised(scenario: Scenario, **changes: Any) -> Scenario:
    """``scenario`` with other values, checked as a file's are. Raises `ScenarioError`."""
    try:
        return Scenario.model_validate({**scenario.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "scenario"
        raise ScenarioError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


def locate(text: str, location: Location) -> int | None:
    """Line (from 1) of TOML ``text`` where the value at ``location`` stands, or else its table; None if neither."""
    best: tuple[int, int] | None = None  # (depth, line)
    counts: dict[tuple[str, ...], int] = {}
    table: Location = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$", line):
            keys = tuple(_keys(header[2]))
            if header[1] == "[[":
                counts[keys] = counts.get(keys, -1) + 1
            table = _indexed(keys, counts)
            here = table
        elif pair := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            here = (*table, *_keys(pair[1]))
        else:
            continue
        if location[: len(here)] == here and (best is None or len(here) >= best[0]):
            best = (len(here), number)
    return best[1] if best else None


def _keys(dotted: str) -> list[str]:
    return [key.strip("\"' ") for key in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted)]


def _indexed(keys: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> Location:
    """The header's keys with the positions of the array tables they pass through."""
    location: list[int | str] = []
    for depth, key in enumerate(keys, start=1):
        location.append(key)
        if keys[:depth] in counts:
            location.append(counts[keys[:depth]])
    return tuple(location)


def _override(data: dict[str, Any], override: str) -> Location:
    """Set one ``path=value`` in ``data``; returns where."""
    path, equals, value = override.partition("=")
    if not equals or not path.strip():
        raise ScenarioError(f"--set {override!r}: write path=value, for example --set world.kappa=0.6")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value  # a bare word is a string: order=adversarial
    node: Any = data
    location: list[int | str] = []
    *parents, last = path.strip().split(".")
    for key in parents:
        where = _entry(node, key, override) if isinstance(node, list) else key
        if isinstance(node, dict):
            node.setdefault(key, {})
        node = node[where]
        location.append(where)
        if not isinstance(node, dict | list):
            raise ScenarioError(
                f"--set {override!r}: {'.'.join(map(str, location))} is a value, it has nothing below it"
            )
    where = _entry(node, last, override) if isinstance(node, list) else last
    node[where] = parsed
    return (*location, where)


def _entry(items: list[Any], key: str, override: str) -> int:
    """Index of the list entry called ``key``: a position, a name, or a strategy that stands once."""
    labels = [
        str(item.get("name", item.get("strategy", item.get("rule", item.get("kind", "")))))
        if isinstance(item, dict)
        else ""
        for item in items
    ]
    if key.isdigit() and int(key) < len(items):
        return int(key)
    if labels.count(key) == 1:
        return labels.index(key)
    several = f"; {key!r} stands {labels.count(key)} times, give its position" if key in labels else ""
    raise ScenarioError(
        f"--set {override!r}: no entry {key!r}; there are 0 to {len(items) - 1}: {', '.join(labels)}{several}"
    )


def _explain(path: Path, text: str, error: ValidationError, overridden: list[Location]) -> str:
    lines = []
    for problem in error.errors():
        # pydantic names the branch of a union last; it is no part of the file
        location = tuple(
            part
            for part in problem["loc"]
            if not (isinstance(part, str) and (part[:1].isupper() or "[" in part or part in {"float", "int"}))
            or part in _all_keys(text)
        )
        dotted = ".".join(map(str, location)) or "scenario"
        line = locate(text, location)
        where = (
            "--set"
            if any(location[: len(o)] == o for o in overridden)
            else f"{path.name}:{line}"
            if line
            else path.name
        )
        message = problem["msg"].removeprefix("Value error, ")
        match problem["type"]:
            case "missing":
                message = "is missing; add it"
            case "extra_forbidden":
                message = f"is not known; {_known(location)}"
            case "value_error":
                pass
            case _:
                message = f"{message[0].lower()}{message[1:]}; got {problem['input']!r}"
        lines.append(
            f"{where}: {dotted}: {message}" if problem["type"] != "value_error" or location else f"{where}: {message}"
        )
    return "\n".join(dict.fromkeys(lines))


def _all_keys(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text))


def _known(location: Location) -> str:
    """The fields that stand beside an unknown one."""
    model: Any = Scenario
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if field is None:
            return "remove it"
        args = getattr(field.annotation, "__args__", (field.annotation,))
        model = next((a for a in args if hasattr(a, "model_fields")), None)
        if model is None:
            return "remove it"
    return f"there are {', '.join(model.model_fields)}"
