"""Hardhat: the second real node. A child process on loopback, with a configuration of its own that no project file can
change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terrarium.chain import node
from terrarium.chain.accounts import dev_accounts
from terrarium.chain.devnode import DevNode, Gas
from terrarium.chain.jsonrpc import HttpTransport, Rpc, RpcError
from terrarium.chain.remote import PLAIN, unhex
from terrarium.chain.rules import BLOCK_GAS, CHAIN_ID, GENESIS, ZERO
from terrarium.chain.types import Logs, Tx
from terrarium.errors import ChainError, ToolError

NO_RANDAO = "0x" + "00" * 32
CONFIG = """\
module.exports = {{
  solidity: "0.8.30",
  networks: {{ hardhat: {{
    chainId: {chain_id}, hardfork: "prague", initialDate: new Date({genesis} * 1000).toISOString(),
    blockGasLimit: {gas}, initialBaseFeePerGas: 0, gasPrice: 0, coinbase: "{zero}", accounts: [],
    loggingEnabled: false, throwOnTransactionFailures: false,
    mining: {{ auto: false, interval: 0, mempool: {{ order: "fifo" }} }},
  }} }},
}};
"""


def find_hardhat() -> tuple[str, Path]:
    """The node.js program, and the folder whose ``node_modules`` hold Hardhat. Raises `ToolError` where either is
    missing."""
    program = shutil.which("node")
    if not program:
        raise ToolError("Node.js is not installed: Hardhat needs version 20 or later; `--engine revm` needs none")
    for folder in (Path.cwd(), *Path(__file__).resolve().parents):
        if (folder / "node_modules" / "hardhat" / "package.json").exists():
            return program, folder
    raise ToolError("Hardhat is not installed: run `make setup-test` in the checkout; `--engine anvil` does without")


class HardhatChain(DevNode):
    """A `Chain` on a Hardhat node of our own."""

    engine = "hardhat"
    set_balance = "hardhat_setBalance"

    def __init__(self, *, chain_id: int = CHAIN_ID, genesis: int = GENESIS) -> None:
        program, root = find_hardhat()
        self._known: set[str] = set()
        script = str(root / "node_modules" / "hardhat" / "internal" / "cli" / "cli.js")
        config = CONFIG.format(chain_id=chain_id, genesis=genesis, gas=BLOCK_GAS, zero=ZERO)

        def command(port: int, folder: Path) -> Sequence[str]:
            own = folder / "hardhat.config.js"
            own.write_text(config)
            return [program, script, "--config", str(own), "node", "--hostname", "127.0.0.1", "--port", str(port)]

        def ready(child: node.Node) -> bool:
            rpc = Rpc(HttpTransport(child.url, 5.0), "hardhat")
            try:
                return int(rpc.ask("eth_chainId"), 16) == chain_id
            except ChainError:
                return False
            finally:
                rpc.close()

        settings = {**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true", "NO_COLOR": "1"}
        child = node.start(command, ready, "hardhat", timeout=60.0, cwd=root, environment=settings)
        super().__init__(child, Rpc(HttpTransport(child.url, 600.0), "hardhat"), chain_id, dev_accounts())

    def _send(self, txs: Sequence[Tx], nonces: Sequence[int]) -> list[str]:
        fresh = {tx.sender for tx in txs} - self._known
        self._ask_all([("hardhat_impersonateAccount", (sender,)) for sender in sorted(fresh)])
        self._known |= fresh
        hashes = super()._send(txs, nonces)
        self.rpc.ask("hardhat_setPrevRandao", NO_RANDAO)  # or every block has another
        return hashes

    def _outcomes(
        self,
        block: Mapping[str, Any],
        hashes: Sequence[str],
        logs: Logs,
    ) -> tuple[dict[int, bytes], Gas | None]:
        """Statuses and gas from receipts; revert data of the failed from a trace, which lists every step and so is
        dear."""
        receipts = self._ask_all([("eth_getTransactionReceipt", (name,)) for name in hashes])
        gas = np.array([int(receipt["gasUsed"], 16) for receipt in receipts], np.int64)
        failed = [i for i, receipt in enumerate(receipts) if receipt["status"] == "0x0"]
        traces = self._ask_all([("debug_traceTransaction", (hashes[i], PLAIN)) for i in failed])
        output: dict[int, bytes] = {}
        for i, trace in zip(failed, traces, strict=True):
            if isinstance(trace, RpcError):
                raise ChainError(f"transaction {i}: the node does not say how it ended: {trace.message}")
            output[i] = unhex("0x" + trace["returnValue"].removeprefix("0x"))
        return output, gas

    def _empty_pool(self, hashes: Sequence[str]) -> None:
        self._ask_all([("hardhat_dropTransaction", (name,)) for name in hashes])
