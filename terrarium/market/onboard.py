"""Brings accounts into an economy: identity, registration, claims, cash, tokens, approvals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from terrarium.chain import artifacts
from terrarium.chain.types import Block, Chain, Tx
from terrarium.errors import ChainError
from terrarium.market.calls import approve
from terrarium.market.deploy import ACCREDITED
from terrarium.market.economy import Economy
from terrarium.market.identity import claim_data, sign_claim

GAS = 25_000_000
BLOCK = 500  # transactions sent as one block
REGISTERED, PAID, GIVEN = 100, 200, 50  # accounts per registration, mint, and transfer of tokens

Mined = Callable[[Block], None]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One account to be brought in; amounts in smallest units, ``units`` by asset. ``trades``: it will use the venues."""

    name: str
    country: int  # ISO 3166-1 numeric
    cash: int
    units: tuple[int, ...]
    trades: bool


def onboard(chain: Chain, economy: Economy, newcomers: Sequence[Newcomer], mined: Mined) -> None:
    """Bring ``newcomers`` in. ``mined`` is called with every block. Raises `ChainError` naming the step that failed."""
    deployer, issuer = chain.accounts.address("deployer"), chain.accounts.address("issuer")
    address = {n.name: chain.accounts.address(n.name) for n in newcomers}

    def send(what: str, txs: list[Tx]) -> list[Block]:
        blocks = []
        for start in range(0, len(txs), BLOCK):
            block = chain.submit(txs[start : start + BLOCK])
            if not block.ok.all():
                failed = int((~block.ok).argmax())
                raise ChainError(f"onboarding: {what} failed: {artifacts.errors().reason(block.output[failed])}")
            mined(block)
            blocks.append(block)
        return blocks

    create = artifacts.load("IdFactory").fn("createIdentity")
    made = send("making identities", [Tx(deployer, economy.ids, create(address[n.name], n.name)) for n in newcomers])
    identity = _identities(economy, made)
    if economy.accreditation:
        claims = []
        for n in newcomers:
            own = identity[address[n.name]]
            data = claim_data(economy.claims, ACCREDITED, sign_claim(chain.accounts, own, ACCREDITED))
            claims.append(Tx(address[n.name], own, data))
        send("accrediting", claims)
    register = artifacts.load("IdentityRegistry").fn("batchRegisterIdentity")
    txs = []
    for some in _chunks(newcomers, REGISTERED):
        wallets = [address[n.name] for n in some]
        data = register(wallets, [identity[w] for w in wallets], [n.country for n in some])
        txs.append(Tx(deployer, economy.registry, data, gas=GAS))
    mint = artifacts.load("Cash").fn("mintMany")
    for some in _chunks([n for n in newcomers if n.cash], PAID):
        data = mint([address[n.name] for n in some], [n.cash for n in some])
        txs.append(Tx(deployer, economy.cash, data, gas=GAS))
    give = artifacts.load("Token").fn("batchTransfer")
    for i, asset in enumerate(economy.assets):
        for some in _chunks([n for n in newcomers if n.units[i]], GIVEN):
            data = give([address[n.name] for n in some], [n.units[i] for n in some])
            txs.append(Tx(issuer, asset.token, data, gas=GAS))
    txs.append(Tx(issuer, economy.cash, approve(economy.income)))
    for n in newcomers:
        if n.trades:
            txs += _approvals(economy, address[n.name])
    send("handing out cash and tokens", txs)


def _approvals(economy: Economy, account: str) -> list[Tx]:
    pulls = [(economy.cash, economy.router), (economy.cash, economy.morpho)]
    for asset in economy.assets:
        pulls += [(asset.token, economy.router), (asset.token, economy.morpho), (asset.pair, economy.router)]
    return [Tx(account, token, approve(spender)) for token, spender in pulls]


def _identities(economy: Economy, blocks: list[Block]) -> dict[str, str]:
    linked = artifacts.load("IdFactory").event("WalletLinked")
    found = {}
    for block in blocks:
        columns = linked.decode(block.logs, {economy.ids})
        for wallet, identity in zip(columns["wallet"], columns["identity"], strict=True):
            found["0x" + wallet.tobytes().hex()] = "0x" + identity.tobytes().hex()
    return found


def _chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
