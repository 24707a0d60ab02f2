"""Events with names: raw logs decoded through the ABIs of the deployment and of the compiled contracts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from terrarium.chain import artifacts
from terrarium.chain.codec import Columns, Event
from terrarium.errors import InputError
from terrarium.record import parts
from terrarium.record.columns import to_logs
from terrarium.record.frames import hexed
from terrarium.record.read import Folder

OWN = ("block", "tick", "tx", "log", "contract", "address")


class Contract(NamedTuple):
    """One entry of a deployment manifest."""

    name: str
    artifact: str
    address: str
    abi: list[dict[str, Any]]


def contracts_of(manifest: Mapping[str, Any] | None) -> list[Contract]:
    """The contracts of a manifest's JSON; none where there is no manifest."""
    entries = (manifest or {}).get("contracts", {}).values()
    return [Contract(e["name"], e["artifact"], e["address"].lower(), e["abi"]) for e in entries]


def event_frame(folder: Folder, contracts: list[Contract], name: str, contract: str | None) -> pd.DataFrame:
    """All logs of event ``name``: block, tick, tx, log, contract (name in the manifest), address, then its arguments.

    ``contract``: take only those of the contract or contracts with this name in the manifest, of this artifact, or at
    this address. Raises `InputError` where no known contract has such an event.
    """
    emitters = None if contract is None else _emitters(contracts, contract)
    events = _events(contracts, name, contract)
    names = {c.address: c.name for c in contracts}
    found = [_frame(chunk, event, emitters, names) for event in events for chunk in _matching(folder, event.topic0)]
    full = [f for f in found if len(f)] or found[:1]
    table = pd.concat(full, ignore_index=True).sort_values(["block", "log"], kind="stable", ignore_index=True)
    blocks = folder.table("blocks", ["number", "tick"])
    ticks = pd.Series(blocks["tick"].to_numpy(), index=blocks["number"].to_numpy())
    table.insert(1, "tick", ticks.reindex(table["block"]).to_numpy(np.int64))
    return table


def _emitters(contracts: list[Contract], which: str) -> set[str]:
    if which.lower().startswith("0x"):
        return {which.lower()}
    found = {c.address for c in contracts if which in (c.name, c.artifact)}
    if not found:
        known = ", ".join(sorted(c.name for c in contracts)) or "none: the record has no deployment manifest"
        raise InputError(f"event: no contract {which!r}; the deployment has {known}; or give an address")
    return found


def _events(contracts: list[Contract], name: str, contract: str | None) -> list[Event]:
    """Every distinct event of that name, the deployment's own ABIs first."""
    abis = [
        c.abi
        for c in contracts
        if contract is None or contract.lower() in (c.name.lower(), c.artifact.lower(), c.address)
    ]
    if not abis or contract is None:
        abis += [artifacts.load(artifact).abi for artifact in artifacts.names()]
    entries = [entry for abi in abis for entry in abi if entry["type"] == "event" and not entry.get("anonymous")]
    distinct: dict[Any, Any] = {}
    for entry in entries:
        if entry["name"] == name:
            shape = Event(entry).signature, tuple(i["indexed"] for i in entry["inputs"])
            distinct.setdefault(shape, entry)
    if not distinct:
        there = ", ".join(sorted({entry["name"] for entry in entries})) or "none"
        raise InputError(f"event: no event {name!r} in {contract or 'any known contract'}; there are {there}")
    return [Event(entry) for entry in distinct.values()]


def _matching(folder: Folder, topic0: bytes) -> Iterable[pa.Table]:
    """Rows of "events" with this first topic, a part at a time."""
    wanted = pa.scalar(topic0, pa.binary(32))
    for part in folder.files("events"):
        table = parts.read(folder.path, part)
        yield table.filter(pc.equal(table["topic0"], wanted))
    tail = folder.tail("events")
    yield tail.filter(pc.equal(tail["topic0"], wanted))


def _frame(rows: pa.Table, event: Event, emitters: Collection[str] | None, names: Mapping[str, str]) -> pd.DataFrame:
    found = event.decode(to_logs(rows.combine_chunks()), emitters)
    at = found["log"]  # the place among these rows; the record knows the place in the block
    address = hexed(found["emitter"])
    columns: dict[str, Any] = {
        "block": rows["block"].to_numpy()[at],
        "tx": rows["tx"].to_numpy()[at],
        "log": rows["log"].to_numpy()[at],
        "contract": np.array([names.get(a, "") for a in address], object),
        "address": address,
    }
    for name, values in _arguments(found).items():
        columns[name + "_" * (name in OWN)] = values
    return pd.DataFrame(columns)


def _arguments(found: Columns) -> dict[str, Any]:
    given = {name: values for name, values in found.items() if name not in ("tx", "log", "emitter")}
    return {name: hexed(values) if values.ndim == 2 else values for name, values in given.items()}


LIQUIDATIONS: dict[str, Any] = {
    **dict.fromkeys(("tick", "block", "asset", "borrower", "liquidator"), np.int64),
    "strategy": object,
    **dict.fromkeys(("seized_units", "repaid", "bad_debt"), float),
    "bad_debt_shares": object,
    "price": float,
}
UNIT = 10**6  # smallest units of a dollar and of a token


def liquidations(folder: Folder, manifest: Mapping[str, Any] | None, agents: pd.DataFrame) -> pd.DataFrame:
    """Morpho's Liquidate events as rows: who lost what to whom, and what the collateral no longer covered.

    asset: column number. borrower, liquidator: agent numbers, -1 where the account is no agent's. strategy: the
    borrower's. seized_units: tokens. repaid, bad_debt: dollars. bad_debt_shares: Morpho's borrow shares (integers).
    price: dollars the liquidator paid per token.
    """
    contracts = contracts_of(manifest)
    morpho = next((c for c in contracts if c.artifact == "Morpho"), None)
    if morpho is None or manifest is None:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LIQUIDATIONS.items()})
    found = event_frame(folder, [morpho], "Liquidate", morpho.address)
    asset = {entry["loan_market"]: number for number, entry in enumerate(manifest["assets"])}
    found = found[found["id"].isin(asset)]  # anyone may open a market; these are the deployment's
    number = dict(zip(agents["address"], agents["agent"], strict=True))
    strategy = dict(zip(agents["agent"], agents["strategy"], strict=True))
    borrower = found["borrower"].map(lambda a: number.get(a, -1))
    seized, repaid = (found[c].astype(float) / UNIT for c in ("seizedAssets", "repaidAssets"))
    columns = {
        "tick": found["tick"],
        "block": found["block"],
        "asset": found["id"].map(asset),
        "borrower": borrower,
        "liquidator": found["caller"].map(lambda a: number.get(a, -1)),
        "strategy": borrower.map(lambda a: strategy.get(a, "")),
        "seized_units": seized,
        "repaid": repaid,
        "bad_debt": found["badDebtAssets"].astype(float) / UNIT,
        "bad_debt_shares": found["badDebtShares"].map(int),
        "price": repaid / seized.where(seized > 0),
    }
    return pd.DataFrame(columns).astype(LIQUIDATIONS).reset_index(drop=True)
