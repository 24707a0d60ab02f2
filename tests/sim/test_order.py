"""The order within a block: keyed per agent, so that newcomers reorder nobody."""

from types import SimpleNamespace

import pytest

from terrarium.chain.types import Call
from terrarium.random import key
from terrarium.sim.order import ordered


def agents(count):
    return [SimpleNamespace(id=i, key=int(key(1, i)[0]), adversary=i == 5) for i in range(count)]


def plan(count, tips=()):
    tips = dict(tips)
    return [(a, [Call("0x", b"", tip=tips.get(a.id, 0))]) for a in agents(count)]


def ids(planned):
    return [agent.id for agent, _ in planned]


def test_seeded_order_changes_with_tick_and_seed_only():
    first = ids(ordered(plan(50), "seeded", 7, 1))
    assert first == ids(ordered(list(reversed(plan(50))), "seeded", 7, 1))
    assert first != ids(ordered(plan(50), "seeded", 7, 2))
    assert first != ids(ordered(plan(50), "seeded", 8, 1))


def test_a_newcomer_reorders_nobody():
    few, many = ids(ordered(plan(50), "seeded", 7, 1)), ids(ordered(plan(80), "seeded", 7, 1))
    assert [i for i in many if i < 50] == few


def test_every_agent_is_as_often_early_as_late():
    ranks = [ids(ordered(plan(10), "seeded", 7, tick)).index(0) for tick in range(2000)]
    assert sum(ranks) / len(ranks) == pytest.approx(4.5, abs=0.2)  # three standard errors


def test_tips_and_adversaries_go_first():
    assert ids(ordered(plan(9, {3: 10, 7: 20}), "priority-fee", 1, 0))[:2] == [7, 3]
    assert ids(ordered(plan(9), "adversarial", 1, 0))[0] == 5
    rest = [i for i in ids(ordered(plan(9), "seeded", 1, 0)) if i != 5]
    assert ids(ordered(plan(9), "adversarial", 1, 0))[1:] == rest
