"""What the monitor says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WARNING, CRITICAL = 1, 2


@dataclass(frozen=True, slots=True)
class Alert:
    """One finding: a rule's value reached a threshold.

    ``subject`` is the asset's name. ``value`` and ``threshold`` are in the rule's own unit. ``evidence`` holds the
    figures that the value was computed from, so that the finding can be checked.
    """

    block: int
    rule: str
    subject: str
    asset: int
    severity: int
    value: float
    threshold: float
    evidence: Mapping[str, float]
