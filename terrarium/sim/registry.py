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
    """Refuse a strategy that could see past its budget, or draw from anything but ``rng``: imports outside `ALLOWED`,
    private attributes of anything but ``self``, built-ins that reach around either, memory that all agents would share,
    and handlers that would catch the watchdog. Raises `InputError` with file and line.

    This keeps honest code honest; it is no sandbox for hostile code.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        raise InputError(f"{path.name}:{error.lineno}: is no Python: {error.msg}") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path.name}: is no Python: {error}") from None
    numpy = _names_of_numpy(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler) and (fault := _fault(node, numpy)):
            raise InputError(f"{path.name}:{node.lineno}: a strategy {fault}")
    for body in [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]:
        for node in body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and _is_container(node.value):
                raise InputError(f"{path.name}:{node.lineno}: a strategy {SHARED}")


SHARED = "may not keep what all agents would share; use a field, `field(default_factory=…, init=False)`"


def _fault(node: ast.AST, numpy: set[str]) -> str | None:
    match node:
        case ast.Import(names=names):
            refused = [alias.name for alias in names if not _allowed(alias.name)]
        case ast.ImportFrom(level=level) if level:
            return "may not import relatively; say terrarium.agents.…"
        case ast.ImportFrom(module="numpy.random", names=[ast.alias(name="Generator")]):
            return None
        case ast.ImportFrom(module=str(module), names=names):
            refused = [module] if not _allowed(module) else []
            refused += [f"{module}.{alias.name}" for alias in names if not _allowed(f"{module}.{alias.name}")]
        case ast.Attribute(attr="random", value=ast.Name(id=owner)) if owner in numpy:
            return "draws from `rng` only, never from numpy.random"
        case ast.Attribute(attr="__post_init__") | ast.Attribute(value=ast.Name(id="self")):
            return None
        case ast.Attribute(attr=attr) if attr.startswith("_"):
            return f"may not read the private attribute {attr!r}"
        case ast.Name(id=name) if name in FORBIDDEN:
            return f"may not use {name!r}"
        case ast.Global():
            return SHARED
        case ast.ExceptHandler(type=None):
            return "may not catch everything: name the exceptions, `except Exception` at the widest"
        case _:
            return None
    return f"may not import {refused[0]!r}; use what `view` and `rng` give" if refused else None


def _allowed(module: str) -> bool:
    known = any(module == root or module.startswith(root + ".") for root in ALLOWED)
    return known and not (module + ".").startswith("numpy.random.")


def _is_container(value: ast.expr | None) -> bool:
    match value:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in CONTAINERS
    return False


def _names_of_numpy(tree: ast.AST) -> set[str]:
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return {alias.asname or "numpy" for alias in imports if alias.name.partition(".")[0] == "numpy"}
