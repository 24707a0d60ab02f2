"""Frames, SQL and typed events, on a real deployment in the in-process EVM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from terrarium.chain import artifacts
from terrarium.chain.columns import advance, log_columns
from terrarium.chain.types import Block, Tx
from terrarium.errors import InputError, RecordError
from terrarium.record.reader import Run, open_run
from terrarium.record.schema import TABLES
from terrarium.record.writer import RunWriter
from tests.record.synthetic import ABOUT, AGENTS, tick_rows

MORPHO, OTHER = "0x" + "ab" * 20, "0x" + "cd" * 20
MARKETS = ["0x" + "01" * 32, "0x" + "02" * 32]
WAD = 10**18


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def liquidation(
    market: str, caller: int, borrower: int, repaid: int, seized: int, bad: int
) -> tuple[list[bytes], bytes]:
    topics = [
        artifacts.load("Morpho").event("Liquidate").topic0,
        bytes.fromhex(market[2:]),
        word(caller),
        word(borrower),
    ]
    return topics, b"".join(map(word, (repaid, repaid * 10**6, seized, bad, bad * 10**6 + 2**70)))


def block_with(
    number: int, before: bytes, logs: list[tuple[list[bytes], bytes]], emitter: str = MORPHO
) -> tuple[Block, list[Tx]]:
    sender = f"0x{1:040x}"
    txs = [Tx(sender, None if i else MORPHO, b"\x01\x02", value=2**255) for i in range(max(1, len(logs)))]
    ok = np.ones(len(txs) + 1, np.bool_)
    ok[-1] = False
    columns = log_columns(
        list(range(len(logs))), bytes.fromhex(emitter[2:]) * len(logs), [len(t) for t, _ in logs],
        b"".join(b"".join(t) for t, _ in logs), [len(d) for _, d in logs], b"".join(d for _, d in logs),
    )  # fmt: skip
    output = {len(txs): b""}
    txs.append(Tx(AGENTS["address"][1], OTHER, b""))  # type: ignore[index]
    return Block(
        number, 60 * number, ok, output, {}, columns, advance(before, ok, output, columns), None, bytes(32)
    ), txs


@pytest.fixture(scope="module", params=["journal", "parts", "both"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Six ticks, two of them with liquidations; read from the journal, from parts, or from both."""
    path = tmp_path_factory.mktemp("runs") / "it's a run"
    writer = RunWriter.create(path, ABOUT)
    abi = artifacts.load("Morpho").abi
    contracts = {"Morpho": {"name": "Morpho", "artifact": "Morpho", "address": MORPHO, "abi": abi}}
    manifest = {"contracts": contracts, "assets": [{"loan_market": m} for m in MARKETS]}
    writer.attach("deployment.json", orjson.dumps(manifest))
    before = bytes(32)
    for tick in range(6):
        logs = []
        if tick == 3:
            logs = [
                liquidation(MARKETS[1], 3, 2, 5_000_000, 10_000_000, 0),
                liquidation("0x" + "09" * 32, 1, 1, 1, 1, 1),
            ]
        if tick == 4:
            logs = [liquidation(MARKETS[0], 77, 2, 0, 0, 1_500_000)]
        block, txs = block_with(tick + 1, before, logs)
        before = block.fingerprint
        tables = {name: [rows] for name, rows in tick_rows(tick).items()} | ({"agents": [AGENTS]} if tick == 0 else {})
        strategies, agents = ["noise"] * (len(txs) - 1) + ["fund"], [0] * (len(txs) - 1) + [1]
        writer.block(
            block, txs, tick=tick, agents=agents, strategies=strategies, reasons={len(txs) - 1: "bare"}, tables=tables
        )
        if request.param == "parts" or (request.param == "both" and tick == 3):
            writer.compact()
    writer._connection.close()  # as if killed
    return open_run(path)


def test_frames(run: Run) -> None:
    txs = run.transactions
    assert list(txs["value"].unique()) == [2**255, 0]
    assert txs["sender"].iloc[0] == AGENTS["address"][0]  # type: ignore[index]
    assert txs["to"].isna().sum() == 1
    failed = txs[~txs["ok"]]
    assert set(failed["output"]) == {b""}
    assert set(failed["reason"]) == {"bare"}
    assert txs["gas_used"].isna().all()
    assert list(txs["block"]) == sorted(txs["block"])
    assert run.events["address"].iloc[0] == MORPHO
    assert isinstance(run.events["topic0"].iloc[0], bytes)
    assert run.blocks["state_root"].iloc[0] == bytes(32)
    assert run.table("wealth") is run.table("wealth"), "read once"


def test_prices_are_wide_and_can_be_plotted(run: Run) -> None:
    prices = run.prices
    assert list(prices.columns) == ["house", "farm"]
    assert prices.index.name == "tick"
    assert list(prices["house"]) == [1.5 + t for t in range(6)]
    assert prices["farm"].isna().all()
    assert prices.plot() is not None


def test_names_are_merged_in(run: Run) -> None:
    assert list(run.feeds["asset"].unique()) == ["house", "farm"]
    assert list(run.positions["strategy"].unique()) == ["noise", "keeper"]
    assert list(run.table("positions")["asset"].unique()) == [1]
    assert run.alerts["evidence"].iloc[0] == {"x": 1}
    assert list(run.wealth.columns) == ["tick", "agent", "strategy", "wealth"]
    assert run.actions["strategy"].iloc[0] == "fund"
    assert len(run.lending) == 12


def test_liquidations(run: Run) -> None:
    found = run.table("liquidations")
    assert found[["tick", "block", "asset", "borrower", "liquidator"]].to_numpy().tolist() == [
        [3, 4, 1, 1, 2],
        [4, 5, 0, 1, -1],
    ]
    assert list(found["strategy"]) == ["fund", "fund"]
    assert list(found["seized_units"]) == [10.0, 0.0]
    assert list(found["repaid"]) == [5.0, 0.0]
    assert list(found["bad_debt"]) == [0.0, 1.5]
    assert found["bad_debt_shares"].iloc[1] == 1_500_000 * 10**6 + 2**70
    assert found["price"].iloc[0] == 0.5
    assert np.isnan(found["price"].iloc[1])
    assert list(run.liquidations["asset"]) == ["farm", "house"]


def test_typed_events(run: Run) -> None:
    found = run.event("Liquidate")
    assert len(found) == 3
    assert list(found["tick"]) == [3, 3, 4]
    assert list(found["contract"].unique()) == ["Morpho"]
    assert found["borrower"].iloc[0] == f"0x{2:040x}"
    assert found["badDebtShares"].iloc[2] == 1_500_000 * 10**6 + 2**70
    assert len(run.event("Liquidate", "Morpho")) == len(run.event("Liquidate", MORPHO.upper().replace("0X", "0x"))) == 3
    assert len(run.event("Liquidate", OTHER)) == 0
    assert len(run.event("Supply")) == 0
    with pytest.raises(InputError, match=r"no event 'Nonsense' in any known contract; there are .*Liquidate"):
        run.event("Nonsense")
    with pytest.raises(InputError, match="no contract 'Nobody'; the deployment has Morpho"):
        run.event("Liquidate", "Nobody")


@pytest.mark.parametrize("table", [*TABLES, "liquidations"])
def test_sql_sees_the_same_rows(run: Run, table: str) -> None:
    found, frame = run.sql(f"select * from {table}"), run.table(table)
    assert list(found.columns) == list(frame.columns)
    assert len(found) == len(frame)
    for name in set(frame.columns) - {"value", "bad_debt_shares"}:
        old, new = frame[name].astype(object), found[name].astype(object)
        assert [None if pd.isna(v) else v for v in old] == [None if pd.isna(v) else v for v in new], name


def test_sql(run: Run) -> None:
    found = run.sql("select strategy, sum(bad_debt) as lost from liquidations group by 1")
    assert found.to_numpy().tolist() == [["fund", 1.5]]
    assert run.sql(f"select count(*) as n from transactions where \"to\" = '{OTHER}'")["n"].iloc[0] == 6
    variable = pd.DataFrame({"x": [1]})
    for query in ("select * from nowhere", "nonsense", "select * from variable"):
        with pytest.raises(InputError, match="sql: "):
            run.sql(query)
    assert len(variable) == 1


def test_what_is_asked_wrongly(run: Run) -> None:
    with pytest.raises(InputError, match="no 'nonsense' in a record; there are blocks, "):
        run.table("nonsense")
    with pytest.raises(RecordError, match="does not know its scenario"):
        _ = run.scenario
    assert "synthetic seed 1 on revm: running, last block 6" in repr(run)


def test_a_run_without_a_block(tmp_path: Path) -> None:
    RunWriter.create(tmp_path / "run", ABOUT).close("failed")
    empty = open_run(tmp_path / "run")
    assert empty.verify() == 0
    for table in (*TABLES, "liquidations"):
        assert len(empty.table(table)) == len(empty.sql(f"select * from {table}")) == 0
    assert empty.prices.empty
    assert empty.event("Swap").empty
