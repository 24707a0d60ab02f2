"""Any devnet that is there already, or a fork, by URL. Transactions are signed with keys of the environment.

Differs from the engines we start in what is the node's to decide: transactions may be spread over several blocks
(`Chain.submit` then gives one `Block` that bears the number, time and state root of the last, and the time of each
log), the order among senders is the node's (logs come in the order of the chain), gas may cost money (the deployer tops
up senders that run short), and time is the node's unless it is a development node.
"""

from __future__ import annotations

import contextlib
import ipaddress
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
from eth_hash.auto import keccak

from terrarium.chain.accounts import (
    DEV_MNEMONIC,
    Accounts,
    accounts_from_environment,
    keys_in_environment,
    mnemonic_accounts,
)
from terrarium.chain.jsonrpc import Question, Refused, Rpc, RpcError, connect
from terrarium.chain.remote import PLAIN, READS, Remote, columns_of, unhex
from terrarium.chain.rules import check
from terrarium.chain.signed import Fees, sign
from terrarium.chain.types import Block, Tx
from terrarium.errors import ChainError, InputError

LOCAL_IDS = (31337, 1337)  # ids of Anvil, Hardhat and Ganache; taken for harmless on this machine only
DEV_NODES = ("anvil", "hardhat", "ganache")
PATIENCE = 120.0  # seconds without a new receipt after which we give up
RESERVE = 20  # a sender that runs short gets gas for so many times what it needs now

Progress = Callable[[int, int], None]


class RpcChain(Remote):
    """A `Chain` on somebody else's node. ``progress`` is told (mined, sent) while it waits."""

    engine = "rpc"
    call_gas = None  # the node's own limit

    def __init__(
        self,
        url: str,
        *,
        allowed_chain_ids: Collection[int] = (),
        read_only: bool = False,
        accounts: Accounts | None = None,
        patience: float = PATIENCE,
        progress: Progress | None = None,
    ) -> None:
        """Connect, and refuse before anything is sent a chain that is not meant.

        Sending is allowed on chain ids 31337 and 1337 if the node is on this machine, and on ``allowed_chain_ids``
        anywhere. ``read_only`` needs no permission and no keys. Keys come from ``accounts``, else from the environment
        (see `accounts_from_environment`), else, on a local development node, from the phrase all of them know. Raises
        `InputError` when there is no EVM node at ``url``, it may not be sent to, or there are no keys.
        """
        self.url = url
        self._read_only = read_only
        self._patience = patience
        self._progress = progress
        rpc = connect(url)
        try:
            chain_id, version = _identify(rpc, url)
            self._dev = version.lower().startswith(DEV_NODES)
            local = is_local(url) and chain_id in LOCAL_IDS
            if not (read_only or local or chain_id in allowed_chain_ids):
                raise InputError(_forbidden(url, chain_id))
            if accounts is None:
                known_phrase = read_only or (local and self._dev and not keys_in_environment())
                accounts = mnemonic_accounts(DEV_MNEMONIC) if known_phrase else accounts_from_environment()
            super().__init__(rpc, chain_id, accounts)
        except BaseException:
            rpc.close()
            raise

    def submit(self, txs: Sequence[Tx]) -> Block:
        """See `Chain.submit`, and the module for what the node decides."""
        if self._read_only:
            raise ChainError("this chain was opened to read only")
        head = self.rpc.ask("eth_getBlockByNumber", "latest", False)
        check(txs, int(head["gasLimit"], 16))
        keys = [self._key(i, tx) for i, tx in enumerate(txs)]
        fees = self._fees(head)
        with self._together():
            self._fund(txs, fees)
            if self._next is not None and self._dev:
                self.rpc.ask("evm_setNextBlockTimestamp", self._next)
            self._nonces.clear()  # others may have used the accounts meanwhile
            nonces = self._nonces_for(txs)
            raws = [sign(tx, n, self.chain_id, fees, key) for tx, n, key in zip(txs, nonces, keys, strict=True)]
            hashes = self._send(txs, raws)
            if not txs and self._dev:
                self.rpc.ask("evm_mine")
            receipts = self._wait(hashes)
        return self._gather(txs, nonces, hashes, receipts)

    def set_time(self, timestamp: int) -> None:
        """See `Chain.set_time`; only a development node lets its clock be set, elsewhere this does nothing."""
        if self._dev:
            super().set_time(timestamp)

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """A development node that mines each transaction at once waits meanwhile, so that all come into one block.

        A block of its own for each takes Anvil 20 ms and more on a grown chain, since it works out the state root.
        """
        held = self._dev and self._mines_itself() and self._set_automine(False)
        try:
            yield
        finally:
            if held:
                self._set_automine(True)

    def _set_automine(self, on: bool) -> bool:
        """Whether the node knows how."""
        try:
            self.rpc.ask("evm_setAutomine", on)
        except Refused:
            return False
        return True

    def _answer(self, method: str, params: list[Any]) -> Any:
        if self._read_only and (method.startswith("eth_send") or not method.startswith(READS)):
            raise ChainError(f"{method}: this chain was opened to read only")
        if method == "eth_sendTransaction":
            return self._sent_alone(params[0])
        return super()._answer(method, params)

    def _key(self, index: int, tx: Tx) -> bytes:
        name = self.accounts.name(tx.sender)
        if name is None:
            raise ChainError(f"transaction {index}: no key for its sender {tx.sender}; senders come from `accounts`")
        return self.accounts.key(name)

    def _fees(self, head: Mapping[str, Any]) -> Fees:
        """What gas costs now; nothing where the node asks nothing."""
        price = int(self.rpc.ask("eth_gasPrice"), 16)
        if "baseFeePerGas" not in head:
            return Fees(price)
        base = int(head["baseFeePerGas"], 16)
        try:
            tip = int(self.rpc.ask("eth_maxPriorityFeePerGas"), 16)
        except Refused:
            tip = max(0, price - base)
        if price == 0 and base == 0:
            tip = 0
        return Fees(2 * base + tip, tip)  # the base fee may grow by an eighth a block before ours is mined

    def _fund(self, txs: Sequence[Tx], fees: Fees) -> None:
        """Let the deployer pay the gas of senders that cannot."""
        needed: dict[str, int] = {}
        for tx in txs:
            needed[tx.sender] = needed.get(tx.sender, 0) + tx.gas * fees.price
        deployer = self.accounts.address("deployer")
        if not fees.price:
            return
        balances = self._ask_all([("eth_getBalance", (sender, "latest")) for sender in needed])
        short = [s for s, has in zip(needed, balances, strict=True) if s != deployer and int(has, 16) < needed[s]]
        if not short:
            return
        gifts = [Tx(deployer, sender, b"", RESERVE * needed[sender], 21_000) for sender in short]
        purse = self.balance(deployer)
        price = sum(gift.value for gift in gifts) + len(gifts) * 21_000 * fees.price + needed.get(deployer, 0)
        if purse < price:
            raise ChainError(
                f"the deployer {deployer} holds {purse} wei, but gas for {len(gifts)} senders takes {price}; "
                "send it some, or use a node with gas price 0"
            )
        self._nonces.clear()
        nonces = self._nonces_for(gifts)
        key = self._key(0, gifts[0])
        raws = [sign(gift, n, self.chain_id, fees, key) for gift, n in zip(gifts, nonces, strict=True)]
        self._wait(self._send(gifts, raws))

    def _send(self, txs: Sequence[Tx], raws: Sequence[bytes]) -> list[str]:
        """Hashes of the transactions, sent one after the other: nodes do not promise to go through a batch in order."""
        hashes = []
        for i, raw in enumerate(raws):
            name = "0x" + keccak(raw).hex()
            try:
                self.rpc.ask("eth_sendRawTransaction", "0x" + raw.hex())
            except Refused as error:
                # Hardhat mines a transaction that reverts and answers with an error all the same.
                if self.rpc.ask("eth_getTransactionByHash", name) is None:
                    raise ChainError(
                        f"transaction {i} from {txs[i].sender} was refused: {error.error.message}; "
                        f"the {i} before it were sent"
                    ) from error
            hashes.append(name)
        return hashes

    def _wait(self, hashes: Sequence[str]) -> list[dict[str, Any]]:
        """Receipts of all transactions. Raises `ChainError` when none comes any more."""
        found: dict[str, dict[str, Any]] = {}
        pause, deadline = 0.01, time.monotonic() + self._patience
        nudged = False
        while missing := [name for name in hashes if name not in found]:
            answers = self._ask_all([("eth_getTransactionReceipt", (name,)) for name in missing])
            new = {n: a for n, a in zip(missing, answers, strict=True) if isinstance(a, dict) and a.get("blockNumber")}
            found |= new
            if new:
                nudged, pause, deadline = False, 0.01, time.monotonic() + self._patience
                if self._progress:
                    self._progress(len(found), len(hashes))
                continue
            if self._dev and not nudged and not self._mines_itself():
                self.rpc.ask("evm_mine")
                nudged = True
                continue
            if time.monotonic() > deadline:
                raise ChainError(
                    f"{len(missing)} of {len(hashes)} transactions were not mined within {self._patience:g} s; "
                    f"the first is {missing[0]}. Does the node mine?"
                )
            time.sleep(pause)
            pause = min(1.0, 1.5 * pause)
        return [found[name] for name in hashes]

    def _mines_itself(self) -> bool:
        for method in ("anvil_getAutomine", "hardhat_getAutomine"):
            try:
                return bool(self.rpc.ask(method))
            except Refused:
                continue
        return True

    def _gather(
        self, txs: Sequence[Tx], nonces: Sequence[int], hashes: Sequence[str], receipts: Sequence[Mapping[str, Any]]
    ) -> Block:
        numbers = [int(receipt["blockNumber"], 16) for receipt in receipts]
        last = hex(max(numbers)) if numbers else "latest"
        block = self.rpc.ask("eth_getBlockByNumber", last, False)
        failed = [i for i, receipt in enumerate(receipts) if int(receipt["status"], 16) == 0]
        output = dict(zip(failed, self._outputs(txs, hashes, numbers, failed), strict=True))
        entries = [entry for receipt in receipts for entry in receipt["logs"]]
        entries.sort(key=lambda e: (int(e["blockNumber"], 16), int(e["logIndex"], 16)))
        logs = columns_of(entries, {name: i for i, name in enumerate(hashes)})
        gas = np.array([int(receipt["gasUsed"], 16) for receipt in receipts], np.int64)
        whole = self._finish(block, txs, nonces, output, logs, gas)
        return whole if len(set(numbers)) < 2 else replace(whole, log_times=self._times(entries))

    def _times(self, entries: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.int64]:
        """When each log was made, [n] seconds."""
        numbers = list(dict.fromkeys(entry["blockNumber"] for entry in entries))
        blocks = self._ask_all([("eth_getBlockByNumber", (number, False)) for number in numbers])
        times = {number: int(block["timestamp"], 16) for number, block in zip(numbers, blocks, strict=True)}
        return np.array([times[entry["blockNumber"]] for entry in entries], np.int64)

    def _outputs(
        self, txs: Sequence[Tx], hashes: Sequence[str], numbers: Sequence[int], failed: Sequence[int]
    ) -> list[bytes]:
        """Revert data: from a trace, else from calling again on the block before (which may have been another
        state)."""
        traced = self._ask_all([("debug_traceTransaction", (hashes[i], PLAIN)) for i in failed])
        found = []
        for i, trace in zip(failed, traced, strict=True):
            if isinstance(trace, dict) and "returnValue" in trace:
                found.append(unhex("0x" + trace["returnValue"].removeprefix("0x")))
                continue
            [answer] = self.rpc.batch([_replay(txs[i], numbers[i] - 1)])
            found.append((answer.output() or b"") if isinstance(answer, RpcError) else b"")
        return found

    def _sent_alone(self, request: Mapping[str, Any]) -> str:
        """Mine one transaction of web3.py and give its hash."""
        from terrarium.chain.provider import tx_of

        tx = tx_of(request)
        nonce = self.nonce(tx.sender)
        block = self.submit([tx])
        for number in range(block.number, -1, -1):
            full = self.rpc.ask("eth_getBlockByNumber", hex(number), True)
            for sent in full["transactions"]:
                if sent["from"].lower() == tx.sender and int(sent["nonce"], 16) == nonce:
                    return str(sent["hash"])
        raise ChainError("the transaction was mined, but the node does not show it")


def is_local(url: str) -> bool:
    """Whether a URL leads to this machine."""
    parts = urlsplit(url)
    if parts.scheme in ("", "ipc", "file") or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _identify(rpc: Rpc, url: str) -> tuple[int, str]:
    """Chain id and software of the node. Raises `InputError` when it is none."""
    try:
        chain_id = int(rpc.ask("eth_chainId"), 16)
    except (ChainError, TypeError, ValueError) as error:
        raise InputError(f"url {url!r}: this is no EVM node ({error}); give the address of its JSON-RPC") from error
    try:
        return chain_id, str(rpc.ask("web3_clientVersion"))
    except Refused:
        return chain_id, ""


def _forbidden(url: str, chain_id: int) -> str:
    if chain_id in LOCAL_IDS:
        return (
            f"url {url!r} is not on this machine; if chain {chain_id} there is a test chain you may send to, "
            f"allow it explicitly (allowed_chain_ids)"
        )
    return (
        f"url {url!r}: chain id {chain_id} is not allowed; if it is a test chain and you mean it, name {chain_id} in "
        "allowed_chain_ids"
    )


def _replay(tx: Tx, number: int) -> Question:
    request = {"from": tx.sender, "data": "0x" + tx.data.hex(), "gas": hex(tx.gas), "value": hex(tx.value)}
    if tx.to:
        request["to"] = tx.to
    return "eth_call", (request, hex(number))
