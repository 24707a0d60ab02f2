"""Why a call failed, in words, with the errors of every contract we have compiled."""

from __future__ import annotations

from functools import cache

from terrarium.chain.codec import Errors
from terrarium.chain.types import Call
from terrarium.errors import ChainError, TerrariumError


class Reverted(ChainError):
    """A read-only call failed; ``output`` is what it gave (b"" for a bare revert or a halt)."""

    def __init__(self, index: int, call: Call, output: bytes, otherwise: str) -> None:
        what = call.verb or "0x" + call.data[:4].hex()
        super().__init__(f"call {index} ({what} on {call.to}) failed: {reason(output, otherwise)}")
        self.output = output


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
