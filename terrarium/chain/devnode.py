"""A development node that is our child: senders are impersonated, blocks are mined when we say so, at the time we
say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from terrarium.chain.accounts import Accounts
from terrarium.chain.jsonrpc import Question, Rpc, RpcError
from terrarium.chain.node import Node
from terrarium.chain.remote import Remote, columns_of
from terrarium.chain.rules import PURSE, check
from terrarium.chain.types import Block, Logs, Tx
from terrarium.errors import ChainError

MESSAGE = 1_000_000  # bytes of calldata sent together
Gas = npt.NDArray[np.int64]


class DevNode(Remote):
    """A `Chain` on a node we started. Engines say how to learn which transactions failed."""

    set_balance = ""  # the node's method
    ordered = 1  # transactions sent together that the node surely takes in the order given

    def __init__(self, node: Node, rpc: Rpc, chain_id: int, accounts: Accounts) -> None:
        self.node = node
        self._closed = False
        try:
            super().__init__(rpc, chain_id, accounts)
            rpc.ask(self.set_balance, accounts.address("deployer"), hex(PURSE))
        except BaseException:
            node.stop()
            raise

    @property
    def url(self) -> str:
        """Where others may watch: http://127.0.0.1:<port> (ws:// on the same port)."""
        return self.node.url

    def submit(self, txs: Sequence[Tx]) -> Block:
        """See `Chain.submit`."""
        check(txs)
        try:
            nonces = self._nonces_for(txs)
            return self._mine(txs, nonces, self._send(txs, nonces))
        except ChainError as error:
            raise self._obituary(error) from error

    def automine(self) -> None:
        """Hand the node over to whoever connects: from now on it mines what it is sent by itself."""
        self._answer("evm_setAutomine", [True])

    def close(self) -> None:
        """Stop the node."""
        if not self._closed:
            self._closed = True
            super().close()
            self.node.stop()

    def _send(self, txs: Sequence[Tx], nonces: Sequence[int]) -> list[str]:
        """Hashes of the transactions, now in the pool in this order. If the node refuses one, none stays there."""
        hashes: list[str] = []
        for part in _parts(txs, self.ordered):
            for i, answer in zip(part, self.rpc.batch([_question(txs[i], nonces[i]) for i in part]), strict=True):
                if isinstance(answer, RpcError):
                    self._empty_pool(hashes)
                    raise ChainError(f"transaction {i} from {txs[i].sender} cannot be mined: {answer.message}")
                hashes.append(answer)
        return hashes

    def _mine(self, txs: Sequence[Tx], nonces: Sequence[int], hashes: Sequence[str]) -> Block:
        """Mine what is in the pool, which must be these transactions, and learn what came of them."""
        self.rpc.ask("evm_setNextBlockTimestamp", self._now + 1 if self._next is None else self._next)
        self.rpc.ask("evm_mine")
        block = self.rpc.ask("eth_getBlockByNumber", hex(self._height + 1), False)
        if block is None or block["transactions"] != list(hashes):
            self._nonces.clear()
            self._height, self._now, self._root = self._head()
            self._empty_pool(hashes)
            raise ChainError(_difference(txs, hashes, [] if block is None else block["transactions"]))
        logs = columns_of(self.rpc.ask("eth_getLogs", {"blockHash": block["hash"]}))
        failed, gas = self._outcomes(block, hashes, logs)
        return self._finish(block, txs, nonces, failed, logs, gas)

    def _outcomes(
        self, block: Mapping[str, Any], hashes: Sequence[str], logs: Logs
    ) -> tuple[dict[int, bytes], Gas | None]:
        """Revert data by index of the failed transaction; gas used by each, [m]."""
        raise NotImplementedError

    def _empty_pool(self, hashes: Sequence[str]) -> None:
        """Take these transactions out of the pool."""
        raise NotImplementedError

    def _obituary(self, error: ChainError) -> ChainError:
        """The error itself, or, where the node has died, that."""
        if self._closed:
            return ChainError(f"{self.engine}: this chain is closed")
        if self.node.alive():
            return error
        words = self.node.last_words()
        return ChainError(
            f"{self.engine} died (exit code {self.node.process.returncode}){': ' + words if words else ''}"
        )

    def _answer(self, method: str, params: list[Any]) -> Any:
        if method == "eth_sendTransaction":
            from terrarium.chain.provider import tx_of

            self.submit([tx_of(params[0])])
            return self.rpc.ask("eth_getBlockByNumber", hex(self._height), False)["transactions"][0]
        if method == "eth_sendRawTransaction":
            return self._send_raw(params[0])
        return super()._answer(method, params)

    def _send_raw(self, raw: str) -> str:
        """Mine one signed transaction as a block of its own."""
        from terrarium.chain.provider import tx_of

        sent: str = self.rpc.ask("eth_sendRawTransaction", raw)
        known = self.rpc.ask("eth_getTransactionByHash", sent)
        tx = tx_of({**known, "from": known["from"]})
        self._mine([tx], [int(known["nonce"], 16)], [sent])
        return sent


def _parts(txs: Sequence[Tx], most: int) -> Iterator[range]:
    """Indices to send together: at most ``most``, and not too many bytes."""
    start = size = 0
    for i, tx in enumerate(txs):
        if i - start == most or size > MESSAGE:
            yield range(start, i)
            start, size = i, 0
        size += len(tx.data)
    if start < len(txs):
        yield range(start, len(txs))


def _question(tx: Tx, nonce: int) -> Question:
    request = {
        "from": tx.sender,
        "data": "0x" + tx.data.hex(),
        "gas": hex(tx.gas),
        "gasPrice": "0x0",
        "nonce": hex(nonce),
    }
    if tx.to is not None:
        request["to"] = tx.to
    if tx.value:
        request["value"] = hex(tx.value)
    return "eth_sendTransaction", (request,)


def _difference(txs: Sequence[Tx], sent: Sequence[str], mined: Sequence[str]) -> str:
    """Why a block is not what was asked for."""
    known = set(mined)
    for i, name in enumerate(sent):
        if name not in known:
            return (
                f"transaction {i} from {txs[i].sender} was left out of the block, probably for want of the value it "
                f"sends; {len(mined)} of {len(sent)} were mined, so go back to a snapshot or start afresh"
            )
    return (
        f"the node mined the {len(sent)} transactions in another order, or foreign ones among them: "
        "is somebody else using it?"
    )
