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

# fmt: off
ALLOWED = ("__future__", "collections", "dataclasses", "enum", "functools", "itertools", "math", "typing",
           "typing_extensions", "numpy", "pandas", "scipy", "pydantic", "terrarium.agents", "terrarium.sim.strategy",
           "terrarium.sim.utility", "terrarium.sim.view")
FORBIDDEN = {"BaseException", "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "getattr", "globals",
             "input", "locals", "open", "setattr", "vars"}
CONTAINERS = {"Counter", "OrderedDict", "array", "bytearray", "defaultdict", "deque", "dict", "empty", "full", "list",
              "ones", "set", "zeros"}
MUTABLE = {"Counter", "OrderedDict", "array", "bytearray", "defaultdict", "deque", "dict", "empty", "full", "list",
           "ones", "set", "zeros"}
# fmt: on


@cache
def strategies() -> dict[str, type[Strategy]]:
    """Strategy classes by name of their file, in alphabetical order.

    Raises `InputError` where a file cannot be loaded, does not hold the class its name promises, or reaches past the
    seam (see `inspect_source`).
    """
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(terrarium.agents.__path__) if not m.name.startswith("_")):
        inspect_source(source(module))
        try:
            loaded = importlib.import_module(f"terrarium.agents.{module}")
        except Exception as error:
            raise InputError(f"agents/{module}.py: does not load: {type(error).__name__}: {error}") from error
        wanted = "".join(part.capitalize() for part in module.split("_"))
        cls = getattr(loaded, wanted, None)
        if not (isinstance(cls, type) and Strategy in cls.__bases__ and "__dataclass_fields__" in vars(cls)):
            raise InputError(f"agents/{module}.py: must hold a `@dataclass` that reads `class {wanted}(Strategy)`")
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
    """Refuse a strategy that could see past its budget, share what it learns, or draw from anything but ``rng``:
    imports outside `ALLOWED`, private attributes of anything but ``self``, built-ins that reach around either, state
    that all agents would share, and handlers that would catch the watchdog. Raises `InputError` with file and line.

    This keeps honest code honest; it is no sandbox for hostile code.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        raise InputError(f"{path.name}:{error.lineno}: is no Python: {error.msg}") from None
    except ValueError as error:  # not UTF-8 either
        raise InputError(f"{path.name}: is no Python: {error}") from None
    shared = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef) for part in node.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler):
            fault = _fault(node) or (_kept(node) if id(node) in shared else None)
            if fault:
                raise InputError(f"{path.name}:{node.lineno}: a strategy {fault}")


def _fault(node: ast.AST) -> str | None:
    match node:
        case ast.Import(names=names):
            wanted = [alias.name for alias in names]
        case ast.ImportFrom(level=level) if level:
            return "may not import relative to itself; say `from terrarium.agents.… import …`"
        case ast.ImportFrom(module=str(module), names=names):
            wanted = [f"{module}.{alias.name}" for alias in names]
        case (
            ast.Attribute(value=ast.Attribute(attr="random"))
            | ast.Attribute(attr="random", value=ast.Name(id="np" | "numpy"))
        ):
            return "must draw from `rng` only, never from numpy.random"
        case ast.Attribute(attr="__post_init__") | ast.Attribute(value=ast.Name(id="self")):
            return None
        case ast.Attribute(attr=attr) if attr.startswith("_"):
            return f"may not read the private attribute {attr!r}"
        case ast.Name(id=name) if name in FORBIDDEN:
            return f"may not use {name!r}"
        case ast.Global(names=names):
            return f"may not keep what all agents would share ({', '.join(names)}): make it a field"
        case ast.ExceptHandler(type=None):
            return "may not catch everything: name the exceptions, `except Exception` at the widest"
        case _:
            return None
    refused = [name for name in wanted if not _allowed(name)]
    return f"may not import {refused[0]!r}; use what `view` and `rng` give" if refused else None


def _kept(node: ast.AST) -> str | None:
    """What is wrong with a statement in a module or class: something that changes would be shared by all agents."""
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) or node.value is None:
        return None
    match node.value:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            pass
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in MUTABLE:
            pass
        case _:
            return None
    return "may not keep what all agents would share: make it a field(default_factory=…), or a tuple"


def _allowed(name: str) -> bool:
    known = any(name == root or name.startswith(root + ".") for root in ALLOWED)
    drawing = name.startswith("numpy.random") and name != "numpy.random.Generator"
    return known and not drawing
