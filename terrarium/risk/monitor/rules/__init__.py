"""The alert rules: one file each; the folder is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from terrarium.errors import ScenarioError
from terrarium.risk.monitor.alerts import CRITICAL, WARNING
from terrarium.risk.monitor.series import Series


class Finding(NamedTuple):
    """A rule's value for one asset, and the figures behind it."""

    asset: int
    value: float
    evidence: Mapping[str, float]


@dataclass(frozen=True)
class Rule:
    """Base of every rule: values at or above ``warning`` or ``critical`` become alerts of that severity."""

    warning: float
    critical: float

    def __post_init__(self) -> None:
        if not 0 < self.warning <= self.critical:
            raise ValueError(f"warning ({self.warning}) must be above 0 and not above critical ({self.critical})")

    def severity(self, value: float) -> int:
        """CRITICAL, WARNING or 0."""
        return CRITICAL if value >= self.critical else WARNING if value >= self.warning else 0

    def measure(self, series: Series) -> Iterator[Finding]:
        """The value of every asset for which there is one now."""
        raise NotImplementedError


@cache
def rules() -> dict[str, type[Rule]]:
    """Rule classes by name of their file."""
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        name = "".join(part.capitalize() for part in module.split("_"))
        found[module] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return found


def build(name: str, params: Mapping[str, Any]) -> Rule:
    """Rule ``name`` with ``params``. Raises `ScenarioError` for an unknown rule or parameter, or a bad value."""
    known = rules()
    if name not in known:
        raise ScenarioError(f"monitor.{name}: no such rule; there are {', '.join(known)}")
    fields = known[name].__dataclass_fields__
    if unknown := set(params) - set(fields):
        raise ScenarioError(f"monitor.{name}.params.{min(unknown)}: no such parameter; there are {', '.join(fields)}")
    try:
        return TypeAdapter(known[name]).validate_python(dict(params))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["monitor", name, "params", *map(str, first["loc"])])
        raise ScenarioError(f"{where}: {first['msg']}; got {first['input']!r}") from None
