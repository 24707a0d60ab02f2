"""Compiled contracts: what is there, what makes them, and what is said when they cannot be made."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from eth_hash.auto import keccak

from terrarium.chain import artifacts
from terrarium.chain import compile as compiling
from terrarium.errors import ToolError

ROOT = Path(__file__).parents[2]
SOURCE = (
    "// SPDX-License-Identifier: MIT\npragma solidity 0.8.30;\ncontract {0} {{ uint256 public constant ONE = {1}; }}\n"
)
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs Node")


# What is there


def test_everything_the_market_is_made_of_is_there() -> None:
    ours = {"AlertBoard", "Cash", "Feed", "FeedOracle", "HaltModule", "IncomeModule", "KinkedRate", "Lens"}
    theirs = {
        "Morpho",
        "UniswapV2Factory",
        "UniswapV2Pair",
        "UniswapV2Router02",
        "WETH9",
        "TREXFactory",
        "Token",
        "Identity",
    }
    assert ours | theirs <= set(artifacts.names())


@pytest.mark.parametrize("name", artifacts.names())
def test_each_can_be_deployed(name: str) -> None:
    artifact = artifacts.load(name)
    assert artifact.name == name
    assert len(artifact.runtime) <= 24_576, "above the limit of EIP-170"
    assert len(artifact.bytecode) > len(artifact.runtime) > 0
    for entry in artifact.abi:
        if entry["type"] == "function" and sum(e.get("name") == entry["name"] for e in artifact.abi) == 1:
            assert len(artifact.fn(entry["name"]).selector) == 4


def test_the_router_knows_the_pair_it_looks_for() -> None:
    """Router02 computes pair addresses from a hash of the pair's creation code that is written into it."""
    assert keccak(artifacts.load("UniswapV2Pair").bytecode) in artifacts.load("UniswapV2Router02").runtime


def test_creation_appends_the_arguments() -> None:
    rate = artifacts.load("KinkedRate")
    words = [1, 2, 3, 4]
    assert rate.creation(*words) == rate.bytecode + b"".join(word.to_bytes(32, "big") for word in words)


def test_morpho_has_the_events_of_its_library() -> None:
    topic = keccak(b"Supply(bytes32,address,address,uint256,uint256)")
    assert artifacts.load("Morpho").event("Supply").topic0 == topic


def test_missing_artifacts_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "FOLDER", tmp_path)
    for cached in (artifacts.load, artifacts.names):
        cached.cache_clear()
    try:
        with pytest.raises(ToolError, match=r"'Nothing'.*make setup"):
            artifacts.load("Nothing")
        (tmp_path / "Torn.json").write_text('{"name": "Torn"')
        with pytest.raises(ToolError, match=r"Torn\.json.*make setup"):
            artifacts.load("Torn")
    finally:
        for cached in (artifacts.load, artifacts.names):
            cached.cache_clear()


# One set of settings


def test_ape_and_forge_are_told_the_same() -> None:
    settings = compiling.SETTINGS[compiling.OURS]
    project = yaml.safe_load((ROOT / "ape-config.yaml").read_text())
    ape = project["solidity"]
    forge = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
    optimizer = (settings["optimizer"]["enabled"], settings["optimizer"]["runs"])
    assert (ape["optimize"], ape["optimization_runs"]) == (forge["optimizer"], forge["optimizer_runs"]) == optimizer
    assert ape["evm_version"] == forge["evm_version"] == settings["evmVersion"]
    ((prefix, package),) = [remapping.split("=node_modules/") for remapping in settings["remappings"]]
    assert forge["remappings"] == settings["remappings"]
    (dependency,) = project["dependencies"]  # Ape compiles a copy of the project, to which it brings the package
    assert dependency["npm"] == package
    assert ape["import_remapping"] == [f"{prefix}={dependency['name']}"]
    assert not any((settings.get("viaIR"), ape.get("via_ir"), forge.get("via_ir")))
    assert ape["version"] == compiling.OURS
    assert forge["solc"].endswith(f"solc-v{compiling.OURS}")


def test_npm_pins_the_compilers_that_are_asked_for() -> None:
    pins = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert pins["solc"] == compiling.OURS
    assert pins[f"solc-{compiling.MORPHO}"] == f"npm:solc@{compiling.MORPHO}"


# The stand-in for the compiler


def solc(version: str, *arguments: str, stdin: str = "", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    wrapper = ROOT / "scripts" / "solc" / f"solc-v{version}"
    return subprocess.run([wrapper, *arguments], input=stdin, cwd=cwd, capture_output=True, text=True, check=False)


@needs_node
@pytest.mark.parametrize("version", [compiling.OURS, compiling.MORPHO])
def test_it_gives_the_version_of_the_package(version: str) -> None:
    package = "solc" if version == compiling.OURS else f"solc-{version}"
    script = f"console.log(require({json.dumps(str(ROOT / 'node_modules' / package))}).version())"
    real = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout.strip()
    assert solc(version, "--version").stdout.splitlines()[-1] == f"Version: {real}"


def standard_json(text: str, **settings: Any) -> str:
    output = {"*": {"*": ["abi"]}}
    return json.dumps(
        {
            "language": "Solidity",
            "sources": {"A.sol": {"content": text}},
            "settings": {"outputSelection": output, **settings},
        }
    )


@needs_node
def test_it_finds_imports_where_the_compiler_would(tmp_path: Path) -> None:
    for folder in ("base", "more", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.sol").write_text(SOURCE.format(folder.capitalize(), 1))
    given = ("--standard-json", "--base-path", str(tmp_path / "base"), "--include-path", str(tmp_path / "more"))

    def errors(text: str, *more: str) -> list[str]:
        out = json.loads(solc(compiling.OURS, *given, *more, stdin=standard_json(text)).stdout)
        return [error["message"] for error in out.get("errors", []) if error["severity"] == "error"]

    assert errors('import "base.sol"; import "more.sol";') == []
    assert "not found" in errors('import "elsewhere.sol";')[0]
    outside = f'import "{tmp_path}/elsewhere/elsewhere.sol";'
    assert "outside of allowed" in errors(outside)[0]
    assert errors(outside, "--allow-paths", str(tmp_path / "elsewhere")) == []


@needs_node
def test_it_refuses_what_it_cannot_do() -> None:
    for arguments in ((), ("--ir",), ("A.sol",)):
        answer = solc(compiling.OURS, *arguments)
        assert answer.returncode == 1
        assert "--standard-json" in answer.stderr


# Compiling


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one contract, with everything of others' already made."""
    if not compiling.installed():
        pytest.skip("needs the npm packages")
    for name in ("node_modules", "package.json", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    out = tmp_path / "terrarium" / "artifacts"
    shutil.copytree(compiling.OUT, out)
    for name in json.loads((out / ".made").read_text())["ours"]["names"]:
        (out / f"{name}.json").unlink()
    monkeypatch.setattr(compiling, "ROOT", tmp_path)
    monkeypatch.setattr(compiling, "OUT", out)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "One.sol").write_text(SOURCE.format("One", 1))
    return tmp_path


def test_only_what_changed_is_made_again(project: Path) -> None:
    assert compiling.stale() == ["ours"]
    assert compiling.compile_all() == ["One"]
    assert compiling.stale() == []
    assert compiling.compile_all() == []
    made = compiling.OUT / "One.json"
    before = json.loads(made.read_text())["runtime"]
    (project / "contracts" / "One.sol").write_text("// a comment\n" + SOURCE.format("One", 1))
    assert compiling.compile_all() == ["One"]
    assert json.loads(made.read_text())["runtime"] == before, "a comment must not change recorded runs"
    made.unlink()
    assert compiling.compile_all() == ["One"]
    (project / "contracts" / "One.sol").rename(project / "contracts" / "Two.sol")
    (project / "contracts" / "Two.sol").write_text(SOURCE.format("Two", 2))
    assert compiling.compile_all() == ["Two"]
    assert not made.exists(), "artifacts of contracts that have gone go too"


def test_a_source_that_does_not_compile_leaves_all_as_it_was(project: Path) -> None:
    compiling.compile_all()
    (project / "contracts" / "One.sol").write_text(SOURCE.format("One", "nonsense"))
    with pytest.raises(compiling.CompileError, match=r"One\.sol:3[\s\S]*nonsense"):
        compiling.compile_all()
    assert json.loads((compiling.OUT / "One.json").read_text())["name"] == "One"
    assert compiling.stale() == ["ours"]


@pytest.mark.parametrize("name", ["Token", "One"])
def test_no_two_contracts_share_a_name(project: Path, name: str) -> None:
    (project / "contracts" / "Other.sol").write_text(SOURCE.format(name, 3))
    with pytest.raises(compiling.CompileError, match=f"{name}.*rename"):
        compiling.compile_all()


def test_without_npm_packages_it_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "MORPHO_SOURCE", project / "nowhere")
    with pytest.raises(compiling.CompileError, match="make setup"):
        compiling.compile_all()


def test_without_any_compiler_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(version: str) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(compiling, "COMPILERS", tmp_path / "compilers")
    monkeypatch.setattr(compiling, "_download", offline)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(compiling.CompileError, match=r"no network.*install Node.*solc-v0\.8\.30"):
        compiling.compiler("0.8.30")


@needs_node
def test_offline_the_stand_in_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(version: str) -> None:
        (compiling.COMPILERS / f"solc-v{version}").write_text("half a compiler")
        raise ConnectionError("the line broke")

    monkeypatch.setattr(compiling, "COMPILERS", tmp_path / "compilers")
    monkeypatch.setattr(compiling, "_download", torn)
    path = compiling.compiler("0.8.30")
    assert path.resolve() == ROOT / "scripts" / "solc" / "solc-v0.8.30"
    assert compiling.compiler("0.8.30") == path
