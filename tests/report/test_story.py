"""What the story says is what the record holds."""

from __future__ import annotations

from terrarium.record.reader import Run
from terrarium.report import story, words


def test_the_crash_is_told(crash: Run) -> None:
    told = " ".join(story.tell(crash))
    table = crash.table("liquidations")
    agents = crash.table("agents")
    funds = int((agents["strategy"] == "leveraged_fund").sum())
    assert "34 agents with 8 strategies traded TOWER, HARBOUR and WHEAT for 40 days." in told
    assert "On tick 20 came a crash" in told
    assert f"{table.loc[table['tick'] >= 20, 'borrower'].nunique()} of {funds} leveraged funds" in told
    assert f"{words.money(table['bad_debt'].sum())} was not covered" in told
    assert f"The monitor raised {len(crash.table('alerts'))} alerts" in told


def test_headline_numbers_are_the_records(crash: Run) -> None:
    found = {what: value for what, value, _ in story.headline(crash)}
    table, txs = crash.table("liquidations"), crash.table("transactions")
    live = txs[txs["tick"] >= 0]
    assert table["bad_debt"].sum() > 0
    assert found["Bad debt"] == words.money(table["bad_debt"].sum())
    assert found["Borrowers liquidated"] == str(table["borrower"].nunique())
    assert found["Transactions done"] == words.share(live["ok"].mean(), 1)
    price = crash.prices
    assert found["Deepest price fall"] == words.share(float((1 - price / price.cummax()).max().max()))


def test_calm_is_told_as_calm(calm: Run) -> None:
    told = " ".join(story.tell(calm))
    assert "Nobody borrowed." in told
    assert "shock" not in told
    assert "crash" not in told
    assert "broke the rules of the loop" in told


def test_a_run_without_ticks_says_so(unborn: Run) -> None:
    assert story.headline(unborn) == []
    assert "being set up" in story.tell(unborn)[0]
