"""Finds strategies: a folder is its own registry. Refuses files that reach past the seam."""

from __future__ import annotations

import ast
import hashlib
import importlib
import pkgutil
from functools import cache
from pathlib import Path

import terrarium.agents
from terrarium.errors import InputError
from terrarium.sim.strategy import Strategy

ALLOWED = ("__future__", "collections", "dataclasses", "enum", "functools", "itertools", "math", "typing", "typing_extensions",
           "numpy", "pandas", "scipy", "pydantic", "terrarium.sim", "terrarium.agents")  # fmt: skip
FORBIDDEN = {
    "eval",
    "exec",
    "compile",
    "open",
    "getattr",
    "setattr",
    "delattr",
    "vars",
    "globals",
    "locals",
    "__import__",
    "input",
    "breakpoint",
}


@cache
def strategies() -> dict[str, type[Strategy]]:
    """Strategy classes by name of their file, in alphabetical order.

    Raises `InputError` where a file does not hold the class its name promises, or reaches past the seam (see `inspect_source`).
    """
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(terrarium.agents.__path__) if not m.name.startswith("_")):
        inspect_source(source(module))
        loaded = importlib.import_module(f"terrarium.agents.{module}")
        wanted = "".join(part.capitalize() for part in module.split("_"))
        cls = getattr(loaded, wanted, None)
        if not (isinstance(cls, type) and Strategy in cls.__bases__):
            raise InputError(f"agents/{module}.py: must hold `class {wanted}(Strategy)`")
        found[module] = cls
    return found


def source(name: str) -> Path:
    """The file of strategy ``name``."""
    for folder in terrarium.agents.__path__:
        if (path := Path(folder) / f"{name}.py").exists():
            return path
    raise InputError(f"strategy {name!r}: no such file in agents/")


def hashes() -> dict[str, str]:
    """SHA-256 of every strategy's file, by name: what a record needs to say which decisions were made."""
    return {name: hashlib.sha256(source(name).read_bytes()).hexdigest() for name in strategies()}


def inspect_source(path: Path) -> None:
    """Refuse a strategy that could see past its budget: imports outside `ALLOWED`, private attributes of anything but
    ``self``, or built-ins that reach around either. Raises `InputError` with file and line.

    This keeps honest code honest; it is no sandbox for hostile code.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case _:
                modules = []
        for module in modules:
            if not any(module == root or module.startswith(root + ".") for root in ALLOWED) or module.startswith(
                "numpy.random"
            ):
                if module != "numpy.random" or not _only_generator(node):
                    raise InputError(
                        f"{path.name}:{node.lineno}: a strategy may not import {module!r}; use what `view` and `rng` give"
                    )
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr == "__post_init__":
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                raise InputError(
                    f"{path.name}:{node.lineno}: a strategy may not read the private attribute {node.attr!r}"
                )
        if isinstance(node, ast.Name) and node.id in FORBIDDEN:
            raise InputError(f"{path.name}:{node.lineno}: a strategy may not use {node.id!r}")
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "random"
            and isinstance(node.value, ast.Name)
            and node.value.id in {"np", "numpy"}
        ):
            raise InputError(f"{path.name}:{node.lineno}: a strategy draws from `rng` only, never from numpy.random")


def _only_generator(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and all(alias.name == "Generator" for alias in node.names)
