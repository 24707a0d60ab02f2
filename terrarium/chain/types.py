"""The seam between Terrarium and any EVM: transactions in, blocks of columns out.

Addresses are lower-case ``0x…`` strings of 42 characters everywhere outside the columns; inside columns they are rows
of 20 bytes. Amounts are Python integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from terrarium.chain.accounts import Accounts

if TYPE_CHECKING:
    from web3 import Web3  # it takes a second to load, and few runs ask for it

Bytes = npt.NDArray[np.uint8]
DEFAULT_GAS = 3_000_000


class Call(NamedTuple):
    """One contract call somebody wants made; ``verb`` is the human word for it, for the record ("swap", "borrow",
    …)."""

    to: str
    data: bytes
    verb: str = ""
    value: int = 0
    tip: int = 0  # bid for an earlier place in the block; only the `priority-fee` order looks at it


class Tx(NamedTuple):
    """One transaction. ``to`` is None for a contract creation. ``gas`` is the limit."""

    sender: str
    to: str | None
    data: bytes
    value: int = 0
    gas: int = DEFAULT_GAS


@dataclass(frozen=True, slots=True)
class Logs:
    """The n logs of one block, in order, as columns."""

    tx: npt.NDArray[np.int32]  # [n] index of the transaction within the block
    address: Bytes  # [n, 20]
    topics: Bytes  # [n, 4, 32], zero where absent
    topic_count: Bytes  # [n]
    data: Bytes  # all data, joined
    offset: npt.NDArray[np.int64]  # [n + 1]; log i holds data[offset[i]:offset[i + 1]]

    def __len__(self) -> int:
        return len(self.tx)


@dataclass(frozen=True, slots=True)
class Block:
    """What came of the m transactions of one ``submit``."""

    number: int
    timestamp: int  # seconds
    ok: npt.NDArray[np.bool_]  # [m]
    output: Mapping[int, bytes]  # revert data, by index of the failed transaction (b"" where the revert was bare)
    created: Mapping[int, str]  # address of the new contract, by index of the successful creation
    logs: Logs
    fingerprint: (
        bytes  # 32 bytes: rolling hash over statuses, revert data and logs since genesis; equal on every engine
    )
    gas_used: npt.NDArray[np.int64] | None = None  # [m]; None where the engine's gas is not protocol gas
    state_root: bytes | None = None  # None where the engine has none
    log_times: npt.NDArray[np.int64] | None = None  # [n logs] seconds, where a node spread the transactions over blocks


class Snapshot(NamedTuple):
    """A point to go back to. Good for one ``revert``; later snapshots die with it."""

    id: str


class Chain(Protocol):
    """One EVM. Every engine gives the same statuses, revert data, logs and balances for the same transactions."""

    engine: str  # "anvil", "hardhat", "revm" or "rpc"
    chain_id: int
    accounts: Accounts  # name -> address; senders must come from here

    @property
    def w3(self) -> Web3:
        """web3.py on this chain, for notebooks and one-off calls. What it sends is mined at once, as a block of its
        own."""
        ...

    def submit(self, txs: Sequence[Tx]) -> Block:
        """Mine ``txs`` in this order as one block at the time last set (else one second after the previous block)."""
        ...

    def call(self, calls: Sequence[Call], sender: str | None = None) -> list[bytes]:
        """Return data of read-only calls at the latest block. Raises `ChainError` with the decoded reason on a
        revert."""
        ...

    def nonce(self, address: str) -> int: ...
    def balance(self, address: str) -> int: ...
    def code(self, address: str) -> bytes: ...
    def set_time(self, timestamp: int) -> None:
        """Fix the timestamp (seconds) of the next block; must grow."""
        ...

    @property
    def height(self) -> int:
        """Number of the latest block."""
        ...

    def snapshot(self) -> Snapshot: ...
    def revert(self, snapshot: Snapshot) -> None: ...
    def fingerprint(self) -> bytes:
        """32 bytes over statuses, revert data and logs so far; then the 32 bytes of the state root where there is
        one."""
        ...

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
