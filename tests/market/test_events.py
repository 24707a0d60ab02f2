"""Decoded events against web3's codec, on a real deployment in which everything has happened."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
import pytest
from web3 import Web3

from terrarium.chain import artifacts
from terrarium.chain.types import Tx
from terrarium.market.economy import Addresses
from terrarium.market.events import LOANS, Decoder
from tests.market.acts import some
from tests.market.town import DAY, fn, in_process


@pytest.fixture(scope="module")
def lived():
    """A town and its blocks, alerts and halts of everything among them."""
    town, draw = in_process(), random.Random(2)
    board = town.economy.alerts
    monitor = town.chain.accounts.address("monitor")
    town.act(0, town.desk(0).lend(0, 50_000.0))
    town.act(1, town.desk(1).post(0, 100.0), town.desk(1).borrow(0, 4_000.0))
    town.answer(0, 20.0)
    town.act(2, town.desk(2).liquidate(0, 1, 20.0))
    town.act(2, town.desk(2).liquidate(0, 1, 80.0))
    for i in range(60):
        subject = town.economy.assets[i % 2].token if i % 3 else "0x" + "77" * 20
        alert = fn("AlertBoard", "post", b"price_fall".ljust(32, b"\0"), subject, i % 3, -(10**30) * i, 10**6)
        halts = [Tx(town.guardian, town.economy.halt, fn("HaltModule", f)) for f in ("haltAll", "unhaltAll")]
        town.do(*some(town, draw, 10), Tx(monitor, board, alert), *halts, after=draw.choice([60, DAY, 3 * DAY]))
    return town


def by_web3(town, artifact, name, emitters):
    """{(block, place): (emitter, arguments)} as web3 decodes them from what its provider gives."""
    contract = Web3().eth.contract(abi=artifacts.load(artifact).abi)
    event, topic = contract.events[name](), "0x" + artifacts.load(artifact).event(name).topic0.hex()
    found = {}
    for block in town.blocks:
        asked = {"fromBlock": block.number, "toBlock": block.number}
        logs = town.chain.w3.eth.get_logs(asked)
        for place, log in enumerate(logs):
            if log["topics"] and "0x" + bytes(log["topics"][0]).hex() == topic and log["address"].lower() in emitters:
                found[block.number, place] = log["address"].lower(), event.process_log(log)["args"]
    return found


def by_us(town, decode):
    """The same from our tables, with the asset's number."""
    found = {}
    for block in town.blocks:
        table = decode(block.logs)
        for i in range(len(table)):
            row = {name: table.columns[name][i] for name in table.columns}
            found[block.number, int(row["log"])] = int(table.asset[i]), row
    return found


def same(ours, theirs):
    if isinstance(theirs, Mapping):  # a struct
        return tuple(theirs.values()) == tuple(Web3.to_checksum_address(x) if isinstance(x, str) else x for x in ours)
    if isinstance(theirs, (bytes, str)):
        raw = bytes.fromhex(theirs[2:]) if isinstance(theirs, str) else theirs
        return ours.tobytes() == raw
    return int(ours) == theirs


KINDS = [
    *(("Morpho", name, lambda town, logs, name=name: town.state._events.loans(logs)[name]) for name in LOANS),
    ("Cash", "Transfer", lambda town, logs: town.state._events.token_transfers(logs)),
    ("UniswapV2Pair", "Transfer", lambda town, logs: town.state._events.share_transfers(logs)),
    ("UniswapV2Pair", "Swap", lambda town, logs: town.state._events.swaps(logs)),
    ("UniswapV2Pair", "Sync", lambda town, logs: town.state._events.syncs(logs)),
    ("Feed", "AnswerUpdated", lambda town, logs: town.state._events.answers(logs)),
    ("IncomeModule", "Distributed", lambda town, logs: town.state._events.incomes(logs)),
    ("AlertBoard", "Posted", lambda town, logs: town.state._events.alerts(logs)),
]


@pytest.mark.parametrize(("artifact", "name", "decode"), KINDS, ids=lambda v: v if isinstance(v, str) else "")
def test_decoded_as_web3_does(lived, artifact, name, decode):
    e = lived.economy
    emitters = {
        "Morpho": [e.morpho],
        "Cash": [a.token for a in e.assets],
        "UniswapV2Pair": [a.pair for a in e.assets],
        "Feed": [a.feed for a in e.assets],
        "IncomeModule": [e.income],
        "AlertBoard": [e.alerts],
    }[artifact]
    expected, found = by_web3(lived, artifact, name, emitters), by_us(lived, lambda logs: decode(lived, logs))
    assert expected.keys() == found.keys()
    assert len(expected) > 1
    keys = {"Morpho": "id", "IncomeModule": "token", "AlertBoard": "subject"}
    for place, (emitter, args) in expected.items():
        asset, row = found[place]
        for key, value in args.items():
            assert same(row[key], value), (place, key)
        if artifact == "Morpho":
            known = [a.loan_market for a in e.assets]
            assert known[asset] == args["id"]
        elif artifact in keys:
            tokens = [a.token for a in e.assets]
            subject = args[keys[artifact]].lower()
            assert asset == (tokens.index(subject) if subject in tokens else -1)
        else:
            assert emitters[asset] == emitter


def test_halts_come_in_order(lived):
    expected = {}
    for name in ("Halted", "Unhalted", "AllHalted", "AllUnhalted"):
        for (block, place), (_, args) in by_web3(lived, "HaltModule", name, [lived.economy.halt]).items():
            tokens = [a.token for a in lived.economy.assets]
            asset = tokens.index(args["token"].lower()) if "token" in args else -1
            expected.setdefault(block, []).append((place, name, asset))
    found = {block.number: halts for block in lived.blocks if (halts := lived.state._events.halts(block.logs))}
    assert found == {block: sorted(halts) for block, halts in expected.items()}
    assert {name for halts in found.values() for _, name, _ in halts} >= {"AllHalted", "AllUnhalted"}


def test_other_peoples_contracts_are_not_ours(lived):
    """A decoder of an economy whose contracts are elsewhere finds nothing in these logs."""
    from dataclasses import replace

    there = "0x" + "ab" * 20
    other = replace(lived.economy, cash=there, morpho=there, income=there, halt=there, alerts=there, assets=tuple(
        replace(a, token=f"0x{i:040x}", pair=f"0x{i + 9:040x}", feed=f"0x{i + 19:040x}")
        for i, a in enumerate(lived.economy.assets, 1)
    ))  # fmt: skip
    decoder = Decoder(other)
    for block in lived.blocks:
        assert decoder.cash_transfers(block.logs).rows == 0
        for table in (decoder.token_transfers, decoder.share_transfers, decoder.swaps, decoder.syncs, decoder.answers):
            assert len(table(block.logs)) == 0
        assert decoder.halts(block.logs) == []
        assert len(decoder.incomes(block.logs)) == len(decoder.alerts(block.logs)) == 0
        assert all(len(found) == 0 for found in decoder.loans(block.logs).values())


def test_addresses_become_numbers():
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 256, (500, 20), np.uint8)
    known = Addresses(["0x" + row.tobytes().hex() for row in rows])
    assert known.index(rows[::-1]).tolist() == list(range(500))[::-1]
    strangers = rng.integers(0, 256, (100, 20), np.uint8)
    assert (known.index(strangers) == -1).all()
    assert len(known) == 500
    assert known.index(np.zeros((0, 20), np.uint8)).shape == (0,)
    with pytest.raises(ValueError, match="two accounts share the last eight bytes"):
        Addresses(["0x" + "00" * 12 + "11" * 8, "0x" + "ff" * 12 + "11" * 8])
