"""Makes the artifacts: ours and Morpho Blue compiled with py-solc-x, the rest taken as its authors shipped it.

Runs at build time only (``make setup``, or setup.py when a wheel is built), so it imports nothing of Terrarium.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).parents[2]
OUT = ROOT / "terrarium" / "artifacts"
OURS = "0.8.30"
MORPHO = "0.8.19"
# foundry.toml and ape-config.yaml say the same; tests/chain/test_artifacts.py compares what comes out
SETTINGS: dict[str, dict[str, Any]] = {
    OURS: {"evmVersion": "prague", "optimizer": {"enabled": True, "runs": 200}},
    MORPHO: {"evmVersion": "paris", "optimizer": {"enabled": True, "runs": 999_999}},
}
REMAPPINGS = ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"]
OUTPUT = {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}}
SHIPPED = {
    "@uniswap/v2-core": ("build/{}.json", "UniswapV2Factory", "UniswapV2Pair"),
    "@uniswap/v2-periphery": ("build/{}.json", "UniswapV2Router02", "WETH9"),
    "@onchain-id/solidity": (
        "artifacts/contracts/**/{}.json",
        "ClaimIssuer",
        "IdFactory",
        "Identity",
        "IdentityProxy",
        "ImplementationAuthority",
    ),
    "@tokenysolutions/t-rex": (
        "artifacts/contracts/**/{}.json",
        "ClaimTopicsRegistry",
        "ClaimTopicsRegistryProxy",
        "IAFactory",
        "IdentityRegistry",
        "IdentityRegistryProxy",
        "IdentityRegistryStorage",
        "IdentityRegistryStorageProxy",
        "ModularCompliance",
        "ModularComplianceProxy",
        "TREXFactory",
        "TREXImplementationAuthority",
        "Token",
        "TokenProxy",
        "TrustedIssuersRegistry",
        "TrustedIssuersRegistryProxy",
    ),
}


class CompileError(Exception):
    """The artifacts cannot be made; the message says what to do."""


def compile_all() -> list[str]:
    """Bring ``terrarium/artifacts`` up to date; returns the names of what was made anew.

    Nothing is compiled when neither sources nor settings changed. Raises `CompileError` when npm packages or the compiler
    are missing, or a source does not compile.
    """
    modules = ROOT / "node_modules"
    if not modules.is_dir():
        raise CompileError("the npm packages are missing: run `make setup` (needs Node 20 or newer)")
    contracts = sorted((ROOT / "contracts").rglob("*.sol"))
    morpho = sorted((modules / "@morpho-org/morpho-blue/src").rglob("*.sol"))
    stamp = OUT / ".stamp"
    digest = _digest([*contracts, *morpho, *(modules / package / "package.json" for package in SHIPPED), Path(__file__)])
    if stamp.exists() and stamp.read_text() == digest:
        return []
    made = dict(_compiled(contracts, OURS))
    made |= {n: a for n, a in _compiled([p for p in morpho if p.name == "Morpho.sol"], MORPHO) if n == "Morpho"}
    for package, (pattern, *names) in SHIPPED.items():
        made |= {name: _shipped(modules / package, package, pattern.format(name), name) for name in names}
    OUT.mkdir(exist_ok=True)
    stamp.unlink(missing_ok=True)
    for name, artifact in made.items():
        _write(OUT / f"{name}.json", json.dumps({"name": name, **artifact}, separators=(",", ":")))
    for stale in OUT.glob("*.json"):
        if stale.stem not in made:
            stale.unlink()
    _write(stamp, digest)
    return sorted(made)


def compiler(version: str) -> None:
    """Have py-solc-x use ``version``: native where it can be had, else the npm package's WebAssembly behind scripts/solc."""
    wanted = solcx.install.Version(version)
    if wanted not in solcx.get_installed_solc_versions():
        try:
            solcx.install_solc(version)
        except Exception:  # offline, or no build for this machine: py-solc-x raises a dozen different things
            os.environ["SOLCX_BINARY_PATH"] = str(ROOT / "scripts" / "solc")
    try:
        solcx.set_solc_version(version)
    except Exception as error:
        raise CompileError(f"solc {version} can be neither downloaded nor found: run `make setup`; {error}") from error


def standard_input(sources: list[Path], version: str) -> dict[str, Any]:
    """The compiler's standard JSON input for ``sources``, which stand below the project's root."""
    return {
        "language": "Solidity",
        "sources": {str(p.relative_to(ROOT)): {"content": p.read_text(encoding="utf-8")} for p in sources},
        "settings": {**SETTINGS[version], "remappings": REMAPPINGS, "outputSelection": OUTPUT},
    }


def _compiled(sources: list[Path], version: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not sources:
        return
    compiler(version)
    try:
        output = solcx.compile_standard(
            standard_input(sources, version), base_path=str(ROOT), allow_paths=str(ROOT), solc_version=version
        )
    except solcx.exceptions.SolcError as error:
        raise CompileError(f"solc {version}: {error.message}") from error
    wanted = {str(p.relative_to(ROOT)) for p in sources}
    for source, contracts in output["contracts"].items():
        for name, contract in contracts.items():
            code = contract["evm"]["bytecode"]["object"]
            if source in wanted and code:
                yield (
                    name,
                    {
                        "abi": contract["abi"],
                        "bytecode": "0x" + code,
                        "runtime": "0x" + contract["evm"]["deployedBytecode"]["object"],
                        "source": {"file": source, "compiler": version, **SETTINGS[version]},
                    },
                )


def _shipped(folder: Path, package: str, pattern: str, name: str) -> dict[str, Any]:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise CompileError(f"{package}: {len(found)} files for {name}; run `make setup` to install the pinned version")
    data = json.loads(found[0].read_text(encoding="utf-8"))
    code, runtime = data["bytecode"], data.get("deployedBytecode")
    if "evm" in data:  # Waffle's format
        code, runtime = (data["evm"][k]["object"] for k in ("bytecode", "deployedBytecode"))
    version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    return {
        "abi": data["abi"],
        "bytecode": "0x" + code.removeprefix("0x"),
        "runtime": "0x" + runtime.removeprefix("0x"),
        "source": {"package": package, "version": version},
    }


def _digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    try:
        made = compile_all()
    except CompileError as failure:
        sys.exit(f"error: {failure}")
    print(f"compiled {len(made)} artifacts" if made else "artifacts are up to date")
