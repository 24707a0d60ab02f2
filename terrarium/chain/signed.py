"""Signed transactions: made for chains that want them, read where somebody hands one in.

Signing here takes some 100 µs; eth_account, against which the tests hold it, takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import rlp  # type: ignore[import-untyped]
from coincurve import PrivateKey
from eth_hash.auto import keccak
from hexbytes import HexBytes

from terrarium.chain.types import Tx
from terrarium.errors import ChainError


class Fees(NamedTuple):
    """Wei per gas. ``tip`` is None on chains without EIP-1559, where ``price`` is simply paid."""

    price: int  # … at most, where there is a tip
    tip: int | None = None


def sign(tx: Tx, nonce: int, chain_id: int, fees: Fees, key: bytes) -> bytes:
    """The signed transaction, as ``eth_sendRawTransaction`` takes it."""
    body: list[Any] = [_bytes(tx.gas), bytes.fromhex(tx.to[2:]) if tx.to else b"", _bytes(tx.value), tx.data]
    if fees.tip is None:
        fields = [_bytes(nonce), _bytes(fees.price), *body]
        recovery, r, s = _signature(_encoded([*fields, _bytes(chain_id), b"", b""]), key)
        return _encoded([*fields, _bytes(35 + 2 * chain_id + recovery), r, s])
    fields = [_bytes(chain_id), _bytes(nonce), _bytes(fees.tip), _bytes(fees.price), *body, []]
    recovery, r, s = _signature(b"\x02" + _encoded(fields), key)
    return b"\x02" + _encoded([*fields, _bytes(recovery), r, s])


def read_signed(raw: bytes) -> tuple[Tx, int]:
    """What a signed transaction says, and its nonce. Raises `ChainError` when it is malformed."""
    from eth_account import Account  # both take a while to load
    from eth_account.typed_transactions.typed_transaction import TypedTransaction

    try:
        sender = str(Account.recover_transaction(raw)).lower()
        if raw[0] < 0x80:
            fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
            nonce, gas, to, value, data = (fields[k] for k in ("nonce", "gas", "to", "value", "data"))
        else:
            parts = rlp.decode(raw)
            nonce, gas, value = (int.from_bytes(parts[i], "big") for i in (0, 2, 4))
            to, data = parts[3], parts[5]
    except (ValueError, TypeError, LookupError, rlp.exceptions.RLPException) as error:
        raise ChainError(f"this is no signed transaction: {error}") from error
    return Tx(sender, "0x" + bytes(to).hex() if to else None, bytes(data), int(value), int(gas)), int(nonce)


def _signature(message: bytes, key: bytes) -> tuple[int, bytes, bytes]:
    """Recovery id, r and s of the message's keccak hash, without leading zeros."""
    signature = PrivateKey(key).sign_recoverable(keccak(message), hasher=None)
    return signature[64], signature[:32].lstrip(b"\0"), signature[32:64].lstrip(b"\0")


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encoded(items: Sequence[Any]) -> bytes:
    encoded: bytes = rlp.encode(items)
    return encoded
