"""What all chains behind JSON-RPC share: reading state, reading logs as columns, time, snapshots, the fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from eth_hash.auto import keccak

from terrarium.chain.accounts import Accounts
from terrarium.chain.columns import NOTHING_YET, advance, log_columns
from terrarium.chain.jsonrpc import Question, Refused, Rpc, RpcError
from terrarium.chain.reasons import Reverted
from terrarium.chain.rules import CALL_GAS
from terrarium.chain.types import Block, Call, Logs, Snapshot, Tx
from terrarium.errors import ChainError

if TYPE_CHECKING:
    from web3 import Web3

BATCH = 1_000  # questions sent at once
READS = ("eth_", "net_", "web3_", "debug_trace", "trace_")  # methods that change nothing, eth_send… aside
# A trace that says how a transaction ended, and little else.
PLAIN = {"disableStorage": True, "disableStack": True, "disableMemory": True}


class Remote:
    """A chain asked over JSON-RPC. Engines add ``submit``."""

    engine = ""
    call_gas: int | None = CALL_GAS  # of read-only calls; None leaves it to the node

    def __init__(self, rpc: Rpc, chain_id: int, accounts: Accounts) -> None:
        self.rpc = rpc
        self.chain_id = chain_id
        self.accounts = accounts
        self._nonces: dict[str, int] = {}
        self._fingerprint = NOTHING_YET
        self._root = b""
        self._next: int | None = None
        self._points: list[tuple[str, bytes, bytes, int | None]] = []  # node's id, fingerprint, state root, time set
        self._height, self._now, self._root = self._head()

    def submit(self, txs: Sequence[Tx]) -> Block:
        """See `Chain.submit`."""
        raise NotImplementedError

    def call(self, calls: Sequence[Call], sender: str | None = None) -> list[bytes]:
        """See `Chain.call`."""
        questions = [("eth_call", (_request(call, sender, self.call_gas), "latest")) for call in calls]
        found = []
        for i, (call, answer) in enumerate(zip(calls, self._ask_all(questions), strict=True)):
            if isinstance(answer, RpcError):
                raise Reverted(i, call, answer.output() or b"", answer.message)
            found.append(unhex(answer))
        return found

    def nonce(self, address: str) -> int:
        """Transactions sent from ``address`` so far (for a contract: 1 + contracts it made)."""
        return int(self.rpc.ask("eth_getTransactionCount", address, "latest"), 16)

    def balance(self, address: str) -> int:
        """Wei held by ``address``."""
        return int(self.rpc.ask("eth_getBalance", address, "latest"), 16)

    def code(self, address: str) -> bytes:
        """Runtime code at ``address``; b"" where there is none."""
        return unhex(self.rpc.ask("eth_getCode", address, "latest"))

    def set_time(self, timestamp: int) -> None:
        """See `Chain.set_time`."""
        if timestamp <= self._now:
            raise ChainError(f"set_time: {timestamp} is not after the latest block's {self._now}; time must grow")
        self._next = timestamp

    @property
    def height(self) -> int:
        """Number of the latest block."""
        return self._height

    @property
    def now(self) -> int:
        """Timestamp of the latest block, seconds."""
        return self._now

    def snapshot(self) -> Snapshot:
        """See `Chain.snapshot`."""
        try:
            taken = str(self.rpc.ask("evm_snapshot"))
        except Refused as error:
            raise ChainError(
                f"this node takes no snapshots ({error.error.message}); use anvil, hardhat or revm"
            ) from error
        self._points.append((taken, self._fingerprint, self._root, self._next))
        return Snapshot(taken)

    def revert(self, snapshot: Snapshot) -> None:
        """See `Chain.revert`."""
        place = next((i for i, point in enumerate(self._points) if point[0] == snapshot.id), None)
        if place is None:
            raise ChainError(f"snapshot {snapshot.id} is gone: it, or an earlier one, has been reverted to")
        if not self.rpc.ask("evm_revert", snapshot.id):
            raise ChainError(f"the node does not know snapshot {snapshot.id} any more")
        _, self._fingerprint, _, self._next = self._points[place]
        del self._points[place:]
        self._nonces.clear()
        self._height, self._now, self._root = self._head()

    def fingerprint(self) -> bytes:
        """See `Chain.fingerprint`."""
        return self._fingerprint + self._root

    @cached_property
    def w3(self) -> Web3:
        """web3.py on this chain; what it sends is mined at once, as a block of its own."""
        from terrarium.chain.provider import web3_on

        return web3_on(self._answer, self.accounts.address("deployer"))

    def close(self) -> None:
        """Hang up."""
        self.rpc.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _answer(self, method: str, params: list[Any]) -> Any:
        """Answer web3.py: what moves the chain goes through us, so that we stay in step; the rest goes to the node."""
        match method:
            case "eth_accounts":
                return [self.accounts.address("deployer")]
            case "evm_mine":
                self.submit([])
                return "0x0"
            case "evm_setNextBlockTimestamp":
                return self.set_time(quantity(params[0]))
            case "evm_snapshot":
                return self.snapshot().id
            case "evm_revert":
                self.revert(Snapshot(params[0]))
                return True
        answer = self.rpc.ask(method, *params)
        if not method.startswith(READS):
            self._nonces.clear()
        return answer

    def _ask_all(self, questions: Sequence[Question]) -> list[Any]:
        """Answers to many questions, in batches a node takes."""
        found: list[Any] = []
        for start in range(0, len(questions), BATCH):
            found += self.rpc.batch(questions[start : start + BATCH])
        return found

    def _head(self) -> tuple[int, int, bytes]:
        """Number, timestamp and state root of the latest block."""
        block = self.rpc.ask("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), int(block["timestamp"], 16), unhex(block["stateRoot"])

    def _nonces_for(self, txs: Sequence[Tx]) -> list[int]:
        """The nonce of each transaction: its place among its sender's."""
        fresh = [s for s in dict.fromkeys(tx.sender for tx in txs) if s not in self._nonces]
        answers = self._ask_all([("eth_getTransactionCount", (sender, "latest")) for sender in fresh])
        for sender, answer in zip(fresh, answers, strict=True):
            if isinstance(answer, RpcError):
                index = next(i for i, tx in enumerate(txs) if tx.sender == sender)
                raise ChainError(f"transaction {index} from {sender} cannot be mined: {answer.message}")
            self._nonces[sender] = int(answer, 16)
        counted: dict[str, int] = {}
        nonces = []
        for tx in txs:
            nonce = counted[tx.sender] if tx.sender in counted else self._nonces[tx.sender]
            counted[tx.sender] = nonce + 1
            nonces.append(nonce)
        return nonces

    def _finish(
        self,
        block: Mapping[str, Any],
        txs: Sequence[Tx],
        nonces: Sequence[int],
        output: dict[int, bytes],
        logs: Logs,
        gas_used: npt.NDArray[np.int64] | None,
    ) -> Block:
        """The block of these transactions, now that all is known about them; the chain moves on to it."""
        ok = np.ones(len(txs), np.bool_)
        ok[list(output)] = False
        created = {
            i: created_address(tx.sender, nonces[i]) for i, tx in enumerate(txs) if tx.to is None and i not in output
        }
        for tx, nonce in zip(txs, nonces, strict=True):
            self._nonces[tx.sender] = nonce + 1
        self._height, self._now = int(block["number"], 16), int(block["timestamp"], 16)
        self._root, self._next = unhex(block["stateRoot"]), None
        self._fingerprint = advance(self._fingerprint, ok, output, logs)
        return Block(
            self._height, self._now, ok, output, created, logs, self._fingerprint, gas_used, self._root or None
        )


def _request(call: Call, sender: str | None, gas: int | None) -> dict[str, str]:
    request = {"to": call.to, "data": "0x" + call.data.hex()}
    if gas is not None:
        request["gas"] = hex(gas)
    if sender:
        request["from"] = sender
    if call.value:
        request["value"] = hex(call.value)
    return request


def quantity(value: int | str) -> int:
    """A JSON-RPC number."""
    return value if isinstance(value, int) else int(value, 16)


def unhex(text: str | None) -> bytes:
    """Bytes of "0x…"; b"" for None."""
    return bytes.fromhex(text[2:]) if text else b""


def created_address(sender: str, nonce: int) -> str:
    """Address of the contract that transaction ``nonce`` of ``sender`` creates."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    item = number if 0 < nonce < 128 else bytes([128 + len(number)]) + number
    body = b"\x94" + unhex(sender) + item
    return "0x" + keccak(bytes([192 + len(body)]) + body)[12:].hex()


def columns_of(entries: Sequence[Mapping[str, Any]], place: Mapping[str, int] | None = None) -> Logs:
    """Logs as a node gives them, as columns. ``place``: index by transaction hash, where the node's own index will not
    do."""
    topics = [entry["topics"] for entry in entries]
    datas = [entry["data"] for entry in entries]
    return log_columns(
        [place[e["transactionHash"]] if place else int(e["transactionIndex"], 16) for e in entries],
        bytes.fromhex("".join([entry["address"][2:] for entry in entries])),
        [len(own) for own in topics],
        bytes.fromhex("".join([topic[2:] for own in topics for topic in own])),
        [len(data) // 2 - 1 for data in datas],
        bytes.fromhex("".join([data[2:] for data in datas])),
    )
