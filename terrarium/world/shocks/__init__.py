"""Shocks, one a file: a scenario names the file."""

from __future__ import annotations

import sys

from terrarium.world.parameters import kinds
from terrarium.world.shock import Shock


def shocks() -> dict[str, type[Shock]]:
    """Shock classes by name of their file, in alphabetical order."""
    return kinds(sys.modules[__name__], Shock)
