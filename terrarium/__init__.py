"""A testbed for autonomous agents that trade tokenised real-world assets on real contracts.

run = terrarium.run("property_crash", agents=200, seed=7, engine="revm")     # or open_run("runs/…")
run.prices.plot()
run.sql("select strategy, sum(bad_debt) from liquidations group by 1")
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

__all__ = ["__version__", "open_run", "replay", "resume", "run"]
__version__ = version("terrarium")

if TYPE_CHECKING:
    from terrarium.experiments.replay import replay
    from terrarium.record.reader import open_run
    from terrarium.sim.simulation import resume
    from terrarium.sim.simulation import simulate as run


def __getattr__(name: str) -> Any:
    """Load the public functions when they are first asked for: importing `terrarium` stays instant."""
    from importlib import import_module

    where = {
        "run": ("terrarium.sim.simulation", "simulate"),
        "resume": ("terrarium.sim.simulation", "resume"),
        "open_run": ("terrarium.record.reader", "open_run"),
        "replay": ("terrarium.experiments.replay", "replay"),
    }
    if name not in where:
        raise AttributeError(f"module 'terrarium' has no attribute {name!r}")
    module, attribute = where[name]
    return getattr(import_module(module), attribute)
