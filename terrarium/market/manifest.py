"""What stands where: the deployment manifest, a JSON file that every command can read and check against a chain."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak

from terrarium.chain.types import Chain
from terrarium.errors import ManifestError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Deployed:
    """One contract on chain. ``runtime_hash`` is the keccak of its code; ``arguments`` are its constructor's, as JSON values."""

    name: str
    address: str
    artifact: str
    abi: list[dict[str, Any]] = field(repr=False)
    arguments: list[Any]
    runtime_hash: str = ""
    block: int = -1


@dataclass(slots=True)
class Manifest:
    """A deployment. ``nonce0`` is the deployer's nonce before its first step, ``done`` whether the last was made."""

    chain_id: int
    genesis: str
    deployer: str
    nonce0: int
    settings: dict[str, Any]  # the parts of the scenario that were deployed: assets, market, feeds
    reporters: list[str]
    url: str | None = None
    done: bool = False
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
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    def save(self, path: Path) -> None:
        """Write the manifest whole or not at all. Raises `ManifestError` where that fails."""
        temporary = path.with_name(path.name + ".tmp")
        try:
            with temporary.open("wb") as file:
                file.write(self.json())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise ManifestError(f"manifest: {path} cannot be written ({error.strerror}); give another path") from None

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest. Raises `ManifestError` naming the field that is missing or wrong."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ManifestError(f"manifest: there is no {path}; run `terrarium deploy --manifest {path}`") from None
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise ManifestError(f"manifest: {path} cannot be read: {error}") from None
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise ManifestError(f"manifest: {path} is no manifest of format {FORMAT}; deploy again into a new file")
        try:
            contracts = {name: Deployed(**entry) for name, entry in data.pop("contracts").items()}
            return cls(**data, contracts=contracts)
        except (KeyError, TypeError, AttributeError) as error:
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


def genesis(chain: Chain) -> str:
    """Hash of block 0: tells chains of the same id apart. Empty in process, where every chain is new."""
    if chain.engine == "revm":
        return ""
    try:
        return "0x" + bytes(chain.w3.eth.get_block(0)["hash"]).hex()
    except Exception as error:
        raise ManifestError(f"the node does not give its block 0 ({error}); use one that keeps its blocks") from None
