"""From a scenario's tables to checked parameters, and the folders that say which kinds there are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from terrarium.errors import ScenarioError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Floats = npt.NDArray[np.float64]
T = TypeVar("T")
D = TypeVar("D", bound="DataclassInstance")

DAYS = 365.0  # per year
YEAR = DAYS * 86_400.0  # seconds


def kinds(folder: ModuleType, base: type[T]) -> dict[str, type[T]]:
    """Classes of a folder by file name, in alphabetical order: ``real_estate.py`` holds ``RealEstate(base)``.

    Raises `ScenarioError` where a file does not hold the class its name promises.
    """
    found = {}
    for name in sorted(m.name for m in pkgutil.iter_modules(folder.__path__)):
        wanted = "".join(part.capitalize() for part in name.split("_"))
        cls = getattr(importlib.import_module(f"{folder.__name__}.{name}"), wanted, None)
        if not (isinstance(cls, type) and base in cls.__bases__):
            raise ScenarioError(f"{folder.__name__}.{name}: must hold `class {wanted}({base.__name__})`")
        found[name] = cls
    return found


def choose(known: Mapping[str, T], name: str, where: str) -> T:
    """``known[name]``, or a `ScenarioError` that says what there is."""
    if name not in known:
        raise ScenarioError(f"{where}: there is no {name!r}; there are {', '.join(known)}")
    return known[name]


def read(cls: type[D], raw: Mapping[str, Any], where: str) -> D:
    """A ``cls`` filled from ``raw``, its types and bounds checked by pydantic.

    Raises `ScenarioError` naming ``where``, the parameter, its value and what would do.
    """
    known = [f.name for f in fields(cls)]
    for name in raw:
        if name not in known:
            raise ScenarioError(f"{where}.{name}: there is no such parameter; there are {', '.join(known)}")
    try:
        return TypeAdapter(cls).validate_python(dict(raw))
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # parameters that do not go together: the message has their names and values
            raise ScenarioError(f"{where}: {_plain(first['msg'])}") from None
        name = ".".join([where, *map(str, first["loc"])])
        raise ScenarioError(f"{name}: {first['input']!r} will not do: {_plain(first['msg'])}") from None


def _plain(message: str) -> str:
    """Pydantic's remedy without its prefixes."""
    return message.removeprefix("Value error, ").replace("Input should", "it should")


class Columns:
    """Parameters of k assets, each read as an array: ``Columns(params).growth`` is float64[k]."""

    def __init__(self, params: Sequence[DataclassInstance]) -> None:
        self._columns = {f.name: np.array([getattr(p, f.name) for p in params]) for f in fields(params[0])}

    def __getattr__(self, name: str) -> Floats:
        try:
            return self._columns[name]
        except KeyError:
            raise AttributeError(name) from None
