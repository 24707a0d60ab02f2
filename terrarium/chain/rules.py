"""What a node refuses before it mines, checked beforehand: so every engine refuses the same transactions with the same
words."""

from __future__ import annotations

from collections.abc import Sequence

from terrarium.chain.types import Tx
from terrarium.errors import ChainError

GENESIS = 1_767_225_600  # 2026-01-01T00:00:00Z, timestamp of block 0 on the engines we start
CHAIN_ID = 31337
BLOCK_GAS = 10**12  # gas limit of a block on the engines we start: one block holds a whole tick
CALL_GAS = (
    10**9
)  # gas of a read-only call: enough for a Lens over 10,000 accounts, and an endless loop still ends within seconds
ZERO = "0x" + "00" * 20
PURSE = 10**24  # wei the deployer starts with on the engines we start: 1,000,000 ether
MAX_INITCODE = 49_152  # bytes, EIP-3860


def check(txs: Sequence[Tx], block_gas: int = BLOCK_GAS) -> None:
    """Refuse transactions no node would mine. Raises `ChainError` naming the first; nothing has been sent then."""
    for i, tx in enumerate(txs):
        if tx.to is None or tx.gas < 60_000 + 42 * len(tx.data) or tx.gas > block_gas or tx.value:
            _check(i, tx, block_gas)


def _check(index: int, tx: Tx, block_gas: int) -> None:
    what = f"transaction {index} from {tx.sender}"
    if tx.gas > block_gas:
        raise ChainError(f"{what}: its gas limit {tx.gas} is above the block's {block_gas}; lower it")
    if tx.to is None and not tx.data:
        raise ChainError(f"{what}: it creates a contract from no code; give `to` or data")
    if tx.to is None and len(tx.data) > MAX_INITCODE:
        raise ChainError(f"{what}: its creation code has {len(tx.data)} bytes, the EVM takes {MAX_INITCODE}")
    if not 0 <= tx.value < 2**256:
        raise ChainError(f"{what}: its value {tx.value} is no amount of wei")
    needed = intrinsic_gas(tx)
    if tx.gas < needed:
        raise ChainError(
            f"{what}: its gas limit {tx.gas} is below the {needed} it costs before any code runs; raise it"
        )


def intrinsic_gas(tx: Tx) -> int:
    """Gas a transaction needs before any code runs (prague: with the calldata floor of EIP-7623)."""
    zeros = tx.data.count(0)
    tokens = zeros + 4 * (len(tx.data) - zeros)
    creation = 32_000 + 2 * ((len(tx.data) + 31) // 32) if tx.to is None else 0
    return 21_000 + max(4 * tokens + creation, 10 * tokens)
