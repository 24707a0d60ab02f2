"""Calldata with holes: encoded once by the general codec, filled in a microsecond."""

from __future__ import annotations

from enum import Enum
from typing import Any

from terrarium.chain.codec import Function

MARK = 0x7E44A41A_00000000_00000000_00000000_00000000  # below 2**160, so that it passes for an address too


class Hole(Enum):
    """What is filled in later; either way as an integer."""

    NUMBER = "a number"
    ADDRESS = "an address"


class Template:
    """Calls of one function that differ in a few of their arguments: give a `Hole` for each of those."""

    def __init__(self, function: Function, *args: Any) -> None:
        marked, count = [], 0
        for arg in args:
            if isinstance(arg, Hole):
                mark = MARK + count
                arg = f"0x{mark:040x}" if arg is Hole.ADDRESS else mark
                count += 1
            marked.append(arg)
        data = function(*marked)
        self._parts: list[bytes] = []
        at = 0
        for i in range(count):
            found = data.index((MARK + i).to_bytes(32, "big"), at)
            self._parts.append(data[at:found])
            at = found + 32
        self._tail = data[at:]

    def __call__(self, *values: int) -> bytes:
        """The calldata with ``values`` in the holes, in their order."""
        out = []
        for part, value in zip(self._parts, values, strict=True):
            out.append(part)
            out.append(value.to_bytes(32, "big"))
        out.append(self._tail)
        return b"".join(out)
