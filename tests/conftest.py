"""Two runners share this folder: pytest runs everything but tests/contracts, `ape test` runs tests/contracts only.

Ape's plug-in starts a node and takes a snapshot around every test, so plain pytest goes without it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# In a fresh clone Hypothesis first has to look at all of Unicode, and a busy machine is slow: neither is a failure.
# The same commit gives the same verdict; `pytest --hypothesis-profile=explore` looks elsewhere every time.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("terrarium", settings.get_profile("explore"), derandomize=True)
settings.load_profile("terrarium")

CONTRACTS = Path(__file__).parent / "contracts"


def under_ape(config: pytest.Config) -> bool:
    """Whether `ape test` called: it names its plug-in, pytest merely finds it installed."""
    return "ape_test" in (config.invocation_params.plugins or ())


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Put Ape's plug-in off before it is configured."""
    config = pluginmanager.get_plugin("pytestconfig")
    if not under_ape(config):
        pluginmanager.set_blocked("ape_test")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the other runner's tests."""
    inside = collection_path.is_relative_to(CONTRACTS)
    leads_there = CONTRACTS.is_relative_to(collection_path)
    return True if (not inside and not leads_there if under_ape(config) else inside) else None
