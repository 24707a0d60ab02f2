"""Brings accounts into an economy: identity, registration, claims, cash, tokens, approvals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from terrarium.chain import artifacts
from terrarium.chain.types import Block, Call, Chain, Tx
from terrarium.errors import ChainError
from terrarium.market.calls import approve
from terrarium.market.deploy import ACCREDITED
from terrarium.market.economy import TOKEN_UNIT, Economy
from terrarium.market.identity import claim_data, sign_claim

GAS = 25_000_000
BLOCK = 500  # transactions sent as one block
REGISTERED, PAID, GIVEN = 100, 200, 50  # accounts per registration, mint, and transfer of tokens

Mined = Callable[[Block], None]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One account to be brought in; amounts in smallest units, ``units`` by asset. ``trades``: it will use venues."""

    name: str
    country: int  # ISO 3166-1 numeric
    cash: int
    units: tuple[int, ...]
    trades: bool


def onboard(
    chain: Chain, economy: Economy, newcomers: Sequence[Newcomer], mined: Mined, past: Sequence[Block] = ()
) -> None:
    """Bring ``newcomers`` in. ``mined`` is called with every block; ``past`` are the blocks of ``economy`` so far.

    Who is in already, from an earlier run or from one that was cut, keeps identity and holdings and is brought up to
    the cash and tokens given here. Raises `ChainError` naming the step that failed, or the tokens the issuer lacks.
    """
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

    identity = _identities(economy, past)
    known = {n.name for n in newcomers if address[n.name] in identity}
    create = artifacts.load("IdFactory").fn("createIdentity")
    fresh = [n for n in newcomers if n.name not in known]
    made = send("making identities", [Tx(deployer, economy.ids, create(address[n.name], n.name)) for n in fresh])
    identity |= _identities(economy, made)
    verified = _verified(chain, economy, [address[n.name] for n in newcomers if n.name in known])
    outside = [n for n in newcomers if address[n.name] not in verified]
    if economy.accreditation:
        claims = []
        for n in outside:
            own = identity[address[n.name]]
            data = claim_data(economy.claims, ACCREDITED, sign_claim(chain.accounts, own, ACCREDITED))
            claims.append(Tx(address[n.name], own, data))
        send("accrediting", claims)
    outside = _unregistered(chain, economy, outside, address) if known else outside
    register = artifacts.load("IdentityRegistry").fn("batchRegisterIdentity")
    txs = []
    for some in _chunks(outside, REGISTERED):
        wallets = [address[n.name] for n in some]
        data = register(wallets, [identity[w] for w in wallets], [n.country for n in some])
        txs.append(Tx(deployer, economy.registry, data, gas=GAS))
    mint = artifacts.load("Cash").fn("mintMany")
    due = _due(chain, economy.cash, {n.name: n.cash for n in newcomers}, address, known)
    for part in _chunks(list(due), PAID):
        data = mint([address[name] for name in part], [due[name] for name in part])
        txs.append(Tx(deployer, economy.cash, data, gas=GAS))
    give = artifacts.load("Token").fn("batchTransfer")
    for i, asset in enumerate(economy.assets):
        due = _due(chain, asset.token, {n.name: n.units[i] for n in newcomers}, address, known)
        if known and (has := _balances(chain, asset.token, [issuer])[0]) < sum(due.values()):
            raise ChainError(
                f"onboarding: the issuer holds {has / TOKEN_UNIT:g} tokens of {asset.name}, but "
                f"{len(due)} accounts are to get {sum(due.values()) / TOKEN_UNIT:g}; deploy anew, on a fresh devnet"
            )
        for part in _chunks(list(due), GIVEN):
            data = give([address[name] for name in part], [due[name] for name in part])
            txs.append(Tx(issuer, asset.token, data, gas=GAS))
    txs.append(Tx(issuer, economy.cash, approve(economy.income)))
    for n in newcomers:
        if n.trades:
            txs += _approvals(economy, address[n.name])
    send("handing out cash and tokens", txs)


def _due(
    chain: Chain, token: str, given: Mapping[str, int], address: Mapping[str, str], known: Collection[str]
) -> dict[str, int]:
    """Smallest units that each account still lacks of what it is given; only ``known`` ones can have any."""
    there = [name for name in given if name in known]
    has = dict(zip(there, _balances(chain, token, [address[name] for name in there]), strict=True))
    return {name: amount - has.get(name, 0) for name, amount in given.items() if amount > has.get(name, 0)}


def _balances(chain: Chain, token: str, accounts: Sequence[str]) -> list[int]:
    balance = artifacts.load("Cash").fn("balanceOf")
    return [int(balance.decode(out)[0]) for out in chain.call([Call(token, balance(a)) for a in accounts])]


def _verified(chain: Chain, economy: Economy, accounts: Sequence[str]) -> set[str]:
    verified = artifacts.load("IdentityRegistry").fn("isVerified")
    outs = chain.call([Call(economy.registry, verified(a)) for a in accounts])
    return {a for a, out in zip(accounts, outs, strict=True) if verified.decode(out)[0]}


def _unregistered(
    chain: Chain, economy: Economy, some: Sequence[Newcomer], address: Mapping[str, str]
) -> list[Newcomer]:
    contains = artifacts.load("IdentityRegistry").fn("contains")
    outs = chain.call([Call(economy.registry, contains(address[n.name])) for n in some])
    return [n for n, out in zip(some, outs, strict=True) if not contains.decode(out)[0]]


def _approvals(economy: Economy, account: str) -> list[Tx]:
    pulls = [(economy.cash, economy.router), (economy.cash, economy.morpho)]
    for asset in economy.assets:
        pulls += [(asset.token, economy.router), (asset.token, economy.morpho), (asset.pair, economy.router)]
    return [Tx(account, token, approve(spender)) for token, spender in pulls]


def _identities(economy: Economy, blocks: Sequence[Block]) -> dict[str, str]:
    linked = artifacts.load("IdFactory").event("WalletLinked")
    found = {}
    for block in blocks:
        columns = linked.decode(block.logs, {economy.ids})
        for wallet, identity in zip(columns["wallet"], columns["identity"], strict=True):
            found["0x" + wallet.tobytes().hex()] = "0x" + identity.tobytes().hex()
    return found


def _chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
