"""DuckDB over a run folder: every table a view over its parts and what is still in the journal."""

from __future__ import annotations

import duckdb

from terrarium.record.read import Folder
from terrarium.record.schema import ADDRESS, TABLES


def connect(folder: Folder) -> duckdb.DuckDBPyConnection:
    """An in-memory database with a view per table; nothing is copied but the journal's tail."""
    connection = duckdb.connect()
    connection.execute("SET python_enable_replacements = false")  # names mean tables, never variables of the caller
    for name, schema in TABLES.items():
        tail = f"_tail_{name}"
        connection.register(tail, folder.tail(name))
        columns = ", ".join(
            f"'0x' || lower(hex({_quoted(f.name)})) AS {_quoted(f.name)}" if f.type == ADDRESS else _quoted(f.name)
            for f in schema
        )
        sources = [tail]
        if parts := folder.files(name):
            paths = ", ".join(
                "'" + str((folder.path / part.file).absolute()).replace("'", "''") + "'" for part in parts
            )
            sources.insert(0, f"read_parquet([{paths}], hive_partitioning = false)")
        body = " UNION ALL ".join(f"SELECT {columns} FROM {source}" for source in sources)  # noqa: S608 - all names are ours
        connection.execute(f"CREATE VIEW {name} AS {body}")
    return connection


def _quoted(name: str) -> str:
    return f'"{name}"'
