"""Arrow tables as pandas frames: addresses as "0x…" text, wei as Python integers, everything else as it is."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from terrarium.record.columns import flat
from terrarium.record.schema import ADDRESS

# pandas draws with matplotlib unless told otherwise; we ship plotly.
if find_spec("matplotlib") is None and pd.options.plotting.backend == "matplotlib":
    pd.options.plotting.backend = "plotly"


def frame(table: pa.Table) -> pd.DataFrame:
    """The table as a frame, one column each, index 0 … n-1."""
    return pd.DataFrame({name: _column(name, table[name]) for name in table.column_names}, copy=False)


def _column(name: str, column: pa.ChunkedArray) -> Any:
    if column.type == ADDRESS:
        return _by_value(column, lambda value: "0x" + value.hex())
    if name == "value" and column.type == pa.string():
        return _by_value(column, int)
    if name == "gas_used":
        return column.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return column.to_pandas()


def _by_value(column: pa.ChunkedArray, convert: Any) -> npt.NDArray[np.object_]:
    """Each different value converted once: a million rows name a few thousand addresses."""
    coded = flat(column).dictionary_encode()
    values = np.array([*map(convert, coded.dictionary.to_pylist()), None], object)
    found: npt.NDArray[np.object_] = values[coded.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)]
    return found


def hexed(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.object_]:
    """uint8[n, k] as "0x…" text, [n]."""
    joined, width = rows.tobytes().hex(), 2 * rows.shape[1]
    return np.array(["0x" + joined[i : i + width] for i in range(0, len(joined), width)], object)
