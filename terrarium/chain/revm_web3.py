"""web3.py on the in-process EVM: the part of a node's JSON-RPC that contract calls, deployments, receipts and log
queries need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eth_hash.auto import keccak
from web3 import Web3

from terrarium.chain.jsonrpc import Refused, RpcError
from terrarium.chain.provider import tx_of, web3_on
from terrarium.chain.reasons import reason
from terrarium.chain.remote import quantity, unhex
from terrarium.chain.rules import BLOCK_GAS, CALL_GAS, ZERO
from terrarium.chain.signed import read_signed
from terrarium.chain.types import Snapshot, Tx

if TYPE_CHECKING:
    from terrarium.chain.revm import Mined, RevmChain

NO_BLOOM = "0x" + "00" * 256
NO_HASH = "0x" + "00" * 32


def connect(chain: RevmChain) -> Web3:
    """web3.py on ``chain``. What it sends is a block of its own, as on the engines that are nodes."""
    return web3_on(_Node(chain), chain.accounts.address("deployer"))


class _Node:
    """Answers questions as a node would. Blocks older than the chain remembers are unknown to it."""

    def __init__(self, chain: RevmChain) -> None:
        self._chain = chain
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "terrarium/revm",
            "net_version": lambda: str(chain.chain_id),
            "eth_chainId": lambda: hex(chain.chain_id),
            "eth_syncing": lambda: False,
            "eth_accounts": lambda: [chain.accounts.address("deployer")],
            "eth_gasPrice": lambda: "0x0",
            "eth_maxPriorityFeePerGas": lambda: "0x0",
            "eth_blockNumber": lambda: hex(chain.height),
            "eth_getBalance": lambda address, _="latest": hex(chain.balance(address.lower())),
            "eth_getTransactionCount": lambda address, _="latest": hex(chain.nonce(address.lower())),
            "eth_getCode": lambda address, _="latest": "0x" + chain.code(address.lower()).hex(),
            "eth_getStorageAt": self._storage,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_sendTransaction": self._send,
            "eth_sendRawTransaction": self._send_raw,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getTransactionByHash": lambda name: self._find(name, self._transaction),
            "eth_getTransactionReceipt": lambda name: self._find(name, self._receipt),
            "eth_getLogs": self._logs,
            "evm_mine": self._mine,
            "evm_setNextBlockTimestamp": lambda timestamp: chain.set_time(quantity(timestamp)),
            "evm_snapshot": lambda: chain.snapshot().id,
            "evm_revert": self._revert,
        }

    def __call__(self, method: str, params: Sequence[Any]) -> Any:
        answer = self._methods.get(method)
        if answer is None:
            raise Refused(method, RpcError(-32601, f"the in-process EVM does not know {method}"))
        return answer(*params)

    def _storage(self, address: str, slot: int | str, _: str = "latest") -> str:
        return f"0x{self._chain.storage(address.lower(), quantity(slot)):064x}"

    def _call(self, request: Mapping[str, Any], *_: Any) -> str:
        return "0x" + self._try(request)[0].hex()

    def _try(self, request: Mapping[str, Any]) -> tuple[bytes, int]:
        """Output and gas used of a call or creation that leaves no trace."""
        tx = tx_of({"from": ZERO, "gas": CALL_GAS, **request})
        output, gas, halt = self._chain.attempt(tx)
        if halt is not None:
            why = reason(output, halt)
            raise Refused("eth_call", RpcError(3, f"execution reverted: {why}", "0x" + output.hex()))
        return output, gas

    def _estimate(self, request: Mapping[str, Any], *_: Any) -> str:
        # Warm accounts make gas cheaper here than on a node: leave room, as gas costs nothing.
        return hex(2 * self._try({k: v for k, v in request.items() if k != "gas"})[1] + 100_000)

    def _send(self, request: Mapping[str, Any]) -> str:
        return self._submit(tx_of(request), request.get("nonce"))

    def _send_raw(self, raw: str) -> str:
        tx, nonce = read_signed(unhex(raw))
        return self._submit(tx, nonce)

    def _submit(self, tx: Tx, nonce: int | str | None) -> str:
        expected = self._chain.nonce(tx.sender)
        if nonce is not None and quantity(nonce) != expected:
            raise Refused("eth_sendTransaction", RpcError(-32003, f"nonce {quantity(nonce)}, but {expected} is next"))
        self._chain.submit([tx])
        return _tx_hash(self._chain.recent[-1], 0)

    def _revert(self, name: str) -> bool:
        self._chain.revert(Snapshot(name))
        return True

    def _mine(self, *_: Any) -> str:
        self._chain.submit([])
        return "0x0"

    def _mined(self, number: int) -> Mined | None:
        return next((m for m in self._chain.recent if m.block.number == number), None)

    def _number(self, tag: int | str) -> int:
        if tag in ("latest", "pending", "safe", "finalized"):
            return self._chain.height
        return 0 if tag == "earliest" else quantity(tag)

    def _block_by_number(self, tag: int | str, full: bool = False) -> dict[str, Any] | None:
        number = self._number(tag)
        mined = self._mined(number)
        if mined:
            return self._block(mined, full)
        if number == 0:
            return _header(0, self._chain.genesis, NO_HASH, NO_HASH, [])
        return None

    def _block_by_hash(self, name: str, full: bool = False) -> dict[str, Any] | None:
        mined = next((m for m in self._chain.recent if _hash(m) == name), None)
        return self._block(mined, full) if mined else None

    def _block(self, mined: Mined, full: bool) -> dict[str, Any]:
        before = self._mined(mined.block.number - 1)
        places = range(len(mined.txs))
        txs = [self._transaction(mined, i) if full else _tx_hash(mined, i) for i in places]
        block = mined.block
        return _header(block.number, block.timestamp, _hash(mined), _hash(before) if before else NO_HASH, txs)

    def _find(self, name: str, show: Callable[[Mined, int], dict[str, Any]]) -> dict[str, Any] | None:
        for mined in reversed(self._chain.recent):
            for i in range(len(mined.txs)):
                if _tx_hash(mined, i) == name:
                    return show(mined, i)
        return None

    def _transaction(self, mined: Mined, i: int) -> dict[str, Any]:
        tx = mined.txs[i]
        return {
            **_place(mined, i),
            "from": tx.sender,
            "to": tx.to,
            "hash": _tx_hash(mined, i),
            "nonce": hex(mined.nonces[i]),
            "value": hex(tx.value),
            "gas": hex(tx.gas),
            "gasPrice": "0x0",
            "input": "0x" + tx.data.hex(),
            "type": "0x0",
            "chainId": hex(self._chain.chain_id),
        }

    def _receipt(self, mined: Mined, i: int) -> dict[str, Any]:
        tx, block = mined.txs[i], mined.block
        return {
            **_place(mined, i),
            "transactionHash": _tx_hash(mined, i),
            "from": tx.sender,
            "to": tx.to,
            "contractAddress": block.created.get(i),
            "status": hex(int(block.ok[i])),
            "logs": [log for log in _logs(mined) if log["transactionIndex"] == hex(i)],
            "logsBloom": NO_BLOOM,
            "gasUsed": "0x0",  # the engine's gas is not protocol gas
            "cumulativeGasUsed": "0x0",
            "effectiveGasPrice": "0x0",
            "type": "0x0",
        }

    def _logs(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        first = self._number(wanted.get("fromBlock", "latest"))
        last = self._number(wanted.get("toBlock", "latest"))
        own = wanted.get("blockHash")
        addresses = _options(wanted.get("address"))
        topics = [_options(t) for t in wanted.get("topics") or []]
        found = []
        for mined in self._chain.recent:
            if _hash(mined) == own if own else first <= mined.block.number <= last:
                found += [log for log in _logs(mined) if _wanted(log, addresses, topics)]
        return found


def _options(value: str | Sequence[str] | None) -> set[str] | None:
    """Values a filter lets through; None for all."""
    if value is None:
        return None
    return {v.lower() for v in ([value] if isinstance(value, str) else value)}


def _wanted(log: Mapping[str, Any], addresses: set[str] | None, topics: Sequence[set[str] | None]) -> bool:
    if addresses is not None and log["address"] not in addresses:
        return False
    own = log["topics"]
    return len(own) >= len(topics) and all(t is None or own[i] in t for i, t in enumerate(topics))


def _logs(mined: Mined) -> list[dict[str, Any]]:
    """The logs of a block as a node gives them."""
    logs = mined.block.logs
    return [
        {
            **_place(mined, int(logs.tx[n])),
            "transactionHash": _tx_hash(mined, int(logs.tx[n])),
            "logIndex": hex(n),
            "address": "0x" + logs.address[n].tobytes().hex(),
            "topics": ["0x" + logs.topics[n, t].tobytes().hex() for t in range(logs.topic_count[n])],
            "data": "0x" + logs.data[logs.offset[n] : logs.offset[n + 1]].tobytes().hex(),
            "removed": False,
        }
        for n in range(len(logs))
    ]


def _place(mined: Mined, i: int) -> dict[str, str]:
    return {"blockHash": _hash(mined), "blockNumber": hex(mined.block.number), "transactionIndex": hex(i)}


def _hash(mined: Mined) -> str:
    """A block's hash: its fingerprint, which like a hash stands for everything up to it."""
    return "0x" + mined.block.fingerprint.hex()


def _tx_hash(mined: Mined, i: int) -> str:
    """A transaction's hash: of its sender and nonce, as nothing is signed here."""
    return "0x" + keccak(unhex(mined.txs[i].sender) + mined.nonces[i].to_bytes(8, "big")).hex()


def _header(number: int, timestamp: int, name: str, parent: str, txs: Sequence[Any]) -> dict[str, Any]:
    return {
        "number": hex(number),
        "hash": name,
        "parentHash": parent,
        "timestamp": hex(timestamp),
        "transactions": list(txs),
        "baseFeePerGas": "0x0",
        "gasLimit": hex(BLOCK_GAS),
        "gasUsed": "0x0",
        "miner": ZERO,
        "extraData": "0x",
        "logsBloom": NO_BLOOM,
        "mixHash": NO_HASH,
        "nonce": "0x0000000000000000",
        "sha3Uncles": NO_HASH,
        "stateRoot": NO_HASH,
        "transactionsRoot": NO_HASH,
        "receiptsRoot": NO_HASH,
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "size": "0x0",
        "uncles": [],
    }
