"""The engines under test, and the contracts they are tested with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from terrarium.chain import compile as compiler
from terrarium.chain import node
from terrarium.chain.accounts import dev_accounts
from terrarium.chain.anvil import AnvilChain, find_anvil
from terrarium.chain.artifacts import Artifact
from terrarium.chain.hardhat import HardhatChain, find_hardhat
from terrarium.chain.jsonrpc import connect
from terrarium.chain.revm import RevmChain
from terrarium.chain.rpc import RpcChain
from terrarium.chain.rules import BLOCK_GAS, GENESIS, PURSE
from terrarium.chain.types import Chain, Tx
from terrarium.errors import InputError

OWN = ("anvil", "hardhat", "revm")
ENGINES = (*OWN, "rpc")
FREE = ("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee")


@contextmanager
def open_engine(name: str) -> Iterator[Chain]:
    """A fresh chain. "rpc" is a stranger's Anvil that mines each transaction at once, with our development accounts."""
    if name == "rpc":
        with stranger(*FREE, "--timestamp", str(GENESIS), "--gas-limit", str(BLOCK_GAS), "--hardfork", "prague") as url:
            rpc = connect(url)
            rpc.ask("anvil_setBalance", dev_accounts().address("deployer"), hex(PURSE))
            rpc.close()
            with RpcChain(url, accounts=dev_accounts()) as chain:
                yield chain
    else:
        with {"anvil": AnvilChain, "hardhat": HardhatChain, "revm": RevmChain}[name]() as chain:
            yield chain


@contextmanager
def stranger(*flags: str) -> Iterator[str]:
    """The URL of an Anvil somebody else might have started."""
    program = find_anvil()
    child = node.start(
        lambda port, _: [program, "--host", "127.0.0.1", "--port", str(port), "--quiet", *flags], answers, "anvil"
    )
    try:
        yield child.url
    finally:
        child.stop()


@contextmanager
def strange_hardhat() -> Iterator[str]:
    """The URL of a Hardhat node with its usual settings."""
    program, root = find_hardhat()
    script = str(root / "node_modules" / "hardhat" / "internal" / "cli" / "cli.js")

    def command(port: int, folder: Path) -> list[str]:
        config = folder / "hardhat.config.js"
        config.write_text('module.exports = {solidity: "0.8.30", networks: {hardhat: {hardfork: "prague"}}};')
        return [program, script, "--config", str(config), "node", "--hostname", "127.0.0.1", "--port", str(port)]

    child = node.start(command, answers, "hardhat", timeout=60, cwd=root)
    try:
        yield child.url
    finally:
        child.stop()


def answers(child: node.Node) -> bool:
    try:
        connect(child.url, 5).close()
    except InputError:
        return False
    return child.listens()


@cache
def contracts() -> dict[str, Artifact]:
    """The test contracts, compiled as ours are; kept in the build folder until a source changes."""
    sources = sorted((Path(__file__).parent / "contracts").glob("*.sol"))
    digest = compiler._digest(compiler.SETTINGS[compiler.OURS], sources)
    kept = compiler.ROOT / ".pytest_cache" / f"chain-{digest[:16]}.json"
    if kept.exists():
        made = json.loads(kept.read_text())
    else:
        made = compiler._compiled(sources, compiler.OURS)
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(made))
    return {
        name: Artifact(
            name, a["abi"], bytes.fromhex(a["bytecode"][2:]), bytes.fromhex(a["runtime"][2:]), source=a["source"]
        )
        for name, a in made.items()
    }


def deploy(chain: Chain, name: str, *args: object) -> str:
    """Address of a new contract."""
    block = chain.submit([Tx(chain.accounts.address("deployer"), None, contracts()[name].creation(*args))])
    assert block.ok.all()
    return block.created[0]
