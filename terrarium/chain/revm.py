"""The EVM in process (pyrevm): no node, no Node; for sweeps, tests and plain `pip install`.

Differs from a node in this: gas is not protocol gas (accounts stay warm between transactions), so a transaction close
to its gas limit may end otherwise; ``blockhash`` is made up; a contract that destroys itself in the transaction that
made it keeps its code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyrevm
from eth_hash.auto import keccak

from terrarium.chain.accounts import Accounts, dev_accounts
from terrarium.chain.columns import NOTHING_YET, advance, log_columns
from terrarium.chain.reasons import Reverted
from terrarium.chain.rules import BLOCK_GAS, CALL_GAS, CHAIN_ID, GENESIS, PURSE, ZERO, check
from terrarium.chain.types import Block, Call, Logs, Snapshot, Tx
from terrarium.errors import ChainError

if TYPE_CHECKING:
    from web3 import Web3

Flags = npt.NDArray[np.bool_]
PADDING = 33  # zeros that revm puts behind code it has analysed
KEPT = 20_000  # transactions whose blocks `w3` still knows


class Mined(NamedTuple):
    """A block with what went into it, for `w3`."""

    block: Block
    txs: Sequence[Tx]
    nonces: Sequence[int]


class _Point(NamedTuple):
    """Everything a revert restores."""

    checkpoint: pyrevm.JournalCheckpoint
    nonces: dict[str, int]
    height: int
    now: int
    next: int | None
    fingerprint: bytes


class RevmChain:
    """A `Chain` inside this process."""

    engine = "revm"

    def __init__(self, *, chain_id: int = CHAIN_ID, genesis: int = GENESIS) -> None:
        self.chain_id = chain_id
        self.accounts: Accounts = dev_accounts()
        self._evm = pyrevm.EVM(pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=chain_id)), gas_limit=BLOCK_GAS, spec_id="Prague")
        self._nonces: dict[str, int] = {}  # of senders: message_call does not count them
        self._first: dict[str, int] = {}  # … before we set one: that is not journalled, so a revert leaves it
        self._height = 0
        self._now = self.genesis = genesis
        self._next: int | None = None
        self._fingerprint = NOTHING_YET
        self._points: dict[str, _Point] = {}
        self._taken = 0
        self.recent: deque[Mined] = deque()  # the latest blocks, oldest first
        self._kept = 0
        self._raw: dict[str, bytes] = {}  # addresses as pyrevm spells them
        self._evm.set_balance(self.accounts.address("deployer"), PURSE)
        self._enter_block(0, genesis)

    def submit(self, txs: Sequence[Tx]) -> Block:
        """See `Chain.submit`."""
        check(txs)
        before = self._checkpoint()
        now = self._now + 1 if self._next is None else self._next
        self._enter_block(self._height + 1, now)
        nonces: list[int] = []
        try:
            ok, output, created, logs = self._execute(txs, nonces)
        except BaseException:  # all or nothing, whatever stopped it
            self._restore(before)
            self._enter_block(self._height, self._now)
            raise
        for tx, nonce in zip(txs, nonces, strict=True):
            self._nonces[tx.sender] = nonce + 1
        self._height, self._now, self._next = self._height + 1, now, None
        self._fingerprint = advance(self._fingerprint, ok, output, logs)
        block = Block(self._height, now, ok, output, created, logs, self._fingerprint)
        self._keep(Mined(block, txs, nonces))
        return block

    def _execute(self, txs: Sequence[Tx], nonces: list[int]) -> tuple[Flags, dict[int, bytes], dict[int, str], Logs]:
        """Statuses, revert data, created addresses and logs of the transactions; fills in the nonce each had."""
        evm = self._evm
        execute, fresh, raw = evm.message_call, evm.reset_transient_storage, self._raw
        ok = np.ones(len(txs), np.bool_)
        output: dict[int, bytes] = {}
        created: dict[int, str] = {}
        counted: dict[str, int] = {}
        # Flat lists of bytes: a list of tuples would keep the garbage collector busy for longer than the columns take.
        emitted = np.zeros(len(txs), np.int64)  # logs by transaction
        emitters: list[str] = []
        counts: list[int] = []
        topics: list[bytes] = []
        datas: list[bytes] = []
        for i, (sender, to, data, value, gas) in enumerate(txs):
            fresh()
            try:
                nonce = counted[sender] if sender in counted else self.nonce(sender)
                if to is None:
                    created[i] = self._create(sender, data, value, gas, nonce)
                else:
                    execute(sender, to, data, value, gas)
            except (RuntimeError, TypeError, OverflowError) as error:
                result = evm.result
                if not isinstance(error, RuntimeError) or result is None:
                    raise ChainError(f"transaction {i} from {sender} cannot be mined: {_refusal(error)}") from error
                ok[i] = False
                output[i] = _revert_data(error, result.is_halt)
            else:
                made = evm.result.logs  # type: ignore[union-attr]  # there is a result after a success
                emitted[i] = len(made)
                for log in made:
                    emitters.append(log.address)
                    own, rest = log.data
                    counts.append(len(own))
                    topics += own
                    datas.append(rest)
            counted[sender] = nonce + 1
            nonces.append(nonce)
        raw.update((name, bytes.fromhex(name[2:])) for name in set(emitters).difference(raw))
        owners, addresses = np.arange(len(txs)).repeat(emitted), b"".join(map(raw.__getitem__, emitters))
        sizes = list(map(len, datas))
        return (
            ok,
            output,
            created,
            log_columns(owners, addresses, counts, b"".join(topics), sizes, b"".join(datas)),
        )

    def call(self, calls: Sequence[Call], sender: str | None = None) -> list[bytes]:
        """See `Chain.call`."""
        found = []
        for i, call in enumerate(calls):
            output, _, failure = self.attempt(Tx(sender or ZERO, call.to, call.data, call.value, CALL_GAS))
            if failure is not None:
                raise Reverted(i, call, output, failure)
            found.append(output)
        return found

    def attempt(self, tx: Tx) -> tuple[bytes, int, str | None]:
        """Run a transaction on the latest block and undo it: its output, gas used, and why it failed (None when it did
        not)."""
        evm, before = self._evm, self._checkpoint()
        try:
            if tx.to is None:
                output = self.code(self._create(tx.sender, tx.data, tx.value, tx.gas, self.nonce(tx.sender)))
            else:
                output = bytes(evm.message_call(tx.sender, tx.to, tx.data, tx.value, tx.gas))
        except (RuntimeError, TypeError, OverflowError) as error:
            result = evm.result
            if result is None or not isinstance(error, RuntimeError):
                return b"", 0, _refusal(error)
            return _revert_data(error, result.is_halt), result.gas_used, result.reason if result.is_halt else ""
        else:
            result = evm.result
            return output, 0 if result is None else result.gas_used, None
        finally:
            self._restore(before)

    def nonce(self, address: str) -> int:
        """Transactions sent from ``address`` so far (for a contract: 1 + contracts it made)."""
        known = self._nonces.get(address, self._first.get(address))
        return int(self._evm.basic(address).nonce) if known is None else known

    def balance(self, address: str) -> int:
        """Wei held by ``address``."""
        return int(self._evm.get_balance(address))

    def code(self, address: str) -> bytes:
        """Runtime code at ``address``; b"" where there is none."""
        padded = bytes(self._evm.get_code(address) or b"")
        code = padded[:-PADDING]
        return code if keccak(code) == self._evm.basic(address).code_hash else padded

    def storage(self, address: str, slot: int) -> int:
        """One storage slot, for `w3`."""
        return int(self._evm.storage(address, slot))

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
        self._taken += 1
        point = _Point(self._checkpoint(), self._nonces.copy(), self._height, self._now, self._next, self._fingerprint)
        self._points[str(self._taken)] = point
        return Snapshot(str(self._taken))

    def revert(self, snapshot: Snapshot) -> None:
        """See `Chain.revert`."""
        point = self._points.get(snapshot.id)
        if point is None:
            raise ChainError(f"snapshot {snapshot.id} is gone: it, or an earlier one, has been reverted to")
        self._points = {k: v for k, v in self._points.items() if int(k) < int(snapshot.id)}
        self._restore(point.checkpoint)
        self._nonces, self._height, self._now, self._next, self._fingerprint = point[1:]
        while self.recent and self.recent[-1].block.number > self._height:
            self._kept -= len(self.recent.pop().txs)
        self._enter_block(self._height, self._now)

    def fingerprint(self) -> bytes:
        """See `Chain.fingerprint`; 32 bytes, as this engine has no state root."""
        return self._fingerprint

    @cached_property
    def w3(self) -> Web3:
        """web3.py on this chain; it remembers the blocks of the last 20,000 transactions."""
        from terrarium.chain.revm_web3 import connect

        return connect(self)

    def close(self) -> None:
        """Nothing to stop."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _enter_block(self, number: int, timestamp: int) -> None:
        self._evm.set_block_env(
            pyrevm.BlockEnv(number=number, timestamp=timestamp, prevrandao=bytes(32), basefee=0, gas_limit=BLOCK_GAS)
        )

    def _checkpoint(self) -> pyrevm.JournalCheckpoint:
        # Committed at once: the journal stays, so it can still be reverted to, but it costs no call depth.
        checkpoint = self._evm.snapshot()
        self._evm.commit()
        return checkpoint

    def _restore(self, checkpoint: pyrevm.JournalCheckpoint) -> None:
        self._evm.snapshot()  # the depth that revert takes away
        self._evm.revert(checkpoint)
        self._evm.reset_transient_storage()

    def _create(self, sender: str, code: bytes, value: int, gas: int, nonce: int) -> str:
        # The address comes from the sender's nonce, which the EVM only counts for creations.
        known = self._evm.basic(sender)
        if known.nonce != nonce:
            self._first.setdefault(sender, int(known.nonce))
            self._evm.insert_account_info(sender, pyrevm.AccountInfo(balance=known.balance, nonce=nonce))  # type: ignore[call-arg]
        return str(self._evm.deploy(sender, code, value, gas)).lower()

    def _keep(self, mined: Mined) -> None:
        self.recent.append(mined)
        self._kept += len(mined.txs)
        while self._kept > KEPT and len(self.recent) > 1:
            self._kept -= len(self.recent.popleft().txs)


def _revert_data(error: RuntimeError, halted: bool) -> bytes:
    """Output of a revert, which pyrevm gives only as text: "Revert { gas_used: 53064, output: 0x08c3… }"."""
    text = str(error)
    start = text.find("output: 0x")
    return b"" if halted or start < 0 else bytes.fromhex(text[start + 10 : text.rindex(" }")])


def _refusal(error: Exception) -> str:
    """Why a transaction was not even begun."""
    text = str(error)
    if "LackOfFund" in text:
        return "its sender does not hold the value it sends"
    if "RejectCallerWithCode" in text:
        return "its sender is a contract"
    return text
