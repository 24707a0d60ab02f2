"""How long one waits before anything happens: imports, the command, a node, a whole economy."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from benchmarks.figures import Chart, Figure, Result
from benchmarks.market import scenario
from terrarium.chain.engines import open_chain
from terrarium.market.deploy import deploy

HOW = (
    "Whole processes of Python, as one feels them, less what an empty one takes where it says so; then a chain "
    "from nothing to its first answer, and the deployment of T-REX, ONCHAINID, Uniswap V2, Morpho Blue and our "
    "own contracts on it, with one asset. Median of the rounds, on the clock."
)
COMMAND = "from terrarium.cli import main; main()"
PROCESSES = {
    "import terrarium": ("import terrarium",),
    "terrarium --help": (COMMAND, "--help"),
    "terrarium list": (COMMAND, "list"),
    "import all that a run needs": ("import terrarium.sim.simulation",),
}


def run(quick: bool) -> Result:
    """Measure processes, then engines."""
    rounds = 1 if quick else 9
    empty = _process(rounds, "pass")
    figures = [Figure("python itself", empty * 1e3, "ms")]
    bars: dict[str, float] = {"python itself": empty * 1e3}
    for name, arguments in PROCESSES.items():
        took = _process(rounds, *arguments)
        figures.append(Figure(f"{name}, beyond python itself", (took - empty) * 1e3, "ms"))
        bars[name] = took * 1e3
    for engine, label in (("revm", "in process"), ("anvil", "Anvil")):
        opened, deployed = _chain(engine, 1 if quick else 5)
        figures += [
            Figure(f"{label}: a chain", opened * 1e3, "ms"),
            Figure(f"{label}: an economy on it", deployed * 1e3, "ms"),
        ]
        bars |= {f"a chain, {label}": opened * 1e3, f"an economy, {label}": deployed * 1e3}
    chart = Chart("Before anything happens", "ms", bars, others=("python itself",))
    return Result("before anything happens", HOW, figures, [chart])


def _process(rounds: int, *arguments: str) -> float:
    """Seconds of ``python -c`` with these arguments."""
    command = [sys.executable, "-c", *arguments]
    return median(_seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(rounds))


def _chain(engine: str, rounds: int) -> tuple[float, float]:
    """Seconds to open a chain, and to deploy an economy on it."""
    opened, deployed = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        with open_chain(engine) as chain:
            opened.append(time.perf_counter() - start)
            deployed.append(_seconds(lambda chain=chain: deploy(chain, scenario(1, 1), 0)))
    return median(opened), median(deployed)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
