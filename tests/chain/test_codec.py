"""The numpy codec agrees with eth_abi on random ABIs, both ways."""

from __future__ import annotations

from typing import Any

import eth_abi
import numpy as np
import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from terrarium.chain.codec import Errors, Event, Function, type_of
from terrarium.chain.types import Logs
from terrarium.errors import InputError

BITS = st.integers(1, 32).map(lambda n: 8 * n)
STATIC = st.one_of(
    BITS.map(lambda n: f"uint{n}"),
    BITS.map(lambda n: f"int{n}"),
    st.integers(1, 32).map(lambda n: f"bytes{n}"),
    st.sampled_from(["address", "bool", "uint8", "int64", "uint64", "int256", "uint256"]),
)
GENERAL = st.recursive(
    STATIC | st.sampled_from(["bytes", "string"]),
    lambda inner: (
        inner.map(lambda t: t + "[]")
        | inner.map(lambda t: t + "[2]")
        | st.lists(inner, min_size=1, max_size=3).map(lambda ts: f"({','.join(ts)})")
    ),
    max_leaves=4,
)


def values(name: str) -> st.SearchStrategy[Any]:
    """Values of an ABI type, leaning towards the edges."""
    if name.endswith("[]"):
        return st.lists(values(name[:-2]), max_size=3).map(tuple)
    if name.endswith("[2]"):
        return st.tuples(values(name[:-3]), values(name[:-3]))
    if name.startswith("("):
        return st.tuples(*[values(t) for t in parts(name)])
    if name.startswith("uint"):
        top = 2 ** int(name[4:]) - 1
        return st.integers(0, top) | st.sampled_from([0, 1, top, min(top, 2**63), min(top, 2**63 - 1)])
    if name.startswith("int"):
        top = 2 ** (int(name[3:]) - 1) - 1
        return st.integers(-top - 1, top) | st.sampled_from([0, -1, top, -top - 1, max(-top - 1, -(2**63))])
    if name == "address":
        return st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
    if name == "bool":
        return st.booleans()
    if name == "string":
        return st.text(max_size=40)
    if name == "bytes":
        return st.binary(max_size=70)
    return st.binary(min_size=int(name[5:]), max_size=int(name[5:]))


def parts(name: str) -> list[str]:
    """Component types of a tuple type."""
    found, depth, start = [], 0, 1
    for i, c in enumerate(name):
        depth += c == "("
        if (c == "," and depth == 1) or (c == ")" and depth == 1):
            found.append(name[start:i])
            start = i + 1
        depth -= c == ")"
    return found


def arguments(types: list[str], **extra: Any) -> list[dict[str, Any]]:
    return [{"name": f"a{i}", **argument(t), **extra} for i, t in enumerate(types)]


def argument(name: str) -> dict[str, Any]:
    """ABI JSON of a type: tuples spelled out as components, as compilers write them."""
    if not name.startswith("("):
        return {"type": name}
    close = name.rindex(")")
    return {"type": "tuple" + name[close + 1 :], "components": arguments(parts(name[: close + 1]))}


def logs_of(rows: list[tuple[bytes, list[bytes], bytes]]) -> Logs:
    """Logs from (address, topics, data)."""
    n = len(rows)
    topics = np.zeros((n, 4, 32), np.uint8)
    for i, (_, ts, _) in enumerate(rows):
        for j, topic in enumerate(ts):
            topics[i, j] = np.frombuffer(topic, np.uint8)
    return Logs(
        tx=np.arange(n, dtype=np.int32),
        address=np.frombuffer(b"".join(a for a, _, _ in rows), np.uint8).reshape(n, 20),
        topics=topics,
        topic_count=np.array([len(ts) for _, ts, _ in rows], np.uint8),
        data=np.frombuffer(b"".join(d for _, _, d in rows), np.uint8),
        offset=np.concatenate([[0], np.cumsum([len(d) for _, _, d in rows])]).astype(np.int64),
    )


def plain(column: np.ndarray[Any, Any], name: str) -> list[Any]:
    """A column as the values eth_abi gives."""
    if column.dtype == object or column.ndim == 1:
        return column.tolist()  # type: ignore[no-any-return]
    return ["0x" + row.tobytes().hex() if name == "address" else row.tobytes() for row in column]


@st.composite
def calls(draw: st.DrawFn, types: st.SearchStrategy[str] = STATIC, rows: int = 4) -> tuple[list[str], list[Any]]:
    """Types, and rows of arguments for them."""
    names = draw(st.lists(types, max_size=5))
    n = draw(st.integers(1, rows))
    return names, [tuple(draw(values(t)) for t in names) for _ in range(n)]


@given(calls(GENERAL | STATIC))
def test_one_call_encodes_and_decodes_as_eth_abi_does(case: tuple[list[str], list[Any]]) -> None:
    types, rows = case
    entry = {"name": "f", "inputs": arguments(types), "outputs": arguments(types)}
    function = Function(entry)
    assert [type_of(i) for i in entry["inputs"]] == types
    assert function.selector == keccak(f"f({','.join(types)})".encode())[:4]
    for row in rows:
        expected = eth_abi.encode(types, row)
        assert function(*row) == function.selector + expected
        assert function.decode(expected) == eth_abi.decode(types, expected) == row


@given(calls())
def test_columns_encode_as_single_calls_do(case: tuple[list[str], list[Any]]) -> None:
    types, rows = case
    function = Function({"name": "f", "inputs": arguments(types)})
    columns = [[row[i] for row in rows] for i in range(len(types))]
    if types:
        encoded = function.encode_many(*columns)
        assert [row.tobytes() for row in encoded] == [function(*row) for row in rows]
    constant = function.encode_many(*rows[0])
    assert [row.tobytes() for row in constant] == [function(*rows[0])]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.integers(1, 32))
def test_integer_arrays_are_refused_just_where_they_do_not_fit(column: list[int], size: int) -> None:
    array = np.array(column, np.int64)
    for name in (f"uint{8 * size}", f"int{8 * size}"):
        function = Function({"name": "f", "inputs": arguments([name])})
        low, high = (0, 2 ** (8 * size)) if name[0] == "u" else (-(2 ** (8 * size - 1)), 2 ** (8 * size - 1))
        if all(low <= v < high for v in column):
            assert function.encode_many(array).tobytes() == b"".join(function(v) for v in column)
        else:
            with pytest.raises(InputError):
                function.encode_many(array)


@settings(max_examples=200)
@given(calls(GENERAL | STATIC), st.data())
def test_events_decode_as_eth_abi_does(case: tuple[list[str], list[Any]], data: st.DataObject) -> None:
    types, rows = case
    chosen = data.draw(st.sets(st.integers(0, max(0, len(types) - 1)), max_size=3))
    inputs = [{**a, "indexed": i in chosen} for i, a in enumerate(arguments(types))]
    event = Event({"name": "E", "inputs": inputs})
    made = []
    for row in rows:
        topics = [event.topic0]
        for i, name in enumerate(types):
            if i in chosen:
                encoded = eth_abi.encode([name], [row[i]])
                topics.append(
                    encoded if Function({"name": "f", "inputs": arguments([name])})._in[0] else keccak(encoded)
                )
        rest = [i for i in range(len(types)) if i not in chosen]
        made.append((bytes(20), topics, eth_abi.encode([types[i] for i in rest], [row[i] for i in rest])))
    decoded = event.decode(logs_of(made))
    assert decoded.rows == len(rows)
    assert decoded["tx"].tolist() == list(range(len(rows)))
    for i, name in enumerate(types):
        simple = Function({"name": "f", "inputs": arguments([name])})._in[0]
        if i in chosen and not simple:
            expected: list[Any] = [made[r][1][1 + sorted(chosen).index(i)] for r in range(len(rows))]
            assert [w.tobytes() for w in decoded[f"a{i}"]] == expected
        else:
            assert plain(decoded[f"a{i}"], name) == [row[i] for row in rows]
            if name.startswith(("int", "uint")) and simple:
                fits = all(-(2**63) <= row[i] < 2**63 for row in rows)
                assert decoded[f"a{i}"].dtype == (np.int64 if fits else object)


TRANSFER = {
    "name": "Transfer",
    "inputs": [
        {"name": "from", "type": "address", "indexed": True},
        {"name": "to", "type": "address", "indexed": True},
        {"name": "value", "type": "uint112", "indexed": False},
    ],
}


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_a_log_of_another_shape_is_not_this_event() -> None:
    event = Event(TRANSFER)
    here, there = b"\x01" * 20, b"\x02" * 20
    right = (here, [event.topic0, word(1), word(2)], word(7))
    logs = logs_of(
        [
            (here, [event.topic0, word(1), word(2), word(3)], b""),  # ERC-721's Transfer: four topics
            right,
            (here, [event.topic0, word(1), word(2)], word(7)[:31]),  # too short
            (here, [event.topic0, word(1), word(2)], word(7) + word(8)),  # too long
            (here, [event.topic0, word(1), word(2**160)], word(7)),  # no address
            (here, [event.topic0, word(1), word(2)], word(2**112)),  # no uint112
            (here, [], b""),
            (here, [word(5), word(1), word(2)], word(7)),
            (there, [event.topic0, word(1), word(2)], word(9)),
        ]
    )
    decoded = event.decode(logs)
    assert decoded["log"].tolist() == [1, 8]
    assert decoded["value"].tolist() == [7, 9]
    assert decoded["from"].tolist() == [[0] * 19 + [1]] * 2
    assert event.decode(logs, ["0x" + there.hex()])["value"].tolist() == [9]
    assert event.decode(logs, []).rows == 0


def test_no_logs_give_empty_columns_of_the_right_types() -> None:
    decoded = Event(TRANSFER).decode(logs_of([]))
    assert decoded.rows == 0
    assert decoded["from"].shape == (0, 20)
    assert decoded["value"].dtype == np.int64


def test_malformed_dynamic_data_is_left_out_and_odd_text_is_not() -> None:
    event = Event({"name": "Said", "inputs": [{"name": "text", "type": "string", "indexed": False}]})
    good = eth_abi.encode(["bytes"], [b"caf\xe9"])  # Latin-1, not UTF-8
    logs = logs_of([(bytes(20), [event.topic0], good), (bytes(20), [event.topic0], good[:40])])
    decoded = event.decode(logs)
    assert decoded["text"].tolist() == ["caf\\xe9"]
    assert decoded["log"].tolist() == [0]


def test_an_anonymous_event_needs_its_emitters() -> None:
    event = Event({"name": "A", "anonymous": True, "inputs": [{"name": "tx", "type": "int8", "indexed": True}]})
    logs = logs_of([(b"\x01" * 20, [(-3 % 2**256).to_bytes(32, "big")], b"")])
    with pytest.raises(InputError, match="emitters"):
        event.decode(logs)
    assert event.decode(logs, ["0x" + "01" * 20])["tx_"].tolist() == [-3]  # "tx" is taken by the place in the block


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint256", 1.5),
        ("int8", 128),
        ("address", "0x12"),
        ("address", 5),
        ("bytes4", b"abc"),
        ("bytes4", 4),
        ("bool", 2),
        ("string[]", "x"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, value: object) -> None:
    function = Function({"name": "f", "inputs": arguments([name])})
    with pytest.raises(InputError, match="f\\("):
        function(value)


def test_the_wrong_contract_is_named_as_such() -> None:
    function = Function({"name": "price", "inputs": [], "outputs": arguments(["uint256"])})
    with pytest.raises(InputError, match=r"price.*right contract"):
        function.decode(b"")


def test_reasons_are_words() -> None:
    abi = [{"type": "error", "name": "Pool__Empty", "inputs": arguments(["uint256", "address", "bytes4"])}]
    errors = Errors([abi])
    selector = keccak(b"Pool__Empty(uint256,address,bytes4)")[:4]
    data = selector + eth_abi.encode(["uint256", "address", "bytes4"], [3, "0x" + "ab" * 20, b"abcd"])
    assert errors.reason(data) == f"Pool__Empty(3, 0x{'ab' * 20}, 0x61626364)"
    assert errors.reason(data[:20]) == "0x" + data[:20].hex()
    assert errors.reason(keccak(b"Error(string)")[:4] + eth_abi.encode(["string"], ["no"])) == "Error: no"
    assert errors.reason(keccak(b"Panic(uint256)")[:4] + word(0x11)) == "Panic(0x11)"
    assert errors.reason(b"\x01\x02\x03\x04") == "0x01020304"
    assert errors.reason(b"") == ""
