"""The ABI as numpy: calls for whole populations in, logs of a block out as columns.

Static elementary types go through numpy (`terrarium.chain.words`); everything else goes through eth_abi, which the
tests hold the fast path against. Addresses decode to lower-case "0x…" strings one by one and to uint8[n, 20] in
columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.encoding import TextStringEncoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import BaseEquals, registry
from eth_hash.auto import keccak

from terrarium.chain.types import Logs
from terrarium.chain.words import (
    WORD,
    Bytes,
    Column,
    Scalar,
    clean,
    is_column,
    pack,
    pack_column,
    scalar,
    unpack,
    unpack_column,
)
from terrarium.errors import InputError

Abi = Mapping[str, Any]
Rows = npt.NDArray[np.int64]


class _Text(StringDecoder):
    """Strings that are not UTF-8 are shown with escapes: a token's odd name must not hide its events."""

    def __init__(self) -> None:
        super().__init__("backslashreplace")  # type: ignore[no-untyped-call]


def _general() -> ABICodec:
    """eth_abi, with `_Text` for strings."""
    types = registry.copy()  # type: ignore[no-untyped-call]
    types.unregister("string")
    types.register(BaseEquals("string"), TextStringEncoder, _Text, label="string")  # type: ignore[no-untyped-call]
    return ABICodec(types)


GENERAL = _general()
MALFORMED = (DecodingError, ValueError, OverflowError)
UNFIT = (EncodingError, InputError, TypeError, ValueError, OverflowError)


def type_of(argument: Abi) -> str:
    """Canonical type of an ABI argument; structs become tuples: "(uint256,address)[]"."""
    name: str = argument["type"]
    if not name.startswith("tuple"):
        return name
    return "(" + ",".join(type_of(part) for part in argument["components"]) + ")" + name[5:]


def signature_of(entry: Abi) -> str:
    """Signature of a function, event or error: "transfer(address,uint256)"."""
    return f"{entry['name']}({','.join(type_of(i) for i in entry['inputs'])})"


class Function:
    """One function of an ABI: encodes calls to it and decodes what it returns."""

    def __init__(self, entry: Abi) -> None:
        self.name: str = entry["name"]
        self.signature = signature_of(entry)
        self.selector: bytes = keccak(self.signature.encode())[:4]
        self.inputs = [type_of(i) for i in entry["inputs"]]
        self.outputs = [type_of(o) for o in entry.get("outputs", ())]
        self._in = [scalar(t) for t in self.inputs]
        self._out = [scalar(t) for t in self.outputs]

    def __repr__(self) -> str:
        return f"Function({self.signature})"

    def __call__(self, *args: Any) -> bytes:
        """Calldata of one call. Raises `InputError` when an argument is missing or does not fit."""
        if len(args) != len(self._in):
            raise InputError(f"{self.signature} takes {len(self._in)} arguments, got {len(args)}")
        return self.selector + _encode(self.inputs, self._in, args, self.signature)

    def encode_many(self, *columns: Any) -> Bytes:
        """Calldata of n calls, uint8[n, 4 + 32 k]; static elementary types only.

        A column is an array or list of n values (addresses: strings or uint8[n, 20]); a single value stands for n equal
        ones.
        """
        if len(columns) != len(self._in):
            raise InputError(f"{self.signature} takes {len(self._in)} arguments, got {len(columns)}")
        lengths = [len(c) for c, kind in zip(columns, self._in, strict=True) if kind and is_column(kind, c)]
        n = lengths[0] if lengths else 1
        out = np.empty((n, 4 + 32 * len(columns)), np.uint8)
        out[:, :4] = np.frombuffer(self.selector, np.uint8)
        for i, (kind, column) in enumerate(zip(self._in, columns, strict=True)):
            if kind is None:
                raise InputError(
                    f"{self.signature}: encode_many cannot lay out {self.inputs[i]}; encode these calls one by one"
                )
            try:
                out[:, 4 + 32 * i : 36 + 32 * i] = pack_column(kind, column, n)
            except InputError as error:
                raise InputError(f"{self.signature}: argument {i + 1}: {error}") from error
        return out

    def decode(self, output: bytes) -> tuple[Any, ...]:
        """Values in the return data. Raises `InputError` when it is too short or malformed (no contract there, or
        another one)."""
        try:
            if len(output) < 32 * len(self._out) and all(self._out):
                raise ValueError("too short")
            if all(self._out):
                return tuple(unpack(k, output[32 * i : 32 * i + 32]) for i, k in enumerate(self._out) if k)
            return GENERAL.decode(self.outputs, output)
        except MALFORMED as error:
            raise InputError(
                f"{self.signature}: {len(output)} bytes do not hold ({', '.join(self.outputs)}); "
                "is the right contract there?"
            ) from error


def encode(types: Sequence[str], values: Sequence[Any], what: str) -> bytes:
    """ABI encoding of ``values`` as arguments (no selector). ``what`` names the call in errors."""
    return _encode(types, [scalar(t) for t in types], values, what)


def _encode(types: Sequence[str], kinds: Sequence[Scalar | None], values: Sequence[Any], what: str) -> bytes:
    try:
        if all(kinds):
            return b"".join([pack(k, v) for k, v in zip(kinds, values, strict=True) if k])
        return GENERAL.encode(types, values)
    except UNFIT as error:
        raise InputError(f"{what}: cannot encode {values!r} as ({', '.join(types)}): {error}") from error


class Columns(dict[str, Column]):
    """Decoded logs of one event: a column by argument name, and "tx", "log" (places in the block) and "emitter"
    (uint8[n, 20])."""

    @property
    def rows(self) -> int:
        """Number of logs."""
        return len(self["log"])


class Event:
    """One event of an ABI: finds its logs in a block and decodes them."""

    def __init__(self, entry: Abi) -> None:
        self.name: str = entry["name"]
        self.signature = signature_of(entry)
        self.topic0: bytes = keccak(self.signature.encode())
        self.anonymous: bool = bool(entry.get("anonymous", False))
        self._topic0 = np.frombuffer(self.topic0, WORD)
        first = 0 if self.anonymous else 1
        self._indexed: dict[str, tuple[Scalar | None, int]] = {}  # type and topic by name
        self._data: dict[str, str] = {}  # type by name
        taken = {"tx", "log", "emitter"}
        for i, argument in enumerate(entry["inputs"]):
            name = argument.get("name") or f"arg{i}"
            while name in taken:
                name += "_"
            taken.add(name)
            if argument["indexed"]:
                self._indexed[name] = (scalar(type_of(argument)), first + len(self._indexed))
            else:
                self._data[name] = type_of(argument)
        self._topics = first + len(self._indexed)
        self._static = [scalar(t) for t in self._data.values()]
        self._none: Columns | None = None  # the columns of no log

    def __repr__(self) -> str:
        return f"Event({self.signature})"

    def decode(self, logs: Logs, emitters: Collection[str] | None = None) -> Columns:
        """Columns over the logs that are this event, in order.

        ``emitters``: take only logs of these addresses. A log with the right first topic but another shape is not this
        event and is left out (ERC-20's and ERC-721's `Transfer` share their first topic): wrong number of topics, wrong
        length of data, padding a compiler would not write. An anonymous event has no first topic,
        so it needs ``emitters``, and takes whatever of theirs has its shape.
        """
        if self.anonymous and emitters is None:
            raise InputError(f"{self.signature} is anonymous: say which emitters its logs come from")
        if self.anonymous:
            rows = np.arange(len(logs))
        else:
            first = logs.topics[:, 0].view(WORD)
            rows = np.flatnonzero(first[:, 0] == self._topic0[0])  # a quarter tells most apart
            if len(rows):
                rows = rows[(first[rows] == self._topic0).all(axis=1)]
        if len(rows):
            rows = rows[logs.topic_count[rows] == self._topics]
        if emitters is not None and len(rows):
            rows = rows[_from(logs.address[rows], emitters)]
        if len(rows):
            return self._columns(logs, rows)
        if self._none is None:  # most events are in few blocks
            self._none = self._columns(logs, rows)
        return Columns(self._none)

    def _columns(self, logs: Logs, rows: Rows) -> Columns:
        """Columns over those of ``rows`` that have the event's shape."""
        for kind, place in self._indexed.values():
            if kind:
                rows = rows[clean(kind, logs.topics[rows, place])]
        out = Columns()
        if all(self._static):
            rows = rows[logs.offset[rows + 1] - logs.offset[rows] == 32 * len(self._data)]
            words = _words(logs, rows, len(self._data))
            good = np.ones(len(rows), np.bool_)
            for i, kind in enumerate(self._static):
                good &= clean(kind, words[:, i]) if kind else True
            rows, words = rows[good], words[good]
            data = {
                n: unpack_column(k, words[:, i])
                for i, (n, k) in enumerate(zip(self._data, self._static, strict=True))
                if k
            }
        else:
            rows, data = self._general(logs, rows)
        for name, (kind, place) in self._indexed.items():
            words = logs.topics[rows, place]
            out[name] = unpack_column(kind, words) if kind else words  # of a dynamic argument only the hash is there
        out.update(data)
        out["tx"] = logs.tx[rows]
        out["log"] = rows
        out["emitter"] = logs.address[rows]
        return out

    def _general(self, logs: Logs, rows: Rows) -> tuple[Rows, dict[str, Column]]:
        """The rows eth_abi can decode, and their columns."""
        kept: list[int] = []
        values: list[tuple[Any, ...]] = []
        types = list(self._data.values())
        for row in rows.tolist():
            try:
                values.append(GENERAL.decode(types, logs.data[logs.offset[row] : logs.offset[row + 1]].tobytes()))
                kept.append(row)
            except MALFORMED:  # so it is another event's log
                continue
        columns = {name: _column(t, [v[i] for v in values]) for i, (name, t) in enumerate(self._data.items())}
        return np.array(kept, np.int64), columns


def _words(logs: Logs, rows: Rows, count: int) -> Bytes:
    """Data of ``rows``, each ``count`` words long: uint8[len(rows), count, 32]."""
    if not len(rows) or not count:
        return np.zeros((len(rows), count, 32), np.uint8)
    picked: Bytes = np.lib.stride_tricks.sliding_window_view(logs.data, 32 * count)[logs.offset[rows]]
    return picked.reshape(-1, count, 32)


def _from(address: Bytes, emitters: Collection[str]) -> npt.NDArray[np.bool_]:
    """Which rows of ``address``, uint8[n, 20], are among ``emitters``."""
    if not emitters:
        return np.zeros(len(address), np.bool_)
    wanted = np.frombuffer(b"".join(bytes.fromhex(e[2:]) for e in emitters), "V20")
    return np.isin(np.ascontiguousarray(address).view("V20")[:, 0], wanted)


def _column(name: str, values: list[Any]) -> Column:
    """Values that eth_abi gave, as the same kind of column the fast path gives."""
    kind = scalar(name)
    if kind and values:
        joined = b"".join([pack(kind, v) for v in values])
        return unpack_column(kind, np.frombuffer(joined, np.uint8).reshape(-1, 32))
    if kind:
        return unpack_column(kind, np.zeros((0, 32), np.uint8))
    column = np.empty(len(values), object)
    for i, value in enumerate(values):
        column[i] = value
    return column


class Errors:
    """The custom errors of many ABIs, to say why a call reverted."""

    def __init__(self, abis: Iterable[Sequence[Abi]]) -> None:
        self._known: dict[bytes, tuple[str, list[str]]] = {}
        for abi in abis:
            for entry in abi:
                if entry.get("type") == "error":
                    types = [type_of(i) for i in entry["inputs"]]
                    self._known[keccak(signature_of(entry).encode())[:4]] = (entry["name"], types)

    def reason(self, output: bytes) -> str:
        """Revert data in words: "Pool__Empty(3)", "Error: text", "Panic(0x11)", "" for a bare revert, "0x…" for an
        unknown error."""
        selector, rest = output[:4], output[4:]
        try:
            if selector == b"\x08\xc3\x79\xa0":
                return "Error: " + str(GENERAL.decode(["string"], rest)[0])
            if selector == b"\x4e\x48\x7b\x71":
                return f"Panic(0x{GENERAL.decode(['uint256'], rest)[0]:02x})"
            if selector in self._known:
                name, types = self._known[selector]
                return f"{name}({', '.join(_word(v) for v in GENERAL.decode(types, rest))})"
        except MALFORMED:  # show it raw
            return "0x" + output.hex()
        return "0x" + output.hex() if output else ""


def _word(value: Any) -> str:
    """One argument of an error, to read."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(_word(v) for v in value) + ")"
    return str(value)
