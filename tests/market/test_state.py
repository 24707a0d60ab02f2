"""The event mirror against the chain, to the smallest unit, after every block of anything that can happen."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from terrarium.chain import artifacts
from terrarium.chain.types import DEFAULT_GAS, Tx
from terrarium.market.events import LOANS
from terrarium.market.state import MarketState
from tests.market.acts import ACTS, STRANGER, some
from tests.market.town import DAY, fn, in_process, on

INTERVALS = (1, 12, 3_600, DAY, 3 * DAY, 90 * DAY)


def live(town, seed, blocks, count):
    """Random blocks at random intervals; gives how often each event was seen, and how many transactions failed."""
    draw, seen, failed = random.Random(seed), Counter(), 0
    names = {artifacts.load("Morpho").event(name).topic0: name for name in LOANS}
    for _ in range(blocks):
        block = town.do(*some(town, draw, count), after=draw.choice(INTERVALS))
        failed += int((~block.ok).sum())
        seen.update(names.get(topic.tobytes(), "") for topic in block.logs.topics[:, 0])
    return seen, failed


def test_nothing_that_happens_escapes_the_mirror():
    town = in_process()
    seen, failed = live(town, 5, 250, 12)
    assert all(seen[name] > 5 for name in LOANS if name != "CreateMarket"), seen
    assert 100 < failed < 2_500
    assert sum(loans.bad_debt for loans in town.state.loans) > 0
    assert town.state.liquidations == seen["Liquidate"]
    assert (town.state.round > 3).all()
    assert town.state.cash[-1] > 0  # strangers hold some
    assert town.state.cash.sum() == town.state.units.sum() == 0  # nobody's are the supply's negative
    # who was not named from the start makes no difference to the others
    fewer = MarketState(town.economy, town.who[:1])
    for block in town.blocks:
        fewer.apply(block)
    assert fewer.cash[0] == town.state.cash[0]
    assert fewer.loans[0].borrow_assets == town.state.loans[0].borrow_assets
    assert sum(fewer.loans[0].supplied.values()) == sum(town.state.loans[0].supplied.values())


@pytest.mark.parametrize("engine", ["anvil", "rpc"])  # the stranger's node spreads each block's transactions over many
def test_on_a_node(engine):
    with on(engine) as town:
        if engine == "rpc":
            town.chain.rpc.ask("anvil_setBlockTimestampInterval", 7)
            town.chain.rpc.ask("evm_setBlockGasLimit", DEFAULT_GAS)  # one transaction fits
        town.act(0, town.desk(0).lend(0, 1e6))
        borrowed = town.act(1, town.desk(1).post(0, 1_000.0), town.desk(1).borrow(0, 50_000.0), after=DAY)
        assert (borrowed.log_times is not None) == (engine == "rpc")
        seen, failed = live(town, 8, 12, 8)
        assert seen["AccrueInterest"]
        assert failed


class Happenings(RuleBasedStateMachine):
    """One act at a time, shrunk to the shortest story in which the mirror errs."""

    town = None

    @initialize()
    def begin(self):
        cls = type(self)
        cls.town = cls.town or in_process()
        self.undone = self.town.undone()
        self.undone.__enter__()

    @rule(
        name=st.sampled_from(sorted(ACTS)),
        who=st.integers(0, 3),
        asset=st.integers(0, 1),
        part=st.floats(0, 1),
        after=st.sampled_from(INTERVALS),
    )
    def happens(self, name, who, asset, part, after):
        self.town.do(*ACTS[name](self.town, who, asset, part), after=after)

    def teardown(self):
        self.undone.__exit__(None, None, None)


def test_any_story():
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    profile = settings(max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Happenings, settings=profile)


def test_a_reporter_may_say_what_int64_cannot_hold():
    town = in_process()
    wild = 2**126
    block = town.do(
        *(Tx(r, town.economy.assets[0].feed, fn("Feed", "submit", wild)) for r in town.reporters), after=DAY
    )
    assert block.ok.all()
    figures = town.state.figures(town.now)
    assert town.state.answer[0] == wild
    assert figures.appraisal[0] == figures.collateral_price[0] == pytest.approx(wild / 1e8)
    assert figures.appraisal.dtype == np.float64


def test_income_of_a_token_that_is_not_ours_is_not_ours():
    town = in_process()
    event = artifacts.load("IncomeModule").event("Distributed")
    a = town.economy.assets[0]
    block = town.do(
        Tx(town.issuer, town.economy.cash, fn("Cash", "mint", town.issuer, 10**9)),
        Tx(town.issuer, town.economy.income, fn("IncomeModule", "distribute", a.token, 10**9)),
    )
    assert town.state.figures(town.now).income.tolist() == [pytest.approx(10**9 / 1e6 / 1e6), 0.0]
    which = int((block.logs.topics[:, 0] == np.frombuffer(event.topic0, np.uint8)).all(axis=1).argmax())
    block.logs.topics[which, 1, 12:] = np.frombuffer(bytes.fromhex(STRANGER[2:]), np.uint8)
    other = MarketState(town.economy, town.who)
    for known in town.blocks:
        other.apply(known)
    assert other.figures(town.now).income.tolist() == [0.0, 0.0]


def test_flows_are_those_of_the_last_block():
    town = in_process()
    town.act(0, town.desk().buy(0, 1_000.0), town.desk().buy(0, 500.0), town.desk().sell(1, 10.0))
    volume = town.state.figures(town.now).volume
    assert volume[0] == 1_500.0
    assert 0 < volume[1] < 70.0
    town.do()
    assert town.state.figures(town.now).volume.tolist() == [0.0, 0.0]
    assert town.state.now == town.now == town.blocks[-1].timestamp
