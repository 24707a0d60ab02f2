"""The tables of a record, in one place. Dollars and tokens are floats; what came from the chain is exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from terrarium.errors import InputError

FORMAT = 1  # raised when a reader of today could not read the records of tomorrow
ADDRESS = pa.binary(20)
WORD = pa.binary(32)
INT, FLOAT, TEXT, FLAG = pa.int64(), pa.float64(), pa.string(), pa.bool_()


def _schema(*columns: tuple[str, pa.DataType], null: tuple[str, ...] = ()) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=name in null) for name, kind in columns])


TABLES: dict[str, pa.Schema] = {
    "blocks": _schema(
        ("number", INT),
        ("tick", INT),  # -1 during setup
        ("timestamp", INT),  # seconds
        ("txs", INT),
        ("fingerprint", WORD),
        ("state_root", WORD),
        null=("state_root",),
    ),
    "transactions": _schema(
        ("block", INT),
        ("index", INT),
        ("tick", INT),
        ("agent", INT),  # -1: the system
        ("strategy", TEXT),  # "": the system
        ("sender", ADDRESS),
        ("to", ADDRESS),  # null: a creation
        ("data", pa.binary()),
        ("value", TEXT),  # wei, decimal: 256 bits fit no integer column
        ("gas", INT),
        ("verb", TEXT),
        ("ok", FLAG),
        ("output", pa.binary()),  # revert data; null where ok
        ("reason", TEXT),
        ("created", ADDRESS),  # the new contract; null where none
        ("gas_used", INT),
        null=("to", "output", "reason", "created", "gas_used"),
    ),
    "events": _schema(
        ("block", INT),
        ("tx", INT),
        ("log", INT),  # place within the block
        ("address", ADDRESS),
        *((f"topic{i}", WORD) for i in range(4)),
        ("data", pa.binary()),
        null=("topic0", "topic1", "topic2", "topic3"),
    ),
    "feeds": _schema(
        ("tick", INT), ("asset", INT), *((c, FLOAT) for c in ("fundamental", "appraisal", "answer", "income"))
    ),
    "prices": _schema(
        ("tick", INT),
        ("asset", INT),
        *((c, FLOAT) for c in ("price", "pool_cash", "pool_units", "volume")),
        ("halted", FLAG),
    ),
    "lending": _schema(
        ("tick", INT), ("asset", INT), *((c, FLOAT) for c in ("supplied", "borrowed", "collateral", "bad_debt"))
    ),
    "positions": _schema(
        ("tick", INT), ("agent", INT), ("asset", INT), *((c, FLOAT) for c in ("collateral", "debt", "ltv"))
    ),
    "wealth": _schema(("tick", INT), ("agent", INT), ("wealth", FLOAT)),
    "alerts": _schema(
        ("tick", INT),
        ("block", INT),
        ("rule", TEXT),
        ("subject", TEXT),
        ("severity", INT),
        ("value", FLOAT),
        ("threshold", FLOAT),
        ("evidence", TEXT),  # JSON
    ),
    "actions": _schema(("tick", INT), ("agent", INT), ("kind", TEXT), ("detail", TEXT)),
    "agents": _schema(
        ("agent", INT),
        ("strategy", TEXT),
        ("account", TEXT),
        ("address", ADDRESS),
        ("role", TEXT),
        ("params", TEXT),  # JSON
        ("cash", FLOAT),
        ("country", INT),
    ),
}
CHAIN_TABLES = ("blocks", "transactions", "events")  # written from blocks; the others are given as rows


def rows(table: str, columns: Mapping[str, Any], **common: Any) -> pa.RecordBatch:
    """Rows of ``table`` from columns: arrays or lists of one length n, or single values that hold for all rows.

    Addresses may be uint8[n, 20] or "0x…" strings. ``common`` fills columns that ``columns`` leaves out (the tick).
    Raises `InputError` naming the column that is missing, unknown, or of the wrong type or length.
    """
    schema = TABLES.get(table)
    if schema is None or table in CHAIN_TABLES:
        raise InputError(
            f"record: no table {table!r} takes rows; use one of {', '.join(sorted(set(TABLES) - set(CHAIN_TABLES)))}"
        )
    given = {**{name: value for name, value in common.items() if name in schema.names}, **columns}
    if set(given) != set(schema.names):
        odd = sorted(set(given) ^ set(schema.names))
        raise InputError(
            f"record: table {table!r} has columns {', '.join(schema.names)}; missing or unknown: {', '.join(odd)}"
        )
    lengths = {name: len(value) for name, value in given.items() if not _single(value)}
    count = next(iter(lengths.values()), 1)
    if set(lengths.values()) - {count}:
        raise InputError(f"record: columns of {table!r} differ in length: {lengths}")
    return pa.record_batch([_column(table, field, given[field.name], count) for field in schema], schema=schema)


def _single(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, bytes, np.generic))


def _column(table: str, field: pa.Field, value: Any, count: int) -> pa.Array:
    try:
        if _single(value):
            value = [value] * count
        if field.type == ADDRESS:
            array = addresses(value)
        elif isinstance(value, pa.Array):
            array = value.cast(field.type)
        else:
            array = pa.array(value, field.type, from_pandas=False)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"record: column {table}.{field.name} does not fit {field.type}: {error}") from error
    if array.null_count and not field.nullable:
        raise InputError(f"record: column {table}.{field.name} must not be empty (None) in any row")
    return array


def addresses(value: Any) -> pa.Array:
    """Addresses as a column of 20 bytes: from uint8[n, 20], or from "0x…" strings with None where there is none."""
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        if value.ndim != 2 or value.shape[1] != 20:
            raise ValueError(f"shape {value.shape} instead of (n, 20)")
        return fixed(value)
    missing = np.fromiter((item is None for item in value), np.bool_, len(value))
    # One join and one fromhex for the whole column: "0x" cannot occur within hex digits.
    joined = bytes.fromhex("".join(["00" * 20 if item is None else item for item in value]).replace("0x", ""))
    if len(joined) != 20 * len(value):
        raise ValueError("an address is not 20 bytes long")
    return fixed(np.frombuffer(joined, np.uint8).reshape(-1, 20), missing if missing.any() else None)


def fixed(
    matrix: np.ndarray[Any, np.dtype[np.uint8]], missing: np.ndarray[Any, np.dtype[np.bool_]] | None = None
) -> pa.Array:
    """uint8[n, k] as a column of k bytes, without a copy where it can be; null where ``missing`` [n]."""
    count, width = matrix.shape
    mask = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(width), count, [mask, pa.py_buffer(np.ascontiguousarray(matrix))])


def joined(data: bytes | np.ndarray[Any, np.dtype[np.uint8]], offset: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array:
    """A column of byte strings laid end to end: row i is ``data[offset[i]:offset[i + 1]]``."""
    if offset[-1] >= 2**31:
        raise InputError(
            f"record: a column of one block holds {offset[-1]} bytes; a block may hold 2 GiB: send fewer "
            "transactions a block"
        )
    return pa.Array.from_buffers(
        pa.binary(), len(offset) - 1, [None, pa.py_buffer(offset.astype(np.int32)), pa.py_buffer(data)]
    )
