"""Claims: what the issuer signs is valid on chain, for that identity and topic only; venues and strangers."""

from __future__ import annotations

import pytest

from terrarium.chain import artifacts
from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Tx
from terrarium.market.deploy import ACCREDITED
from terrarium.market.identity import CLAIM, claim_data, sign_claim
from tests.market.acts import STRANGER
from tests.market.town import Town, fn, people, scenario


@pytest.fixture(scope="module")
def town():
    return Town(RevmChain(), scenario(market={"accreditation": True}), people(2))


def identity(town, who):
    return town.read(town.economy.ids, "IdFactory", "getIdentity", who)


def test_a_claim_is_good_for_one_identity_and_one_topic(town):
    mine, other = (identity(town, who) for who in town.who)
    signature = sign_claim(town.chain.accounts, mine, ACCREDITED)
    assert len(signature) == 65

    def valid(who, topic, data=CLAIM, signed=signature):
        return town.read(town.economy.claims, "ClaimIssuer", "isClaimValid", who, topic, signed, data)

    assert valid(mine, ACCREDITED)
    assert not valid(other, ACCREDITED)
    assert not valid(mine, ACCREDITED + 1)
    assert not valid(mine, ACCREDITED, b"rich")
    assert not valid(mine, ACCREDITED, signed=signature[:40] + bytes([signature[40] ^ 1]) + signature[41:])


def test_only_its_owner_adds_a_claim(town):
    mine = identity(town, town.who[0])
    data = claim_data(town.economy.claims, ACCREDITED, sign_claim(town.chain.accounts, mine, ACCREDITED))
    for who, ok in ((town.who[1], False), (town.who[0], True)):
        block = town.do(Tx(who, mine, data))
        assert block.ok.tolist() == [ok]


def test_a_revoked_claim_ends_holding(town):
    mine, claims = identity(town, town.who[0]), town.economy.claims
    give = Tx(town.who[1], town.economy.assets[0].token, fn("Token", "transfer", town.who[0], 1))
    with town.undone():
        assert town.do(give).ok.all()
        signature = sign_claim(town.chain.accounts, mine, ACCREDITED)
        issuer = town.chain.accounts.address("claim-issuer")
        assert town.do(Tx(issuer, claims, fn("ClaimIssuer", "revokeClaimBySignature", signature))).ok.all()
        assert not town.do(give).ok.any()
        assert not town.read(town.economy.registry, "IdentityRegistry", "isVerified", town.who[0])


def test_tokens_stay_among_the_known(town):
    """Nobody without identity gets any; and one registration serves all tokens."""
    for asset in town.economy.assets:
        block = town.do(Tx(town.who[0], asset.token, fn("Token", "transfer", STRANGER, 1)))
        assert artifacts.errors().reason(block.output[0]) == "Error: Transfer not possible"
        assert town.do(Tx(town.who[0], asset.token, fn("Token", "transfer", town.who[1], 1))).ok.all()
        registry = town.read(asset.token, "Token", "identityRegistry")
        assert town.read(registry, "IdentityRegistry", "isVerified", town.who[1])
