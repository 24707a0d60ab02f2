"""ONCHAINID: who may hold tokens. Every account has an identity contract, a country and, where asked for, a claim."""

from __future__ import annotations

from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak

from terrarium.chain import artifacts
from terrarium.chain.accounts import Accounts

VENUE_COUNTRY = 840
ECDSA = 1  # claim scheme
CLAIM = b"accredited"


def sign_claim(accounts: Accounts, identity: str, topic: int) -> bytes:
    """The claim issuer's signature that ``identity`` has ``topic``: 65 bytes, as ClaimIssuer.isClaimValid wants."""
    inner = keccak(abi_encode(["address", "uint256", "bytes"], [identity, topic, CLAIM]))
    return accounts.sign("claim-issuer", keccak(b"\x19Ethereum Signed Message:\n32" + inner))


def claim_data(issuer: str, topic: int, signature: bytes) -> bytes:
    """Calldata by which an identity's owner adds the signed claim to it."""
    return artifacts.load("Identity").fn("addClaim")(topic, ECDSA, issuer, signature, CLAIM, "")
