"""An engine without an EVM: what comes of a transaction follows from its bytes and from all before, as on a chain."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from web3 import Web3

from terrarium.chain.accounts import dev_accounts
from terrarium.chain.columns import NOTHING_YET, advance, log_columns
from terrarium.chain.types import Block, Call, Snapshot, Tx


class FakeChain:
    """`Chain` for tests that need thousands of blocks a second.

    ``twist`` makes the block of that number come out otherwise.
    """

    engine = "revm"
    chain_id = 31337

    def __init__(self, twist: int | None = None, roots: bool = True) -> None:
        self.accounts = dev_accounts()
        self.w3 = Web3()
        self.height, self.now = 0, 1_000
        self._next: int | None = None
        self._fingerprint = NOTHING_YET
        self._twist, self._roots = twist, roots

    def submit(self, txs: Sequence[Tx]) -> Block:
        self.height += 1
        self.now, self._next = self._next or self.now + 1, None
        salt = b"twist" if self.height == self._twist else b""
        hashes = [hashlib.sha256(repr(tx).encode() + salt).digest() for tx in txs]
        ok = np.array([h[0] % 10 > 0 for h in hashes], np.bool_)
        output = {i: h[: h[1] % 5] for i, h in enumerate(hashes) if not ok[i]}
        rows = [(i, h) for i, h in enumerate(hashes) if ok[i]]
        logs = log_columns(
            [i for i, _ in rows],
            b"\x05" * 20 * len(rows),
            [1] * len(rows),
            b"".join(h for _, h in rows),
            [32] * len(rows),
            b"".join(h[::-1] for _, h in rows),
        )
        self._fingerprint = advance(self._fingerprint, ok, output, logs)
        root = hashlib.sha256(self._fingerprint + salt).digest() if self._roots else None
        created = {i: "0x" + h[:20].hex() for i, h in rows if txs[i].to is None}
        return Block(self.height, self.now, ok, output, created, logs, self._fingerprint, None, root)

    def set_time(self, timestamp: int) -> None:
        self._next = timestamp

    def fingerprint(self) -> bytes:
        return self._fingerprint

    def snapshot(self) -> Snapshot:
        return Snapshot(str(self.height))

    def revert(self, snapshot: Snapshot) -> None:
        self.height = int(snapshot.id)

    def call(self, calls: Sequence[Call], sender: str | None = None) -> list[bytes]:
        return [b""] * len(calls)

    def nonce(self, address: str) -> int:
        return 0

    def balance(self, address: str) -> int:
        return 0

    def code(self, address: str) -> bytes:
        return b""

    def close(self) -> None:
        pass

    def __enter__(self) -> FakeChain:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
