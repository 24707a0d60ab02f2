"""Who sends transactions: names to addresses and keys.

Names in use: "deployer", "issuer", "guardian", "monitor", "claim-issuer", "reporter:<k>", "agent:<id>". The same name
is the same account in every run. Secrets come from the environment or a keystore file, never from an argument on a
command line.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from coincurve import PrivateKey
from eth_hash.auto import keccak
from eth_utils.exceptions import ValidationError

from terrarium.errors import InputError

MNEMONIC = "TERRARIUM_MNEMONIC"
ACCOUNT = "TERRARIUM_ACCOUNT"
PASSWORD = "TERRARIUM_PASSWORD"
DEV_MNEMONIC = "test test test test test test test test test test test junk"  # of Anvil's and Hardhat's funded accounts
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1
SYSTEM = ("deployer", "issuer", "guardian", "monitor", "claim-issuer")


class Accounts:
    """Keys and addresses by name; ``derive`` maps a name to its 32-byte private key."""

    def __init__(self, derive: Callable[[str], bytes]) -> None:
        self._derive = derive
        self._keys: dict[str, PrivateKey] = {}
        self._names: dict[str, str] = {}
        self._addresses: dict[str, str] = {}

    def address(self, name: str) -> str:
        """Address of ``name``: "0x" and 40 lower-case hex digits."""
        found = self._addresses.get(name)
        if found is None:
            found = address_of(self._key(name))
            self._addresses[name] = found
            self._names[found] = name
        return found

    def name(self, address: str) -> str | None:
        """The name that was asked for and gave ``address``; None if none did."""
        return self._names.get(address)

    def key(self, name: str) -> bytes:
        """Private key of ``name``, 32 bytes."""
        return self._key(name).secret

    def sign(self, name: str, digest: bytes) -> bytes:
        """Signature of a 32-byte digest: r, s, v as 65 bytes with v 27 or 28, as Solidity's ecrecover wants it.
        Deterministic (RFC 6979)."""
        if len(digest) != 32:
            raise InputError(f"sign: the digest has {len(digest)} bytes; hash the message to 32 bytes first")
        signature = self._key(name).sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def _key(self, name: str) -> PrivateKey:
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = PrivateKey(self._derive(name))
        return key


def address_of(key: PrivateKey) -> str:
    """Address that belongs to a private key."""
    return "0x" + keccak(key.public_key.format(compressed=False)[1:])[12:].hex()


def dev_accounts() -> Accounts:
    """Accounts of the engines we start ourselves: key = keccak256("terrarium:" + name), known to everybody. Never for
    real money."""
    return Accounts(lambda name: keccak(f"terrarium:{name}".encode()))


def account_index(name: str) -> int:
    """Place of ``name`` on the HD path m/44'/60'/0'/0/index: the system names come first, then reporters, then agents,
    then anything else."""
    if name in SYSTEM:
        return SYSTEM.index(name)
    if match := re.fullmatch(r"reporter:(\d{1,4})", name):
        return 1_000 + int(match[1])
    if match := re.fullmatch(r"agent:(\d{1,7})", name):
        return 100_000 + int(match[1])
    return 2**30 + int.from_bytes(keccak(name.encode())[:4], "big") % 2**30


def mnemonic_accounts(mnemonic: str) -> Accounts:
    """Accounts on the HD path m/44'/60'/0'/0/`account_index(name)` of a BIP-39 phrase, as wallets derive them."""
    from eth_account.hdaccount import seed_from_mnemonic

    try:
        seed = seed_from_mnemonic(mnemonic, passphrase="")
    except (ValidationError, ValueError):  # the text of either holds the phrase: say nothing of it
        raise InputError(f"{MNEMONIC}: not a BIP-39 phrase; set it to 12 to 24 words of one word list") from None
    node = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    for index in (44 + 2**31, 60 + 2**31, 2**31, 0):
        node = _child(node, index)
    return Accounts(lambda name: _child(node, account_index(name))[:32])


def _child(node: bytes, index: int) -> bytes:
    """One step of BIP-32: (key, chain code) of the child, 64 bytes. Indices from 2**31 on are hardened."""
    key, code = node[:32], node[32:]
    point = b"\0" + key if index >= 2**31 else PrivateKey(key).public_key.format()
    digest = hmac.new(code, point + index.to_bytes(4, "big"), hashlib.sha512).digest()
    child = (int.from_bytes(digest[:32], "big") + int.from_bytes(key, "big")) % ORDER
    return child.to_bytes(32, "big") + digest[32:]


def keystore_accounts(path: Path, password: str) -> Accounts:
    """Accounts of one encrypted key file (Web3 Secret Storage, as geth, Foundry and Ape write it).

    "deployer" is the key itself; every other name is keccak256(key + "terrarium:" + name), so one file serves a whole
    population.
    """
    from eth_account import Account

    try:
        stored = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"key file {path}: cannot be read as JSON ({error}); name a keystore file or an Ape account"
        ) from error
    try:
        key = bytes(Account.decrypt(stored, password))
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise InputError(f"key file {path}: {PASSWORD} does not open it ({error})") from error
    return Accounts(lambda name: key if name == "deployer" else keccak(key + f"terrarium:{name}".encode()))


def keys_in_environment(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the environment names keys at all."""
    env = os.environ if environment is None else environment
    return bool(env.get(MNEMONIC, "").strip() or env.get(ACCOUNT, "").strip())


def accounts_from_environment(environment: Mapping[str, str] | None = None) -> Accounts:
    """Accounts for a chain that is not ours.

    From TERRARIUM_MNEMONIC, or from TERRARIUM_ACCOUNT (a keystore file, or the alias of an Ape account) with
    TERRARIUM_PASSWORD. Raises `InputError` when they name no usable key.
    """
    env = os.environ if environment is None else environment
    mnemonic, account = env.get(MNEMONIC, "").strip(), env.get(ACCOUNT, "").strip()
    if mnemonic and account:
        raise InputError(f"{MNEMONIC} and {ACCOUNT} are both set; set one of them")
    if mnemonic:
        return mnemonic_accounts(mnemonic)
    if not account:
        raise InputError(
            f"no keys for this chain; set {MNEMONIC} to a phrase, or {ACCOUNT} to a keystore file or Ape account, "
            f"with its {PASSWORD}"
        )
    if PASSWORD not in env:
        raise InputError(f"{PASSWORD} is not set; it must hold the password of the account {account!r}")
    folder = Path(env.get("APE_DATA_FOLDER") or Path.home() / ".ape")
    choices = [Path(account), folder / "accounts" / f"{account}.json"]
    for path in choices:
        if path.is_file():
            return keystore_accounts(path, env[PASSWORD])
    raise InputError(
        f"{ACCOUNT}: neither {choices[0]} nor {choices[1]} is a file; name a keystore file or an Ape account"
    )
