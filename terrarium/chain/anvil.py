"""Anvil: the default engine. A child process on loopback, spoken to over a Unix socket in a folder only we can
enter."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terrarium.chain import node
from terrarium.chain.accounts import dev_accounts
from terrarium.chain.devnode import DevNode, Gas
from terrarium.chain.jsonrpc import Rpc, RpcError, UnixTransport
from terrarium.chain.remote import PLAIN, unhex
from terrarium.chain.rules import BLOCK_GAS, CHAIN_ID, GENESIS
from terrarium.chain.types import Logs
from terrarium.errors import ChainError, ToolError

STATES = 64  # past states the node keeps for calls at earlier blocks; blocks and logs it keeps all


def find_anvil() -> str:
    """Path of the program: from PATH, else the one npm put into this checkout. Raises `ToolError` where there is
    none."""
    found = shutil.which("anvil")
    if found:
        return found
    for folder in (Path.cwd(), *Path(__file__).resolve().parents):
        local = folder / "node_modules" / ".bin" / "anvil"
        if local.exists():
            return str(local)
    raise ToolError(
        "anvil is not installed: run `make setup` in the checkout, or install Foundry "
        "(https://getfoundry.sh); `--engine revm` needs neither"
    )


class AnvilChain(DevNode):
    """A `Chain` on an Anvil of our own. ``gas=False`` leaves out the gas used, for about a tenth more speed."""

    engine = "anvil"
    # Anvil works on all questions of a batch at once. Up to 30 of them it always goes through in order; with more
    # (futures::join_all then keeps a queue) it reorders those under way when its scheduler calls it off, as timing has
    # it.
    ordered = 30
    set_balance = "anvil_setBalance"

    def __init__(self, *, chain_id: int = CHAIN_ID, genesis: int = GENESIS, gas: bool = True) -> None:
        self._gas = gas
        program = find_anvil()
        flags = {
            "--host": "127.0.0.1",
            "--chain-id": str(chain_id),
            "--timestamp": str(genesis),
            "--order": "fifo",
            "--base-fee": "0",
            "--gas-price": "0",
            "--gas-limit": str(BLOCK_GAS),
            "--hardfork": "prague",
            "--accounts": "0",
            "--prune-history": str(STATES),
        }
        switches = [
            "--no-mining",
            "--auto-impersonate",
            "--disable-default-create2-deployer",
            "--disable-min-priority-fee",
            "--disable-console-log",
            "--no-request-size-limit",
            "--quiet",
        ]
        fixed = [program, *[part for flag in flags.items() for part in flag], *switches]
        open_rpc: list[Rpc] = []

        def command(port: int, folder: Path) -> Sequence[str]:
            return [*fixed, "--port", str(port), "--ipc", str(folder / "ipc")]

        def ready(child: node.Node) -> bool:
            if not (child.folder / "ipc").exists():
                return False
            try:
                rpc = Rpc(UnixTransport(str(child.folder / "ipc"), 600.0), "anvil")
            except OSError:
                return False
            open_rpc[:] = [rpc]
            return int(rpc.ask("eth_chainId"), 16) == chain_id

        child = node.start(command, ready, "anvil")
        super().__init__(child, open_rpc[0], chain_id, dev_accounts())

    def _outcomes(
        self, block: Mapping[str, Any], hashes: Sequence[str], logs: Logs
    ) -> tuple[dict[int, bytes], Gas | None]:
        """Revert data by index of the failed transaction, and gas used.

        A trace without steps says both in a few microseconds; a receipt takes longer the larger its block. Without gas,
        only those transactions are asked about that logged nothing: one that logged has succeeded.
        """
        asked = range(len(hashes)) if self._gas else sorted(set(range(len(hashes))).difference(logs.tx.tolist()))
        failed: dict[int, bytes] = {}
        upto = np.zeros(len(hashes), np.int64)
        for i, trace in zip(
            asked, self._ask_all([("debug_traceTransaction", (hashes[i], PLAIN)) for i in asked]), strict=True
        ):
            if isinstance(trace, RpcError):
                raise ChainError(f"transaction {i}: the node does not say how it ended: {trace.message}")
            upto[i] = trace["gas"]
            if trace["failed"]:
                failed[i] = unhex(trace["returnValue"])
        return failed, _each(upto, int(block["gasUsed"], 16)) if self._gas else None

    def _empty_pool(self, hashes: Sequence[str]) -> None:
        self.rpc.ask("anvil_dropAllTransactions")


def _each(gas: Gas, total: int) -> Gas | None:
    """Gas of each transaction. Anvil counts on from transaction to transaction; a node that does not is understood
    too."""
    if gas.sum() == total:
        return gas
    return np.diff(gas, prepend=0) if gas[-1] == total else None
