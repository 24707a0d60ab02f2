"""What stands where: the deployment manifest, a JSON file that every command can read and check against a chain."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import orjson
from eth_hash.auto import keccak

from terrarium.chain.types import Chain
from terrarium.errors import ManifestError, TerrariumError
from terrarium.files import replacing

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Deployed:
    """One contract on chain. ``runtime_hash`` is the keccak of its code; ``arguments`` are its constructor's, as JSON
    values."""

    name: str
    address: str
    artifact: str
    abi: list[dict[str, Any]] = field(repr=False)
    arguments: list[Any]
    runtime_hash: str = ""


@dataclass(slots=True)
class Manifest:
    """A deployment. ``nonce0`` is the deployer's nonce before its first step, ``done`` whether the last was made, at
    ``block``; ``failed`` says which one the chain refused."""

    chain_id: int
    genesis: str
    deployer: str
    nonce0: int
    settings: dict[str, Any]  # the parts of the scenario that were deployed: assets, market, feeds
    reporters: list[str]
    url: str | None = None
    done: bool = False
    failed: str = ""
    block: int = -1
    contracts: dict[str, Deployed] = field(default_factory=dict)
    assets: list[dict[str, Any]] = field(default_factory=list)

    def address(self, name: str) -> str:
        """Address of the contract called ``name``. Raises `ManifestError` where there is none."""
        try:
            return self.contracts[name].address
        except KeyError:
            raise ManifestError(f"manifest: contracts.{name} is missing; deploy again into a new file") from None

    def json(self) -> bytes:
        """The manifest as it stands in a file."""
        content = {f.name: getattr(self, f.name) for f in fields(self)}
        return orjson.dumps({"format": FORMAT, **content}, option=orjson.OPT_INDENT_2)

    def save(self, path: Path) -> None:
        """Write the manifest whole or not at all. Raises `ManifestError` where that fails."""
        try:
            with replacing(path) as file:  # on the disk before anything is sent
                file.write(self.json())
        except OSError as error:
            raise ManifestError(f"manifest: {path} cannot be written ({error.strerror}); give another path") from None

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest. Raises `ManifestError` naming the field that is missing or wrong."""
        try:
            data = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            raise ManifestError(f"manifest: there is no {path}; run `terrarium deploy --manifest {path}`") from None
        except (OSError, ValueError) as error:
            raise ManifestError(f"manifest: {path} cannot be read: {error}") from None
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise ManifestError(f"manifest: {path} is no manifest of format {FORMAT}; deploy again into a new file")
        try:
            entries = _typed(data, Manifest, "")["contracts"]
            contracts = {name: Deployed(**_typed(e, Deployed, f"contracts.{name}.")) for name, e in entries.items()}
            return cls(**{**data, "contracts": contracts})
        except ValueError as error:
            raise ManifestError(f"manifest: {path}: {error}; deploy again into a new file") from None

    def check(self, chain: Chain) -> None:
        """Raises `ManifestError` where ``chain`` does not hold what the manifest says, naming the first difference."""
        if chain.chain_id != self.chain_id:
            raise ManifestError(
                f"manifest: chain_id is {self.chain_id}, the node's is {chain.chain_id}; use its own manifest"
            )
        if (found := genesis(chain)) != self.genesis:
            raise ManifestError(
                f"manifest: genesis is {self.genesis}, the node's is {found}: another chain, or restarted; deploy anew"
            )
        if not self.done:
            raise ManifestError("manifest: the deployment was not finished; run `terrarium deploy` again to finish it")
        for name, contract in self.contracts.items():
            code = chain.code(contract.address)
            if not code:
                raise ManifestError(f"manifest: contracts.{name}: there is no code at {contract.address}; deploy anew")
            if (found := "0x" + keccak(code).hex()) != contract.runtime_hash:
                raise ManifestError(
                    f"manifest: contracts.{name}.runtime_hash is {contract.runtime_hash}, the code at "
                    f"{contract.address} hashes to {found}; deploy anew, or use the manifest that belongs to this chain"
                )


def _typed(entry: Any, kind: type[Manifest | Deployed], where: str) -> dict[str, Any]:
    """``entry`` if it has the fields of ``kind``, of their types. `ValueError` names the first that is wrong."""
    if not isinstance(entry, dict):
        raise ValueError(f"{where.rstrip('.')} must be an object, got {entry!r}")  # noqa: TRY004
    names = {f.name for f in fields(kind)}
    if missing := sorted(names - entry.keys()):
        raise ValueError(f"{where}{missing[0]} is missing")
    if unknown := sorted(entry.keys() - names):
        raise ValueError(f"{where}{unknown[0]} is no field of a manifest")
    for f in fields(kind):
        wanted, good = _KINDS[str(f.type).partition("[")[0]]
        value = entry[f.name]
        if not good(value) or (f.name in _ADDRESSES and not _ADDRESS.fullmatch(value)):
            wanted = "an address, 0x and 40 hex digits" if f.name in _ADDRESSES else wanted
            raise ValueError(f"{where}{f.name} must be {wanted}, got {value!r}")
    return entry


_ADDRESS = re.compile("0x[0-9a-f]{40}")
_ADDRESSES = ("deployer", "address")
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("a string", lambda v: isinstance(v, str)),
    "str | None": ("a string or null", lambda v: v is None or isinstance(v, str)),
    "int": ("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool)),
    "bool": ("true or false", lambda v: isinstance(v, bool)),
    "list": ("a list", lambda v: isinstance(v, list)),
    "dict": ("an object", lambda v: isinstance(v, dict)),
}


def genesis(chain: Chain) -> str:
    """Hash of block 0: tells chains of the same id apart. Empty in process, where every chain is new."""
    if chain.engine == "revm":
        return ""
    from web3.exceptions import Web3Exception  # it takes a second to load

    try:
        return "0x" + bytes(chain.w3.eth.get_block(0)["hash"]).hex()
    except (TerrariumError, Web3Exception, LookupError, TypeError) as error:
        raise ManifestError(
            f"manifest: the node does not give its block 0 ({error}); use one that keeps its blocks"
        ) from None
