"""Scenario files: every mistake is answered with the line, the value and the remedy."""

import re

import pytest

from terrarium import scenarios
from terrarium.errors import ScenarioError

GOOD = """\
name = "tiny"
ticks = 10

[world]
kappa = 0.5

[[assets]]
name = "TOWER"
process = "real_estate"
value = 100.0
supply = 1000

[[assets]]
name = "WHEAT"
process = "crop"
value = 10.0
supply = 500

[[agents]]
strategy = "noise_trader"
count = 3

[agents.params]
activity = { dist = "uniform", low = 0.1, high = 0.2 }

[[agents]]
strategy = "lender"
count = 2
"""


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", scenarios.names())
def test_every_scenario_that_comes_with_terrarium_is_valid(name):
    scenario = scenarios.load(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.description


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("kappa = 0.5", "kappa = 1.5", 5, "world.kappa: input should be less than or equal to 1; got 1.5"),
        ("kappa = 0.5", "kapa = 0.5", 5, "world.kapa: is not known; there are kappa, gamma, wear_days, income_every"),
        ("ticks = 10", "", None, "ticks: is missing; add it"),
        ("ticks = 10", "ticks = -3", 2, "ticks: input should be greater than or equal to 1; got -3"),
        (
            'name = "WHEAT"\nprocess = "crop"\nvalue = 10.0',
            'name = "WHEAT"\nprocess = "crop"\nvalue = nan',
            16,
            "assets.1.value",
        ),
        ("count = 2", "count = -2", 28, "agents.1.count: input should be greater than or equal to 0; got -2"),
        ("count = 2", "count = 10_000_000", 28, "agents.1.count: input should be less than or equal to 100000"),
        ('name = "WHEAT"', 'name = "TOWER"', None, "the name 'TOWER' stands twice"),
        ("count = 2", 'count = 2\nbudget = { assets = ["GOLD"] }', None, "no asset 'GOLD'; there are TOWER, WHEAT"),
        ("count = 2", "count = 2\nbudget = { memory = 0 }", 29, "agents.1.budget.memory"),
        (
            "count = 2",
            "count = 2\ncash = { dist = 'uniform', low = 5 }",
            29,
            "uniform takes exactly low, high; got low",
        ),
        ("count = 2", "count = 2\ncash = { dist = 'zipf' }", 29, "agents.1.cash"),
        ("[world]", "[market]\nkink = 1.0\n\n[world]", 5, "market.kink: input should be less than 1; got 1.0"),
        ("[world]", "[market]\nrate_kink = 0.9\n\n[world]", 4, "must not fall, nor pass 10; got 0.01, 0.9, 0.6"),
        ("ticks = 10", "ticks = ", None, "not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, line, says):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ScenarioError) as error:
        scenarios.load(path)
    assert says in str(error.value)
    if line:
        assert f"mine.toml:{line}: " in str(error.value)


def test_overrides_reach_every_place(tmp_path):
    path = write(tmp_path, GOOD)
    scenario = scenarios.load(
        path,
        [
            "world.kappa=0.25",
            "assets.WHEAT.value=12",
            "agents.lender.count=7",
            "agents.0.params.activity=0.5",
            "order=adversarial",
            "feeds.quorum=1",
        ],
    )
    assert scenario.world.kappa == 0.25
    assert scenario.assets[1].value == 12
    assert scenario.agents[1].count == 7
    assert scenario.agents[0].params == {"activity": 0.5}
    assert scenario.order == "adversarial"
    assert scenario.feeds.quorum == 1


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("world.kappa", "write path=value"),
        ("world.kappa=7", "--set: world.kappa"),
        ("world.kapa=0.1", "--set: world.kapa: is not known"),
        ("agents.whale.count=1", "no entry 'whale'; there are 0 to 1: noise_trader, lender"),
        ("ticks.x=1", "ticks is a value"),
        ("order=random", "--set: order"),
    ],
)
def test_a_wrong_override_is_named(tmp_path, override, says):
    with pytest.raises(ScenarioError, match=re.escape(says)):
        scenarios.load(write(tmp_path, GOOD), [override])


def test_an_unknown_scenario_lists_those_there_are():
    with pytest.raises(ScenarioError, match="no scenario 'nope'; there are"):
        scenarios.load("nope")


def test_lines_are_found_in_nested_tables():
    assert scenarios.locate(GOOD, ("agents", 0, "params", "activity", "low")) == 24
    assert scenarios.locate(GOOD, ("agents", 1)) == 26
    assert scenarios.locate(GOOD, ("assets", 1, "supply")) == 17
    assert scenarios.locate(GOOD, ("nothing",)) is None
