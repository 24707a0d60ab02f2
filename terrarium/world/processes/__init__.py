"""Physical processes, one a file: a scenario names the file."""

from __future__ import annotations

import sys

from terrarium.world.parameters import kinds
from terrarium.world.process import Process


def processes() -> dict[str, type[Process]]:
    """Process classes by name of their file, in alphabetical order."""
    return kinds(sys.modules[__name__], Process)  # type: ignore[type-abstract]
