"""Accounts are the same in every run, sign as Ethereum does, and come from the environment only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from hypothesis import given
from hypothesis import strategies as st

from terrarium.chain.accounts import (
    ACCOUNT,
    DEV_MNEMONIC,
    MNEMONIC,
    PASSWORD,
    account_index,
    accounts_from_environment,
    dev_accounts,
    mnemonic_accounts,
)
from terrarium.chain.signed import Fees, read_signed, sign
from terrarium.chain.types import Tx
from terrarium.errors import ChainError, InputError

NAMES = ("deployer", "issuer", "guardian", "monitor", "claim-issuer", "reporter:3", "agent:0", "agent:99999", "odd")


def test_development_accounts_are_known_to_everybody() -> None:
    accounts = dev_accounts()
    assert accounts.address("deployer") == "0x8def8798979ddd69a0cf422a1c53861195c2243b"
    for name in NAMES:
        assert accounts.address(name) == Account.from_key(accounts.key(name)).address.lower()
        assert accounts.name(accounts.address(name)) == name
    assert len({accounts.address(name) for name in NAMES}) == len(NAMES)
    assert accounts.name("0x" + "00" * 20) is None


def test_signatures_recover_and_repeat() -> None:
    accounts, digest = dev_accounts(), bytes(range(32))
    signature = accounts.sign("claim-issuer", digest)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    recovered = Account._recover_hash(digest, signature=signature)
    assert recovered.lower() == accounts.address("claim-issuer")
    assert signature == dev_accounts().sign("claim-issuer", digest)
    with pytest.raises(InputError, match="31 bytes"):
        accounts.sign("deployer", digest[:31])


def test_a_phrase_gives_what_wallets_give() -> None:
    accounts = mnemonic_accounts(DEV_MNEMONIC)
    assert accounts.address("deployer") == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert accounts.address("issuer") == "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
    seed = seed_from_mnemonic(DEV_MNEMONIC, "")
    for name in NAMES:
        assert accounts.key(name) == key_from_seed(seed, f"m/44'/60'/0'/0/{account_index(name)}")


@given(st.lists(st.text(max_size=10) | st.integers(0, 10**7 - 1).map("agent:{}".format), unique=True))
def test_names_have_places_of_their_own(names: list[str]) -> None:
    names = [*names, "deployer", "issuer", "reporter:0", "reporter:9999"]
    assert len({account_index(name) for name in names}) == len(set(names))
    assert all(0 <= account_index(name) < 2**31 for name in names)


def test_a_wrong_phrase_is_refused_and_not_repeated() -> None:
    phrase = "test test test test test test test test test test test secret"
    with pytest.raises(InputError, match=MNEMONIC) as caught:
        accounts_from_environment({MNEMONIC: phrase})
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_key_file_or_an_ape_account_serves_everybody(tmp_path: Path) -> None:
    key = bytes(range(1, 33))
    stored = json.dumps(Account.encrypt(key, "open sesame", kdf="pbkdf2", iterations=2))
    (tmp_path / "accounts").mkdir()
    path = tmp_path / "accounts" / "me.json"
    path.write_text(stored)
    by_path = accounts_from_environment({ACCOUNT: str(path), PASSWORD: "open sesame"})
    by_alias = accounts_from_environment({ACCOUNT: "me", PASSWORD: "open sesame", "APE_DATA_FOLDER": str(tmp_path)})
    assert by_path.key("deployer") == by_alias.key("deployer") == key
    assert by_path.address("agent:1") == by_alias.address("agent:1") != by_path.address("deployer")
    with pytest.raises(InputError, match=f"{PASSWORD} does not open it"):
        accounts_from_environment({ACCOUNT: str(path), PASSWORD: "close sesame"})


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, f"set {MNEMONIC}"),
        ({MNEMONIC: " "}, f"set {MNEMONIC}"),
        ({MNEMONIC: DEV_MNEMONIC, ACCOUNT: "me"}, "both set"),
        ({ACCOUNT: "me"}, f"{PASSWORD} is not set"),
        ({ACCOUNT: "nobody", PASSWORD: "x"}, r"neither nobody nor \S+nobody.json is a file"),
        ({ACCOUNT: __file__, PASSWORD: "x"}, "cannot be read as JSON"),
    ],
)
def test_keys_that_cannot_be_had_are_explained(environment: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        accounts_from_environment(environment)


ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())


@given(
    to=st.none() | ADDRESS,
    data=st.binary(max_size=300),
    value=st.integers(0, 2**128),
    gas=st.integers(21_000, 2**40),
    nonce=st.integers(0, 2**32),
    fees=st.builds(Fees, st.integers(0, 2**40), st.none() | st.just(0) | st.integers(0, 2**40)),
    chain_id=st.integers(1, 2**32),
)
def test_signing_agrees_with_eth_account(
    to: str | None, data: bytes, value: int, gas: int, nonce: int, fees: Fees, chain_id: int
) -> None:
    accounts = dev_accounts()
    tx = Tx(accounts.address("agent:1"), to, data, value, gas)
    raw = sign(tx, nonce, chain_id, fees, accounts.key("agent:1"))
    fields: dict[str, object] = {"chainId": chain_id, "nonce": nonce, "gas": gas, "value": value, "data": data}
    if to:
        fields["to"] = bytes.fromhex(to[2:])
    if fees.tip is None:
        fields["gasPrice"] = fees.price
    else:
        fields |= {"maxFeePerGas": fees.price, "maxPriorityFeePerGas": fees.tip}
    assert raw == bytes(Account.sign_transaction(fields, accounts.key("agent:1")).raw_transaction)
    assert read_signed(raw) == (tx, nonce)


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\xff" * 10, b"\xc0", b"\x02\xc0", b"\x05abc"])
def test_a_malformed_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(ChainError, match="no signed transaction"):
        read_signed(raw)
