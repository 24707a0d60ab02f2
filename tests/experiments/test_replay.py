"""A recorded run, executed again: the same to the last byte, or the first difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from terrarium import scenarios
from terrarium.chain.engines import open_chain
from terrarium.errors import InputError, RecordError
from terrarium.experiments.replay import replay, replay_on
from terrarium.market.deploy import deploy
from terrarium.market.economy import Economy
from terrarium.market.onboard import Newcomer, onboard
from terrarium.record.chain import RecordedChain
from terrarium.record.meta import describe
from terrarium.record.reader import Run, open_run
from terrarium.record.writer import RunWriter
from tests.record.fake import FakeChain
from tests.record.living import live
from tests.record.synthetic import ABOUT
from tests.record.test_tampering import flip, part

ENGINES = ["revm", "anvil", "hardhat"]


@pytest.fixture(scope="module", params=ENGINES)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A whole economy deployed, with people brought in and a transaction that fails."""
    path = tmp_path_factory.mktemp("runs") / "run"
    scenario = scenarios.load("property_crash")
    with open_chain(request.param) as engine, RunWriter.create(path, describe(scenario, request.param)) as writer:
        chain = RecordedChain(engine, writer)
        manifest = deploy(chain, scenario, scenario.feeds.quorum)
        manifest.save(path / "deployment.json")
        writer.attach("deployment.json", (path / "deployment.json").read_bytes())
        economy = Economy.of(manifest, chain.accounts.address("issuer"))
        people = [Newcomer(f"agent:{i}", 840, 10**9, (10**6,) * len(scenario.assets), True) for i in range(5)]
        onboard(chain, economy, people, lambda block: None)
        chain.context(0, [0], ["noise"], ["mint"])
        stolen = (
            next(iter(open_run(path).folder.entries()))
            .txs[0]
            ._replace(sender=chain.accounts.address("agent:0"), to=economy.cash)
        )
        chain.set_time(engine.w3.eth.get_block("latest")["timestamp"] + 1_000)
        chain.submit([stolen])
        chain.acknowledge()
    return open_run(path)


@pytest.mark.parametrize("engine", ENGINES)
def test_any_engine_gives_the_same(real: Run, engine: str) -> None:
    steps: list[tuple[int, int]] = []
    found = replay(real, engine, progress=lambda done, total: steps.append((done, total)))
    assert found.matches, str(found)
    assert found.blocks == len(real.blocks) == len(steps)
    assert found.txs == len(real.transactions)
    assert found.roots == (found.blocks if engine == real.meta["engine"] != "revm" else 0)
    assert str(found).startswith(f"MATCHES on {engine}: ")
    assert not real.transactions["ok"].iloc[-1]


def test_events_of_a_real_run_have_names(real: Run) -> None:
    moved = real.event("Transfer", "Cash")
    assert moved["value"].sum() > 0
    assert list(moved["contract"].unique()) == ["Cash"]
    assert len(real.scenario.assets) == len(real.meta["scenario"]["assets"])


@pytest.fixture
def fake(tmp_path: Path) -> Run:
    with RunWriter.create(tmp_path / "run", ABOUT) as writer:
        live(RecordedChain(FakeChain(), writer), 9)
    return open_run(tmp_path / "run")


def test_the_first_difference_is_named(fake: Run) -> None:
    found = replay_on(FakeChain(twist=7), fake)
    assert not found.matches
    assert (found.block, found.blocks) == (7, 6)
    assert found.difference is not None
    assert "transaction" in found.difference or "log" in found.difference
    assert "recorded" in found.difference
    assert "now" in found.difference
    assert str(found).startswith("DIFFERS at block 7: ")


def test_state_roots_count_where_both_have_them(fake: Run) -> None:
    assert replay_on(FakeChain(roots=False), fake).roots == 0
    assert replay_on(FakeChain(), fake).roots == 12

    class Rootless(FakeChain):
        def submit(self, txs):  # type: ignore[no-untyped-def]
            from dataclasses import replace

            block = super().submit(txs)
            return replace(block, state_root=os.urandom(32)) if block.number == 5 else block

    found = replay_on(Rootless(), fake)
    assert found.block == 5
    assert "recorded state root" in str(found.difference)


def test_an_altered_record_is_refused_before_anything_is_executed(fake: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **options: object) -> None:
        pytest.fail("a chain was opened")

    monkeypatch.setattr("terrarium.chain.engines.open_chain", never)
    flip(part(fake.path, "transactions"), 200)
    with pytest.raises(RecordError, match=r"table 'transactions'.*was altered"):
        replay(fake, "revm")


def test_unknown_engine(fake: Run) -> None:
    with pytest.raises(InputError, match="there is no 'geth'"):
        replay(fake, "geth")


def test_nothing_to_replay(tmp_path: Path) -> None:
    RunWriter.create(tmp_path / "run", ABOUT).close("failed")
    with pytest.raises(RecordError, match="no block to replay"):
        replay(open_run(tmp_path / "run"), "revm")
