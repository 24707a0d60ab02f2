"""Looks at every block and says what crossed a threshold."""

from __future__ import annotations

from collections.abc import Mapping

from terrarium.risk.monitor.alerts import CRITICAL, Alert
from terrarium.risk.monitor.rules import Rule
from terrarium.risk.monitor.series import Observation, Series

RELEASE = (
    0.9  # a severity is held until the value falls below this share of its threshold, so that noise raises no flood
)


class Monitor:
    """Rules over the market's recent past.

    An alert is raised when a rule reaches a higher severity for an asset than it had, and again only after it fell
    back: a lasting condition is one alert, not one a block.
    """

    def __init__(self, names: tuple[str, ...], rules: Mapping[str, Rule]) -> None:
        self._rules = dict(rules)
        self._series = Series(names)
        self._standing: dict[tuple[str, int], int] = {}

    def observe(self, observation: Observation) -> list[Alert]:
        """The alerts that ``observation`` raises, most severe first."""
        self._series.append(observation)
        alerts = []
        standing = {}
        for name, rule in self._rules.items():
            for found in rule.measure(self._series):
                before = self._standing.get((name, found.asset), 0)
                reached = rule.severity(found.value)
                standing[name, found.asset] = max(reached, min(before, rule.severity(found.value / RELEASE)))
                if reached > before:
                    asset = self._series.names[found.asset]
                    limit = rule.critical if reached == CRITICAL else rule.warning
                    block = observation.block
                    alerts.append(Alert(block, name, asset, found.asset, reached, found.value, limit, found.evidence))
        self._standing = standing
        return sorted(alerts, key=lambda alert: -alert.severity)
