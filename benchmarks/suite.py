"""The benchmarks there are, and how one is run."""

from __future__ import annotations

import importlib
import multiprocessing
import pkgutil
from concurrent.futures import ProcessPoolExecutor

from benchmarks import cases
from benchmarks.figures import Result


def names() -> list[str]:
    """The benchmarks there are: the files in `benchmarks.cases`."""
    return [module.name for module in pkgutil.iter_modules(cases.__path__)]


def measure(name: str, quick: bool) -> Result:
    """Run one benchmark in a process of its own, so that none feels what another has left in memory; a quick one, which
    measures nothing, here."""
    if quick:
        return _run(name, quick)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_run, name, quick).result()


def _run(name: str, quick: bool) -> Result:
    result: Result = importlib.import_module(f"benchmarks.cases.{name}").run(quick)
    return result
