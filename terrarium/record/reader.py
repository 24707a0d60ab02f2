"""A recorded run as pandas frames and SQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from terrarium.errors import InputError, RecordError
from terrarium.record.read import Folder
from terrarium.record.schema import TABLES
from terrarium.record.verify import verify
from terrarium.scenario import Scenario

if TYPE_CHECKING:  # loaded when a table is first asked for: a run is made, listed and checked without
    import pandas as pd
    from duckdb import DuckDBPyConnection

MANIFEST = "deployment.json"  # name of the attached deployment manifest


def open_run(path: str | Path, *, check: bool = True) -> Run:
    """Open the run folder ``path``, of a run that is over, was killed, or is still going (then as it is now).

    Everything is held against its recorded sha256 first: a cut, missing or altered part, block or run.json raises
    `RecordError` naming it. ``check`` = False looks at the sizes of the parts only, for records of many gigabytes.
    """
    return Run(Folder(Path(path), contents=check))


class Run:
    """One run. Frames are read when first asked for, then kept.

    Attributes are for looking: assets by name, strategies beside agents. `table` and `sql` give the tables as they
    were recorded, with assets as column numbers. Dollars and tokens are floats; addresses are "0x…" text; hashes,
    topics and data are bytes.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self.path = folder.path
        self.meta = folder.meta
        self._tables: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        name = self.meta.get("scenario", {}).get("name", "?")
        last = self._folder.listing.last
        what = f"{name} seed {self.meta.get('seed')} on {self.meta.get('engine')}"
        return f"<Run {what}: {self.meta['status']}, last block {last}, {self.path}>"

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario that was run, seed included."""
        try:
            return Scenario.model_validate(self.meta["scenario"])
        except (KeyError, ValueError) as error:
            made = self.meta.get("versions", {}).get("terrarium")
            raise RecordError(
                f"{self.path}: run.json: this terrarium does not know its scenario ({error}); use version {made}"
            ) from error

    @cached_property
    def manifest(self) -> dict[str, Any] | None:
        """The deployment manifest as JSON; None where the run ended before its deployment did."""
        content = self._folder.attached.get(MANIFEST)
        return None if content is None else orjson.loads(content)

    def table(self, name: str) -> pd.DataFrame:
        """The rows of a table as recorded, or the "liquidations" derived from its events.

        Names: `terrarium.record.schema.TABLES`.
        """
        if name not in self._tables:
            if name == "liquidations":
                from terrarium.record.typed import liquidations

                self._tables[name] = liquidations(self._folder, self.manifest, self.table("agents"))
            elif name in TABLES:
                from terrarium.record.frames import frame

                self._tables[name] = frame(self._folder.table(name))
            else:
                raise InputError(f"table: no {name!r} in a record; there are {', '.join([*TABLES, 'liquidations'])}")
        return self._tables[name]

    def sql(self, query: str) -> pd.DataFrame:
        """The answer of DuckDB to ``query``.

        Every table is a view, ``liquidations`` included. Raises `InputError` where it cannot be run.
        """
        import duckdb

        connection = self._sql
        try:
            if "liquidations" in query.lower():
                connection.register("liquidations", self.table("liquidations").astype({"bad_debt_shares": str}))
            answer = connection.sql(query)
            if answer is None:
                raise InputError("sql: the query gives no rows; ask with select")
            found: pd.DataFrame = answer.df()
        except duckdb.Error as error:
            raise InputError(f"sql: {error}; there are {', '.join([*TABLES, 'liquidations'])}") from error
        for name, kind in zip(answer.columns, answer.types, strict=True):
            if str(kind) == "BLOB":  # DuckDB gives bytearrays, which cannot be compared or grouped
                found[name] = found[name].map(lambda value: bytes(value) if isinstance(value, bytearray) else None)
        return found

    def event(self, name: str, contract: str | None = None) -> pd.DataFrame:
        """All events called ``name``, decoded: block, tick, tx, log, contract, address, then the event's own arguments.

        ``contract``: only those of this contract (its name in the manifest or of its artifact) or address. Integers
        are exact.
        """
        from terrarium.record.typed import contracts_of, event_frame

        return event_frame(self._folder, contracts_of(self.manifest), name, contract)

    def verify(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Recompute every block's fingerprint from its rows, and return the number of blocks.

        Raises `RecordError` where one does not fit.
        """
        return verify(Folder(self.path), progress)

    @property
    def folder(self) -> Folder:
        """The folder as Arrow tables and blocks."""
        return self._folder

    @property
    def blocks(self) -> pd.DataFrame:
        """One row per block; tick is -1 during setup."""
        return self.table("blocks")

    @property
    def transactions(self) -> pd.DataFrame:
        """One row per transaction, with who sent it and why, and what came of it."""
        return self.table("transactions")

    @property
    def events(self) -> pd.DataFrame:
        """One row per log, undecoded; see `event`."""
        return self.table("events")

    @property
    def agents(self) -> pd.DataFrame:
        """One row per agent."""
        return self.table("agents")

    @cached_property
    def prices(self) -> pd.DataFrame:
        """Dollars per token on the pools: index tick, one column per asset.

        The rest of the table is in ``table("prices")``.
        """
        wide = self.table("prices").pivot(index="tick", columns="asset", values="price")
        return wide.rename(columns=dict(enumerate(self._assets))).rename_axis(columns="asset")

    @cached_property
    def feeds(self) -> pd.DataFrame:
        """Dollars per token by tick and asset: fundamental, appraisal, the chain's answer, income."""
        return self._named("feeds")

    @cached_property
    def lending(self) -> pd.DataFrame:
        """Each loan market by tick: supplied, borrowed, collateral, bad debt so far."""
        return self._named("lending")

    @cached_property
    def positions(self) -> pd.DataFrame:
        """Loans by tick, agent and asset."""
        return self._named("positions")

    @cached_property
    def wealth(self) -> pd.DataFrame:
        """Dollars by tick and agent, marked at pool prices."""
        return self._named("wealth")

    @cached_property
    def alerts(self) -> pd.DataFrame:
        """What the monitor raised; evidence as dictionaries."""
        found = self.table("alerts")
        return found.assign(evidence=found["evidence"].map(orjson.loads))

    @cached_property
    def actions(self) -> pd.DataFrame:
        """What happened to agents: benched, and why."""
        return self._named("actions")

    @cached_property
    def liquidations(self) -> pd.DataFrame:
        """Who lost what to whom; see `terrarium.record.typed.liquidations`."""
        found = self.table("liquidations")
        return found.assign(asset=found["asset"].map(dict(enumerate(self._assets))))

    @property
    def _assets(self) -> list[str]:
        return [asset["name"] for asset in self.meta["scenario"]["assets"]]

    def _named(self, name: str) -> pd.DataFrame:
        found = self.table(name).copy(deep=False)
        if "asset" in found:
            found["asset"] = found["asset"].map(dict(enumerate(self._assets)))
        if "agent" in found:
            strategies = self.agents.set_index("agent")["strategy"]
            found.insert(list(found.columns).index("agent") + 1, "strategy", found["agent"].map(strategies).fillna(""))
        return found

    @cached_property
    def _sql(self) -> DuckDBPyConnection:
        from terrarium.record.sql import connect

        return connect(self._folder)
