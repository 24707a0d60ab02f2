"""Bringing people in: once, again, and after having been cut."""

from __future__ import annotations

import pytest

from terrarium.chain import artifacts
from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Call
from terrarium.errors import ChainError
from terrarium.market import onboard as module
from terrarium.market.deploy import deploy
from terrarium.market.economy import Economy
from terrarium.market.history import past_blocks
from terrarium.market.lens import audit
from terrarium.market.onboard import Newcomer, onboard
from terrarium.market.state import MarketState
from tests.chain.engines import open_engine
from tests.market.test_deploy import Killed, Mortal
from tests.market.town import CASH, REPORTERS, UNITS, Town, fn, in_process, people, scenario

EVERYBODY = [*people(3), Newcomer("guardian", 276, 0, (0, 0), False), Newcomer("agent:7", 392, 5, (0, 9), False)]


def deployed(chain, **changes):
    blocks = []
    manifest = deploy(chain, scenario(**changes), REPORTERS, mined=blocks.append)
    return Economy.of(manifest, chain.accounts.address("issuer")), blocks


def read(chain, to, artifact, function, *args):
    f = artifacts.load(artifact).fn(function)
    return f.decode(chain.call([Call(to, f(*args))])[0])[0]


def all_are_in(chain, economy, newcomers, exactly=True):
    for n in newcomers:
        who = chain.accounts.address(n.name)
        assert read(chain, economy.registry, "IdentityRegistry", "isVerified", who)
        assert read(chain, economy.registry, "IdentityRegistry", "investorCountry", who) == n.country
        has = [read(chain, t, "Cash", "balanceOf", who) for t in (economy.cash, *(a.token for a in economy.assets))]
        if exactly:
            assert has == [n.cash, *n.units]
        spenders = [(economy.cash, s) for s in (economy.router, economy.morpho)]
        spenders += [(a.token, s) for a in economy.assets for s in (economy.router, economy.morpho)]
        spenders += [(a.pair, economy.router) for a in economy.assets]
        for token, spender in spenders:
            assert bool(read(chain, token, "Cash", "allowance", who, spender)) == n.trades


@pytest.mark.parametrize("accreditation", [False, True])
def test_everybody_gets_what_was_said(accreditation):
    with RevmChain() as chain:
        economy, blocks = deployed(chain, market={"accreditation": accreditation})
        onboard(chain, economy, EVERYBODY, blocks.append)
        all_are_in(chain, economy, EVERYBODY)
        state = MarketState(economy, [chain.accounts.address(n.name) for n in EVERYBODY])
        for block in blocks:
            state.apply(block)
        audit(state, chain)


@pytest.mark.parametrize("accreditation", [False, True])
def test_cut_after_any_transaction_it_goes_on(accreditation, monkeypatch):
    monkeypatch.setattr(module, "REGISTERED", 2)
    monkeypatch.setattr(module, "PAID", 2)
    monkeypatch.setattr(module, "GIVEN", 1)
    with RevmChain() as chain:
        economy, deployment = deployed(chain, market={"accreditation": accreditation})
        point, blocks = chain.snapshot(), []
        onboard(chain, economy, EVERYBODY, blocks.append)
        steps = sum(len(block.ok) for block in blocks)
        assert steps > 30
        for k in range(steps):
            chain.revert(point)
            point = chain.snapshot()
            with pytest.raises(Killed):
                onboard(Mortal(chain, k), economy, EVERYBODY, lambda block: None)
            past = list(past_blocks(chain, economy, 1, chain.height))
            more = []
            onboard(chain, economy, EVERYBODY, more.append, past)
            all_are_in(chain, economy, EVERYBODY)
        assert deployment


def test_again_on_a_used_economy_tops_up():
    town = in_process()
    town.act(0, town.desk(0).buy(0, 1_000_000.0), town.desk(0).lend(1, 500_000.0))
    spent, bought = int(town.state.cash[0]), int(town.state.units[0, 0])
    assert spent == CASH - 1_500_000 * 10**6
    crowd = people(6)  # two are new
    onboard(town.chain, town.economy, crowd, town.blocks.append, list(town.blocks))
    all_are_in(town.chain, town.economy, crowd, exactly=False)
    state = MarketState(town.economy, [town.chain.accounts.address(n.name) for n in crowd])
    for block in town.blocks:
        state.apply(block)
    audit(state, town.chain)
    assert state.cash[:6].tolist() == [CASH] * 6
    assert state.units[0, 0] == bought > UNITS  # what is more stays
    assert state.units[1:6].tolist() == [[UNITS, UNITS]] * 5
    assert state.loans[1].supplied == town.state.loans[1].supplied


def test_an_issuer_without_tokens():
    town = in_process()
    rich = [Newcomer(n.name, n.country, n.cash, (0, 10**12), True) for n in town.newcomers]
    height = town.chain.height
    with pytest.raises(ChainError, match=r"onboarding: the issuer holds \S+ tokens of ELM, but 4 accounts are to get"):
        onboard(town.chain, town.economy, rich, town.blocks.append, list(town.blocks))
    assert town.chain.height == height
    with RevmChain() as chain:
        economy, _ = deployed(chain)
        with pytest.raises(
            ChainError, match="onboarding: handing out cash and tokens failed: Error: Insufficient Balance"
        ):
            onboard(chain, economy, rich, lambda block: None)


def test_nobody_is_no_error():
    with RevmChain() as chain:
        economy, blocks = deployed(chain)
        onboard(chain, economy, [], blocks.append)


@pytest.mark.parametrize("engine", ["revm", "anvil"])
def test_what_happened_before_we_came(engine, monkeypatch):
    """The blocks of the past give the mirror that was there all along."""
    monkeypatch.setattr("terrarium.market.history.SPAN", 3)
    with open_engine(engine) as chain:
        town = Town(chain)
        town.act(0, town.desk(0).lend(0, 1e6), town.desk(0).add_liquidity(1, 1e4, 1e3))
        town.act(1, town.desk(1).post(0, 100.0), town.desk(1).borrow(0, 1_000.0), after=86_400)
        town.act(2, town.desk(2).sell(1, 1e9), ok=False)  # fails, so says nothing
        town.act(1, town.desk(1).repay(0, 500.0), after=86_400)
        town.do()
        past = list(past_blocks(chain, town.economy, 1, chain.height))
        spoke = [block for block in town.blocks if len(block.logs)]
        first = town.blocks[0].number
        numbers = [block.number for block in past if block.number >= first]
        assert set(numbers) <= {block.number for block in spoke}
        state = MarketState(town.economy, town.who)
        for block in past:
            state.apply(block)
        audit(state, chain)
        for name in ("cash", "units", "lp", "lp_supply", "pool_cash", "pool_units", "answer", "answered_at", "round"):
            assert (getattr(state, name) == getattr(town.state, name)).all(), name
        assert state.loans == town.state.loans
        some = list(past_blocks(chain, town.economy, past[2].number, past[4].number))
        assert [b.number for b in some] == [b.number for b in past[2:5]]
        assert list(past_blocks(chain, town.economy, chain.height, chain.height)) == []
        assert fn("Cash", "decimals")
