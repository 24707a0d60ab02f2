"""Makes the artifacts: ours and Morpho Blue compiled with py-solc-x, the rest taken as its authors shipped it.

    python -m terrarium.chain.compile

Runs at build time only: for ``make setup``, and from setup.py, which loads this file by its path where Terrarium is not
yet installed. So it imports nothing of Terrarium. What is made is one JSON file a contract in ``terrarium/artifacts``:
{name, abi, bytecode, runtime, source}. Nothing is compiled again as long as sources and settings stay the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OUT = ROOT / "terrarium" / "artifacts"
MORPHO_SOURCE = ROOT / "node_modules/@morpho-org/morpho-blue/src/Morpho.sol"
COMPILERS = ROOT / ".solc"  # py-solc-x, Ape and forge all look here
OURS = "0.8.30"
MORPHO = "0.8.19"
# Ours: ape-config.yaml and foundry.toml say the same, and a test compares what comes out. Without the metadata's hash
# at its end, code stays the same when only a comment changes, and so do recorded runs. Morpho: as in its own release.
SETTINGS: dict[str, dict[str, Any]] = {
    OURS: {
        "evmVersion": "prague",
        "optimizer": {"enabled": True, "runs": 200},
        "metadata": {"bytecodeHash": "none"},
        "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
    },
    MORPHO: {
        "evmVersion": "paris",
        "optimizer": {"enabled": True, "runs": 999_999},
        "viaIR": True,
        "metadata": {"bytecodeHash": "none"},
    },
}
OUTPUT = {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}}
# What we deploy or decode of other people's builds: package -> (where it keeps them, contracts)
SHIPPED: dict[str, tuple[str, tuple[str, ...]]] = {
    "@uniswap/v2-core": ("build/{}.json", ("UniswapV2Factory", "UniswapV2Pair")),
    "@uniswap/v2-periphery": ("build/{}.json", ("UniswapV2Router02", "WETH9")),
    "@onchain-id/solidity": (
        "artifacts/contracts/**/{}.json",
        ("ClaimIssuer", "IdFactory", "Identity", "IdentityProxy", "ImplementationAuthority"),
    ),
    "@tokenysolutions/t-rex": (
        "artifacts/contracts/**/{}.json",
        (
            *("ClaimTopicsRegistry", "ClaimTopicsRegistryProxy", "IdentityRegistry", "IdentityRegistryProxy"),
            *("IdentityRegistryStorage", "IdentityRegistryStorageProxy", "ModularCompliance", "ModularComplianceProxy"),
            *("Token", "TokenProxy", "TrustedIssuersRegistry", "TrustedIssuersRegistryProxy"),
            *("IAFactory", "TREXFactory", "TREXImplementationAuthority"),
        ),
    ),
}

Artifacts = dict[str, dict[str, Any]]


class CompileError(Exception):
    """The artifacts cannot be made; the message says what to do."""


def stale() -> list[str]:
    """The parts of the artifacts that are gone, or whose sources, settings or pinned packages have changed since."""
    made = _made()
    return [part for part, state in _wanted().items() if part not in made or not _holds(made[part], state)]


def installed() -> bool:
    """Whether the npm packages are there to compile from."""
    return MORPHO_SOURCE.exists()


def compile_all() -> list[str]:
    """Bring ``terrarium/artifacts`` up to date; returns the names of what was made anew.

    Raises `CompileError` when npm packages or a compiler are missing, or a source does not compile; what stood there
    before then stays.
    """
    if not (parts := stale()):
        return []
    if not installed():
        raise CompileError("the npm packages are missing: run `make setup` (needs Node 20 or newer)")
    wanted = _wanted()
    made = {part: state for part, state in _made().items() if part in wanted}
    makers: dict[str, Callable[[], Artifacts]] = {
        "ours": lambda: _compiled(_ours(), OURS),
        "morpho": lambda: _compiled([MORPHO_SOURCE], MORPHO),
        "shipped": _shipped,
    }
    with ThreadPoolExecutor() as pool:  # two compilers at once
        running = {part: pool.submit(makers[part]) for part in parts}
    OUT.mkdir(exist_ok=True)
    fresh: Artifacts = {}
    for part in sorted(parts, key=lambda part: running[part].exception() is not None):  # keep what succeeds, then raise
        artifacts = running[part].result()
        taken = {name: other for other, state in made.items() if other != part for name in state["names"]}
        if twice := sorted(taken.keys() & artifacts.keys()):
            raise CompileError(f"contract {twice[0]} comes twice, from {taken[twice[0]]} and {part}: rename ours")
        made[part] = {"digest": wanted[part], "names": sorted(artifacts)}
        for name, artifact in artifacts.items():
            _write(OUT / f"{name}.json", {"name": name, **artifact})
        _write(OUT / ".made", made)
        fresh |= artifacts
    kept = {name for state in made.values() for name in state["names"]}
    for path in OUT.glob("*.json"):
        if path.stem not in kept:
            path.unlink()
    return sorted(fresh)


def compiler(version: str) -> Path:
    """The solc to use: native where py-solc-x can download it, else the npm package's WebAssembly behind scripts/solc.

    To bring your own, put it at ``.solc/solc-v<version>``. Raises `CompileError` where neither can be had.
    """
    path = COMPILERS / f"solc-v{version}"
    if path.exists():
        return path
    path.unlink(missing_ok=True)  # a link to a compiler that has gone
    COMPILERS.mkdir(exist_ok=True)
    try:
        _download(version)
    except Exception as error:  # offline, or no build for this machine: py-solc-x raises a dozen different things
        if path.exists():
            path.unlink()
        if not shutil.which("node"):
            raise CompileError(
                f"solc {version} cannot be downloaded ({error}), and there is no Node to run the npm one: install Node "
                f"20 or newer, or put the compiler at {path}"
            ) from error
        link = COMPILERS / f".solc-v{version}.{os.getpid()}"
        link.symlink_to(os.path.relpath(ROOT / "scripts" / "solc" / path.name, COMPILERS))
        link.replace(path)
    return path


def standard_input(sources: list[Path], version: str) -> dict[str, Any]:
    """The compiler's standard JSON input for ``sources``, which stand below the project's root."""
    return {
        "language": "Solidity",
        "sources": {p.relative_to(ROOT).as_posix(): {"content": p.read_text(encoding="utf-8")} for p in sources},
        "settings": {**SETTINGS[version], "outputSelection": OUTPUT},
    }


def _download(version: str) -> None:
    import requests  # comes with py-solc-x, which itself would wait for ever for a network that swallows packets
    import solcx

    requests.head("https://binaries.soliditylang.org", timeout=5)
    solcx.install_solc(version, solcx_binary_path=COMPILERS)


def _compiled(sources: list[Path], version: str) -> Artifacts:
    """Artifacts of every contract in ``sources`` that has code, interfaces and abstract ones left out."""
    if not sources:
        return {}
    binary = compiler(version)
    import solcx  # takes longer than everything else when nothing is to be done

    asked = standard_input(sources, version)
    try:
        output = solcx.compile_standard(asked, base_path=ROOT, solc_binary=binary)
    except solcx.exceptions.SolcError as error:
        raise CompileError(f"solc {version}: {error.message}\n{error.stderr_data}".strip()) from error
    except (OSError, ValueError) as error:
        raise CompileError(f"solc {version} at {binary} does not run: {error}; delete it and try again") from error
    found: Artifacts = {}
    for file in asked["sources"]:
        for name, contract in output["contracts"].get(file, {}).items():
            code, runtime = (contract["evm"][key]["object"] for key in ("bytecode", "deployedBytecode"))
            if not code:
                continue
            if name in found:
                raise CompileError(
                    f"{found[name]['source']['file']} and {file} both hold a contract {name}: rename one"
                )
            source = {"file": file, "compiler": version, "settings": SETTINGS[version]}
            found[name] = _artifact(name, contract["abi"] + _events(output, name), code, runtime, source)
    return found


def _events(output: dict[str, Any], name: str) -> list[Any]:
    """Morpho emits the events of a library, which solc 0.8.19 leaves out of the ABI of the contract that emits them."""
    if name != "Morpho":
        return []
    library = output["contracts"][(MORPHO_SOURCE.parent / "libraries/EventsLib.sol").relative_to(ROOT).as_posix()]
    return [entry for entry in library["EventsLib"]["abi"] if entry["type"] == "event"]


def _shipped() -> Artifacts:
    found: Artifacts = {}
    for package, (pattern, names) in SHIPPED.items():
        folder = ROOT / "node_modules" / package
        try:
            version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
            for name in names:
                (file,) = folder.glob(pattern.format(name))
                data = json.loads(file.read_text(encoding="utf-8"))
                # Uniswap's files are Waffle's, the others Hardhat's
                evm = data.get("evm") or {key: {"object": data[key]} for key in ("bytecode", "deployedBytecode")}
                code, runtime = (evm[key]["object"] for key in ("bytecode", "deployedBytecode"))
                found[name] = _artifact(name, data["abi"], code, runtime, {"package": package, "version": version})
        except (OSError, ValueError, KeyError) as error:
            raise CompileError(f"npm package {package} is not as pinned: run `npm ci` again ({error})") from error
    return found


def _artifact(name: str, abi: list[Any], code: str, runtime: str, source: dict[str, Any]) -> dict[str, Any]:
    codes = {"bytecode": "0x" + code.removeprefix("0x"), "runtime": "0x" + runtime.removeprefix("0x")}
    if any("_" in value for value in codes.values()):
        raise CompileError(f"{name} wants a library at an address; call internal functions of libraries only")
    return {"abi": abi, **codes, "source": source}


def _made() -> dict[str, dict[str, Any]]:
    try:
        made: dict[str, dict[str, Any]] = json.loads((OUT / ".made").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return made


def _ours() -> list[Path]:
    return sorted((ROOT / "contracts").rglob("*.sol"))


def _wanted() -> dict[str, str]:
    """Digest of everything each part is made from."""
    return {"ours": _digest(SETTINGS[OURS], _ours()), "morpho": _digest(SETTINGS[MORPHO]), "shipped": _digest(SHIPPED)}


def _holds(state: dict[str, Any], digest: str) -> bool:
    return bool(state["digest"] == digest) and all((OUT / f"{name}.json").exists() for name in state["names"])


def _digest(settings: object, sources: list[Path] | None = None) -> str:
    """What an artifact depends on: this file, settings, pinned packages and our sources."""
    pins = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    total = hashlib.sha256(Path(__file__).read_bytes())
    total.update(json.dumps([settings, pins], sort_keys=True).encode())
    for path in sources or []:
        total.update(f"\0{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes())
    return total.hexdigest()


def _write(path: Path, content: object) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    try:
        fresh = compile_all()
    except CompileError as failure:
        sys.exit(f"error: {failure}")
    print(f"compiled {len(fresh)} contracts" if fresh else "contracts are up to date")
