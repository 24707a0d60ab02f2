"""Who takes part: counts, draws from distributions, scaling, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from terrarium import scenarios
from terrarium.errors import InputError, ScenarioError
from terrarium.sim.population import populate, scaled
from tests.agents.stage import scenario

NOISE = {"strategy": "noise_trader", "count": 400}


def crowd(group, **changes):
    return [a for a in populate(scenario([{**NOISE, **group}], **changes)) if a.kind == "noise_trader"]


def counts(settings):
    return [group.count for group in settings.agents]


def test_everybody_is_there_in_order_with_an_account_of_their_own():
    agents = populate(scenarios.load("property_crash"))
    assert [a.id for a in agents] == list(range(202))
    assert len({a.name for a in agents}) == len({a.key for a in agents}) == 202
    assert [a.name for a in agents[:7]] == [*(f"reporter:{i}" for i in range(5)), "guardian", "agent:noise_trader:0"]
    assert {a.country for a in agents} == {840, 276, 392, 702}


def test_two_groups_of_one_strategy_share_no_account():
    few, many = {**NOISE, "count": 2}, {**NOISE, "count": 3, "params": {"size": 0.5}}
    agents = populate(scenario([few, many, {"strategy": "feed_reporter", "count": 2}]))
    assert [a.name for a in agents] == [
        "reporter:0",
        *(f"agent:noise_trader:{i}" for i in range(5)),
        "reporter:1",
        "reporter:2",
    ]
    assert [a.strategy.size for a in agents[1:6]] == [0.02] * 2 + [0.5] * 3


@pytest.mark.parametrize(
    ("dist", "low", "mean", "high"),
    [
        ({"dist": "uniform", "low": 10, "high": 30}, 10, 20, 30),
        ({"dist": "normal", "mean": 1_000, "sd": 10}, 950, 1_000, 1_050),
        ({"dist": "lognormal", "median": 100, "sigma": 0.5}, 10, 100 * np.exp(0.125), 1_000),
        ({"dist": "choice", "values": [1, 2, 6]}, 1, 3, 6),
    ],
)
def test_draws_follow_their_distribution(dist, low, mean, high):
    drawn = np.array([a.cash for a in crowd({"cash": dist})])
    assert low <= drawn.min() < drawn.max() <= high
    assert abs(drawn.mean() - mean) < 3 * drawn.std() / 20
    assert len(set(drawn)) == (3 if dist["dist"] == "choice" else 400)


def test_holdings_name_assets_or_all_and_each_is_drawn_for_itself():
    dist = {"dist": "uniform", "low": 1, "high": 2}
    agents = crowd({"count": 30, "holdings": {"*": dist, "ELM": 7}})
    assert all(a.holdings[1] == 7 for a in agents)
    assert len({a.holdings[0] for a in agents}) == 30
    both = np.array([a.holdings for a in crowd({"holdings": {"*": dist}})])
    assert abs(np.corrcoef(both.T)[0, 1]) < 0.15  # three standard errors


def test_draws_are_keyed_by_what_they_are_for():
    """Another group, another parameter, more members: nobody else's draws move."""
    dist = {"dist": "lognormal", "median": 100, "sigma": 0.5}
    plain = [a.cash for a in crowd({"count": 20, "cash": dist})]
    assert [a.cash for a in crowd({"count": 40, "cash": dist})][:20] == plain
    with_size = crowd({"count": 20, "cash": dist, "params": {"size": {"dist": "uniform", "low": 0.1, "high": 0.2}}})
    assert [a.cash for a in with_size] == plain
    lenders = {"strategy": "lender", "count": 5, "cash": dist}
    mixed = populate(scenario([lenders, {**NOISE, "count": 20, "cash": dist}]))
    assert [a.cash for a in mixed if a.kind == "noise_trader"] == plain
    assert [a.cash for a in mixed if a.kind == "lender"] != plain[:5]
    assert [a.cash for a in crowd({"count": 20, "cash": dist}, seed=2)] != plain


def test_budgets_come_with_the_group():
    budget = {"assets": ["ELM", "ELM"], "delay": 2, "noise": 0.1, "memory": 3, "peers": 4, "evaluations": 5}
    agent = crowd({"count": 1, "budget": budget})[0].budget
    assert (agent.assets, agent.peers, agent.delay, agent.noise, agent.memory, agent.evaluations) == (
        (1,),
        4,
        2,
        0.1,
        3,
        5,
    )
    assert crowd({"count": 1})[0].budget.assets == (0, 1)


@pytest.mark.parametrize("total", [7, 10, 199, 202, 203, 1_000, 9_999])
def test_scaling_hits_the_number_and_keeps_proportions(total):
    settings = scenarios.load("property_crash")
    made = counts(scaled(settings, total))
    assert sum(made) == total == len(populate(scaled(settings, total)))
    assert made[:2] == [5, 1]  # fixed
    exact = np.array(counts(settings)[2:]) * (total - 6) / 196
    assert (np.abs(np.array(made[2:]) - exact) < 1).all()


def test_scaling_to_the_same_number_changes_nothing():
    settings = scenarios.load("property_crash")
    assert scaled(settings, 202) == settings


@pytest.mark.parametrize(
    ("fixed", "total", "says"),
    [
        (True, 500, "none of this scenario's 401 agents scale; leave the number away"),
        (False, 0, "0 is too few: 1 of this scenario's agents do not scale; give 2 or more"),
    ],
)
def test_numbers_that_cannot_be_are_refused(fixed, total, says):
    reporter = {"strategy": "feed_reporter", "count": 1, "fixed": True}
    settings = scenarios.revised(scenario([]), agents=[reporter, {**NOISE, "fixed": fixed}])
    with pytest.raises(InputError, match=says):
        scaled(settings, total)


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ({"strategy": "nois_trader"}, r"agents\[1\].strategy: no strategy 'nois_trader'; there are arbitrageur, "),
        (
            {"params": {"speed": 1}},
            r"agents\[1\].params.speed: noise_trader has no such parameter; it takes activity, ",
        ),
        ({"params": {"activity": 2}}, r"agents\[1\].params.activity: Input should be less than or equal to 1; got 2"),
        ({"params": {"activity": "much"}}, r"agents\[1\].params.activity: Input should be a valid number"),
        (
            {"params": {"size": {"dist": "normal", "mean": -1, "sd": 0.1}}},
            r"agents\[1\].params.size: Input should be gr",
        ),
        (
            {"params": {"size": {"dist": "uniform", "low": 2}}},
            r"agents\[1\].params.size: uniform takes exactly low, high",
        ),
        ({"params": {"size": {"dist": "levy"}}}, r"agents\[1\].params.size: Input should be 'uniform', 'normal'"),
        (
            {"cash": {"dist": "normal", "mean": 0, "sd": 9}},
            r"agents\[1\].cash: drew -.*, which no account can hold; give",
        ),
        ({"cash": {"dist": "lognormal", "median": 1, "sigma": 1e4}}, r"agents\[1\].cash: drew inf"),
        ({"cash": {"dist": "choice", "values": ["lots"]}}, r"agents\[1\].cash: drew 'lots'"),
        ({"holdings": {"*": {"dist": "normal", "mean": -9, "sd": 0}}}, r"agents\[1\].holdings.OAK: drew -9.0"),
        ({"strategy": "guardian"}, r"agents\[1\].count: a second guardian; the switch has one holder"),
    ],
)
def test_what_is_refused_is_named(group, says):
    with pytest.raises(ScenarioError, match=says):
        crowd(group)


def test_a_group_of_nobody_is_nobody():
    assert crowd({"count": 0}) == []


def test_more_people_bring_more_tokens_and_fewer_take_none_away():
    settings = scenarios.load("property_crash")
    supplies = [asset.supply for asset in settings.assets]
    assert [asset.supply for asset in scaled(settings, 6 + 2 * 196).assets] == [2 * supply for supply in supplies]
    assert [asset.supply for asset in scaled(settings, 50).assets] == supplies
    for total in (500, 3_000):  # what is handed out is there
        populate(scaled(settings, total))


@pytest.mark.parametrize(
    ("changes", "agents", "says"),
    [
        ({"feeds": {"quorum": 3}}, [], r"feeds.quorum: 3 reports close a round, but there are 1 reporters"),
        ({}, [{"strategy": "feed_reporter", "count": 31}], "32 reporters; a feed takes at most 31"),
        (
            {},
            [{**NOISE, "holdings": {"ELM": 1e6}}],
            r"ELM.supply: agents are given 4,000,000 tokens and the pool 10,000",
        ),
        ({"value": 1e10}, [], "assets.OAK: .*at most 1e.09 dollars"),
        ({"supply": 1e13}, [], "assets.OAK: .*at most 1e.12 tokens"),
        ({"value": 1e6, "supply": 1e9}, [], "assets.OAK: .*1e.12 dollars in the pool"),
        ({"supply": 1e-3}, [], "assets.OAK.pool_share: 1e-05 tokens are too few"),
    ],
)
def test_what_does_not_add_up_is_said_before_anything_starts(changes, agents, says):
    of_asset = {key: value for key, value in changes.items() if key in ("value", "supply")}
    settings = scenario(agents, **{key: value for key, value in changes.items() if key not in of_asset})
    assets = [asset.model_dump() | of_asset for asset in settings.assets]
    with pytest.raises(ScenarioError, match=says):
        populate(scenarios.revised(settings, assets=assets))


def test_no_reporters_are_allowed_and_no_pool_too():
    settings = scenarios.revised(scenario([]), agents=[NOISE])
    assets = [asset.model_dump() | {"pool_share": 0.0} for asset in settings.assets]
    assert len(populate(scenarios.revised(settings, assets=assets))) == 400
