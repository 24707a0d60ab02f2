"""Anvil: the default engine. A child process on loopback, spoken to over a Unix socket in a folder only we can enter."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrarium.chain import node
from terrarium.chain.accounts import dev_accounts
from terrarium.chain.devnode import DevNode
from terrarium.chain.jsonrpc import Rpc, RpcError, UnixTransport
from terrarium.chain.remote import unhex
from terrarium.chain.rules import BLOCK_GAS, CHAIN_ID, GENESIS
from terrarium.chain.types import Logs
from terrarium.errors import ChainError, ToolError

STATES = 64  # past states the node keeps for calls at earlier blocks; blocks and logs it keeps all
FEW = 8  # transactions without logs up to which each is traced by itself, as tracing a block costs the same for one as for all


def find_anvil() -> str:
    """Path of the program: from PATH, else the one npm put into this checkout. Raises `ToolError` where there is none."""
    found = shutil.which("anvil")
    if found:
        return found
    for folder in (Path.cwd(), *Path(__file__).resolve().parents):
        local = folder / "node_modules" / ".bin" / "anvil"
        if local.exists():
            return str(local)
    raise ToolError(
        "anvil is not installed: run `make setup` in the checkout, or install Foundry (https://getfoundry.sh); `--engine revm` needs neither"
    )


class AnvilChain(DevNode):
    """A `Chain` on an Anvil of our own. ``url`` is where others may watch it."""

    engine = "anvil"
    drop_all = "anvil_dropAllTransactions"
    set_balance = "anvil_setBalance"

    def __init__(self, *, chain_id: int = CHAIN_ID, genesis: int = GENESIS) -> None:
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

    def _failures(self, block: Mapping[str, Any], hashes: Sequence[str], logs: Logs) -> dict[int, bytes]:
        """Revert data by transaction. A transaction that logged has succeeded; only the others are asked about."""
        silent = sorted(set(range(len(hashes))).difference(logs.tx.tolist()))
        if not silent:
            return {}
        if len(silent) <= FEW:
            traces: list[Any] = []
            for index, own in zip(
                silent, self._ask_all([("trace_transaction", (hashes[i],)) for i in silent]), strict=True
            ):
                if isinstance(own, RpcError):
                    raise ChainError(f"transaction {index}: the node does not say how it ended: {own.message}")
                traces += own
        else:
            traces = self.rpc.ask("trace_block", block["number"])
        failed: dict[int, bytes] = {}
        seen = set()
        for trace in traces:
            if not trace["traceAddress"]:
                seen.add(trace["transactionPosition"])
                if "error" in trace:
                    failed[trace["transactionPosition"]] = _output(trace)
        missing = set(silent) - seen
        if missing:
            raise ChainError(f"transaction {min(missing)}: the node has no trace of it")
        return failed


def _output(trace: Mapping[str, Any]) -> bytes:
    """Revert data of a failed top-level call; a halt (out of gas, bad jump, …) has none."""
    result = trace.get("result") or {}
    return unhex(result.get("output")) if trace["error"] == "Reverted" else b""
