"""Why a call failed, in words, with the errors of every contract we have compiled."""

from __future__ import annotations

from functools import cache

from terrarium.chain.codec import Errors
from terrarium.errors import TerrariumError


@cache
def known_errors() -> Errors:
    """The errors of all artifacts; none where nothing is compiled yet."""
    from terrarium.chain import artifacts

    try:
        return artifacts.errors()
    except TerrariumError:
        return Errors([])


def reason(output: bytes, otherwise: str = "") -> str:
    """Revert data in words; ``otherwise``, or "reverted without a reason", where there is none."""
    return known_errors().reason(output) or otherwise or "reverted without a reason"
