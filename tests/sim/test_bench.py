"""One strategy that misbehaves is taken out, with the reason in the record; everybody else goes on."""

from __future__ import annotations

from itertools import count

from terrarium.chain.types import Call
from terrarium.record.reader import open_run
from terrarium.sim import decide
from tests.sim.market import HAND, opened, scenario

STRANGER = Call("0x" + "77" * 20, b"", "pray")


def boom(view):
    raise RuntimeError("I am lost")


def forever(view):
    return [None for _ in count()]


BAD = {
    1: (boom, "raised RuntimeError: I am lost"),
    2: (forever, decide.LOOPED),
    3: (lambda view: {"buy": 100}, "returned a dict instead of a list of calls"),
    4: (lambda view: [STRANGER], f"called {STRANGER.to!r}, which is no contract of the deployment"),
    5: (lambda view: view.desk.buy(0, 1.0) * 65, "returned 65 calls; at most 64 a tick"),
    6: (lambda view: view.desk.buy(9, 1.0), "raised IndexError: list index out of range"),
    7: (lambda view: view._secret, "raised AttributeError: 'View' object has no attribute '_secret'"),
}


def steady(view):
    return view.desk.buy(0, 100.0) if view.tick % 2 else view.desk.sell(0, 1.0)


def lived(folder, count):
    """So many agents; all but 0 and the last misbehave in tick 2."""
    with opened(folder, scenario([{**HAND, "count": count}], ticks=5)) as market:
        for tick in range(5):
            acts = {f"_{i}": BAD[i][0] for i in BAD if i < count - 1} if tick == 2 else {}
            yield market, market.tick(**{"_0": steady, f"_{count - 1}": steady}, **acts)
    market.sim.chain.writer.close()


def test_the_bad_are_benched_and_the_good_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(decide, "SECONDS", 0.1)
    ticks = []
    for market, tick in lived(tmp_path, 9):
        ticks.append([(b.agent, b.detail) for b in tick.benched])
        good = {0, 8} | (set() if ticks[2:] else set(BAD))
        first = market.agents[0].id
        assert {a.id - first for a in market.agents if not a.benched} == good
    ids = {i: market.agents[i].id for i in BAD}
    assert ticks == [[], [], [(ids[i], why) for i, (_, why) in BAD.items()], [], []]
    assert [len(market[i].views) for i in range(9)] == [5, 3, 3, 3, 3, 3, 3, 3, 5]

    run = open_run(tmp_path / "run")
    actions = run.table("actions")
    assert actions[["tick", "agent", "kind"]].to_numpy().tolist() == [[2, ids[i], "benched"] for i in BAD]
    assert actions["detail"].tolist() == [why for _, why in BAD.values()]
    done = run.table("transactions").query("tick >= 0")
    assert done.groupby("agent").size().to_dict() == {0: 10, market.agents[0].id: 5, market.agents[8].id: 5}
    assert done["ok"].all()


def test_a_strategy_that_fails_to_learn_is_benched_after_its_calls(tmp_path):
    class Slow(dict):
        def append(self, outcome):
            raise ValueError("cannot learn that")

    with opened(tmp_path, scenario([{**HAND, "count": 2}], ticks=3)) as market:
        market[0].outcomes = Slow()
        tick = market.tick(_0=steady, _1=steady)
        assert [b.detail for b in tick.benched] == ["learning: raised ValueError: cannot learn that"]
        assert tick.block.ok.all()
        assert len(tick.block.ok) == 4
        market.tick(_0=steady, _1=steady)
        assert [len(market[i].views) for i in (0, 1)] == [1, 2]


def test_outcomes_tell_what_became_of_each_call(tmp_path):
    with opened(tmp_path, scenario([{**HAND, "count": 2}], ticks=2)) as market:

        def mixed(view):
            return view.desk.buy(0, 100.0) + view.desk.buy(0, 100.0, min_units=50.0) + view.desk.borrow(0, 10.0)

        market.tick(_0=mixed)
        (outcome,) = market[0].outcomes
        assert (outcome.tick, outcome.ok) == (0, (True, False, False))
        assert outcome.reasons[0] == ""
        assert "INSUFFICIENT_OUTPUT_AMOUNT" in outcome.reasons[1]
        assert "insufficient collateral" in outcome.reasons[2] or "liquidity" in outcome.reasons[2]
        assert market[1].outcomes == []  # nothing done, nothing to learn
