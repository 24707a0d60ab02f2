"""Static ABI types as 32-byte words: one value at a time, and whole numpy columns at once.

Columns by type: intN and uintN are int64 where every value fits, else object arrays of Python ints; address is uint8[n,
20]; bytesN is uint8[n, N]; bool is bool[n].
"""

from __future__ import annotations

import operator
import re
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from terrarium.errors import InputError

Bytes = npt.NDArray[np.uint8]
Column = npt.NDArray[Any]
WORD = np.dtype(">u8")  # a 32-byte word is four of these
HIGH = 2**63


class Scalar(NamedTuple):
    """A static elementary type."""

    kind: str  # "uint", "int", "bytes", "address" or "bool"
    size: int  # bits of a number, bytes of a bytesN

    @property
    def name(self) -> str:
        return self.kind if self.kind in ("address", "bool") else f"{self.kind}{self.size}"


@cache
def scalar(name: str) -> Scalar | None:
    """The static elementary type called ``name``; None for every other type."""
    if name in ("address", "bool"):
        return Scalar(name, 20 if name == "address" else 1)
    match = re.fullmatch(r"(uint|int|bytes)(\d{1,3})", name)
    if not match:
        return None
    kind, size = match[1], int(match[2])
    good = 1 <= size <= 32 if kind == "bytes" else 8 <= size <= 256 and size % 8 == 0
    return Scalar(kind, size) if good else None


def pack(kind: Scalar, value: Any) -> bytes:
    """One value as a word. Raises `InputError` when it does not fit."""
    try:
        if kind.kind == "uint":
            number = operator.index(value)
            if number >> kind.size == 0:
                return number.to_bytes(32, "big")
        elif kind.kind == "address":
            raw = bytes.fromhex(value[2:]) if isinstance(value, str) and value[:2] == "0x" else bytes(value)
            if len(raw) == 20:
                return b"\0\0\0\0\0\0\0\0\0\0\0\0" + raw
        elif kind.kind == "int":
            number = operator.index(value)
            if -(1 << kind.size - 1) <= number < 1 << kind.size - 1:
                return number.to_bytes(32, "big", signed=True)
        elif kind.kind == "bytes":
            raw = bytes.fromhex(value[2:]) if isinstance(value, str) and value[:2] == "0x" else _raw(value)
            if len(raw) == kind.size:
                return raw + bytes(32 - kind.size)
        elif value in (False, True):
            return bytes(31) + (b"\1" if value else b"\0")
    except (TypeError, ValueError):
        pass
    raise InputError(f"{value!r} is no {kind.name}")


def _raw(value: Any) -> bytes:
    """bytes(value), but not bytes(5), which would be five zeros."""
    if isinstance(value, (bytes, bytearray, memoryview)) or (isinstance(value, np.ndarray) and value.dtype == np.uint8):
        return bytes(value)
    raise TypeError("not bytes")


def unpack(kind: Scalar, word: bytes) -> Any:
    """The value in a word: int, bool, bytes, or an address as lower-case "0x…". Raises ValueError when the padding is
    not clean."""
    if kind.kind == "uint":
        number = int.from_bytes(word, "big")
        if number >> kind.size == 0:
            return number
    elif kind.kind == "address":
        if not any(word[:12]):
            return "0x" + word[12:].hex()
    elif kind.kind == "int":
        number = int.from_bytes(word, "big", signed=True)
        if -(1 << kind.size - 1) <= number < 1 << kind.size - 1:
            return number
    elif kind.kind == "bytes":
        if not any(word[kind.size :]):
            return word[: kind.size]
    else:
        number = int.from_bytes(word, "big")
        if number < 2:
            return bool(number)
    raise ValueError(f"0x{word.hex()} is no {kind.name}")


def pack_column(kind: Scalar, column: Any, n: int) -> Bytes:
    """n values as words, uint8[n, 32]. One value instead of a column stands for n equal ones. Raises `InputError` when
    any does not fit."""
    out = np.zeros((n, 32), np.uint8)
    if not is_column(kind, column):
        out[:] = np.frombuffer(pack(kind, column), np.uint8)
        return out
    if len(column) != n:
        raise InputError(f"{len(column)} values of {kind.name} where the other columns have {n}")
    array = column if isinstance(column, np.ndarray) else _array(column)
    if kind.kind in ("address", "bytes") and array.dtype == np.uint8 and array.shape == (n, kind.size):
        start = 12 if kind.kind == "address" else 0
        out[:, start : start + kind.size] = array
    elif kind.kind == "bool" and array.dtype == np.bool_:
        out[:, 31] = array
    elif kind.kind in ("int", "uint") and array.dtype.kind in "iu" and array.ndim == 1:
        words = out.view(WORD)
        words[:, 3] = array.astype(np.uint64)
        if array.dtype.kind == "i":
            words[:, :3] = np.where(array < 0, np.uint64(2**64 - 1), np.uint64(0))[:, None]
        bad = ~clean(kind, out)
        if array.dtype.kind == "i" and kind.kind == "uint":
            bad |= array < 0
        if bad.any():
            raise InputError(f"{array[bad][0]} is no {kind.name}")
    else:
        joined = b"".join(
            [pack(kind, value) for value in array.tolist()] if array.dtype != object else [pack(kind, v) for v in array]
        )
        out = np.frombuffer(joined, np.uint8).reshape(n, 32)
    return out


def is_column(kind: Scalar, value: Any) -> bool:
    """Whether ``value`` holds many values (a list, or an array with one more dimension than a single value has)."""
    if isinstance(value, np.ndarray):
        return value.ndim == (2 if kind.kind in ("address", "bytes") and value.dtype == np.uint8 else 1)
    return isinstance(value, (list, tuple))


def _array(values: Any) -> Column:
    """A list as an object array, so that numpy does not round big ints or cut bytes."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def unpack_column(kind: Scalar, words: Bytes) -> Column:
    """The values in ``words``, uint8[n, 32], as the module's docstring says. The words must be `clean`."""
    if kind.kind == "address":
        return words[:, 12:]
    if kind.kind == "bytes":
        return words[:, : kind.size]
    parts = np.ascontiguousarray(words).view(WORD)
    low = parts[:, 3].astype(np.uint64)
    if kind.kind == "bool":
        return low.astype(np.bool_)
    if kind.size < 64 or (kind.size == 64 and kind.kind == "int"):
        return low.view(np.int64)
    high = np.where(low >= HIGH, np.uint64(2**64 - 1), np.uint64(0)) if kind.kind == "int" else np.uint64(0)
    small = (parts[:, 0] == high) & (parts[:, 1] == high) & (parts[:, 2] == high)
    if kind.kind == "uint":
        small &= low < HIGH
    if small.all():
        return low.view(np.int64)
    raw = np.ascontiguousarray(words).tobytes()
    signed = kind.kind == "int"
    return _array([int.from_bytes(raw[i : i + 32], "big", signed=signed) for i in range(0, len(raw), 32)])


def clean(kind: Scalar, words: Bytes) -> npt.NDArray[np.bool_]:
    """Which of ``words``, uint8[n, 32], hold a value of this type with clean padding, as a compiler writes it."""
    good: npt.NDArray[np.bool_]
    lead = 32 - kind.size // 8
    if kind.kind == "address":
        good = ~words[:, :12].any(axis=1)
    elif kind.kind == "bytes":
        good = ~words[:, kind.size :].any(axis=1)
    elif kind.kind == "bool":
        good = ~words[:, :31].any(axis=1) & (words[:, 31] < 2)
    elif kind.size == 256:
        good = np.ones(len(words), np.bool_)
    elif kind.kind == "uint":
        good = ~words[:, :lead].any(axis=1)
    else:
        sign = np.where(words[:, lead] >= 128, np.uint8(255), np.uint8(0))
        good = (words[:, :lead] == sign[:, None]).all(axis=1)
    return good
