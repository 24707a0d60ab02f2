"""The same transactions give the same statuses, reasons, return data, logs and balances on every engine."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from eth_hash.auto import keccak
from web3 import Web3

from terrarium.chain.codec import Errors
from terrarium.chain.reasons import Reverted
from terrarium.chain.rules import BLOCK_GAS, GENESIS
from terrarium.chain.types import Block, Call, Chain, Tx
from terrarium.errors import ChainError
from tests.chain.engines import ENGINES, OWN, contracts, deploy, open_engine

WORD = 32
LONG = bytes(range(256)) * 20


@pytest.fixture(scope="module", params=ENGINES)
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    with open_engine(request.param) as opened:
        yield opened


@pytest.fixture
def own(chain: Chain) -> Chain:
    """An engine that mines one block at the time we say."""
    if chain.engine not in OWN:
        pytest.skip("this is the node's to decide")
    return chain


@pytest.fixture
def probe(chain: Chain) -> str:
    return deploy(chain, "Probe")


def fn(name: str, *args: object) -> bytes:
    return contracts()["Probe"].fn(name)(*args)


def who(chain: Chain, name: str = "deployer") -> str:
    return chain.accounts.address(name)


def reasons(block: Block) -> dict[int, str]:
    errors = Errors(a.abi for a in contracts().values())
    return {i: errors.reason(output) for i, output in block.output.items()}


def stored(chain: Chain, probe: str) -> int:
    return int.from_bytes(chain.call([Call(probe, fn("stored"))])[0], "big")


def test_statuses_and_reasons(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:1")
    datas = [
        fn("store", 5),
        fn("refuse", 3),
        fn("refuseInWords"),
        fn("refuseBare"),
        fn("panic", 0),
        fn("invalid"),
        fn("silent"),
        b"\x01\x02\x03\x04",
        fn("panic", 1),
    ]
    block = chain.submit([Tx(sender, probe, data, gas=200_000) for data in datas])
    assert block.ok.tolist() == [True, False, False, False, False, False, True, False, True]
    assert reasons(block) == {
        1: f"Probe__Refused({sender}, 3)",
        2: "Error: not today",
        3: "",
        4: "Panic(0x12)",
        5: "",
        7: "",
    }
    assert stored(chain, probe) == 7
    assert block.number == chain.height
    assert block.fingerprint == chain.fingerprint()[:32]
    assert chain.nonce(sender) >= len(datas)


def test_logs_of_every_shape(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:2")
    logs = chain.submit([Tx(sender, probe, fn("silent")), Tx(sender, probe, fn("logs", LONG))]).logs
    assert logs.tx.tolist() == [1] * 7
    assert logs.topic_count.tolist() == [1, 2, 3, 4, 0, 4, 2]
    assert {"0x" + row.tobytes().hex() for row in logs.address} == {probe}
    assert not logs.topics[np.arange(4) >= logs.topic_count[:, None]].any()
    assert logs.offset[-1] == len(logs.data)
    event = contracts()["Probe"].event
    assert event("Plain").decode(logs).rows == 1
    assert event("One").decode(logs)["data"].tolist() == [LONG]
    two = event("Two").decode(logs)
    assert two["a"].tolist() == [2**256 - 1]
    assert two["c"].tolist() == [-(2**255)]
    assert two["b"].tobytes().hex() == sender[2:]
    three = event("Three").decode(logs)
    assert three["c"].tobytes() == keccak(LONG)
    assert three["d"].tolist() == [True]
    assert event("Hidden").decode(logs, [probe])["log"].tolist() == [4]
    assert event("HiddenFour").decode(logs, [probe])["e"].tolist() == [5]
    text = event("Text").decode(logs)
    assert text["key"].tobytes() == keccak(b"key")
    assert text["text"].tolist() == ["café"]


def test_a_block_keeps_the_order(chain: Chain, probe: str) -> None:
    draw = random.Random(5)
    senders = [who(chain, f"agent:{100 + i}") for i in range(30)]
    for size in (33, 300):
        txs = [Tx(draw.choice(senders), probe, fn("store", i)) for i in range(size)]
        block = chain.submit(txs)
        decoded = contracts()["Probe"].event("Stored").decode(block.logs)
        assert decoded["tx"].tolist() == decoded["value"].tolist() == list(range(size))
        assert ["0x" + row.tobytes().hex() for row in decoded["by"]] == [tx.sender for tx in txs]


def test_creations_by_accounts(chain: Chain) -> None:
    sender, child = who(chain, "agent:3"), contracts()["Child"]
    first = chain.nonce(sender)
    txs = [Tx(sender, None, child.creation(n)) for n in (1, 13, 2)]
    block = chain.submit([*txs, Tx(sender, None, b"\xfe", gas=100_000), Tx(sender, None, b"\0")])
    assert block.ok.tolist() == [True, False, True, False, True]
    assert reasons(block) == {1: "Error: unlucky", 3: ""}
    assert block.created == {i: created(sender, first + i) for i in (0, 2, 4)}
    numbers = chain.call([Call(block.created[i], child.fn("NUMBER")()) for i in (0, 2)])
    assert [int.from_bytes(number, "big") for number in numbers] == [1, 2]
    code = chain.code(block.created[0])
    assert len(code) == len(child.runtime)
    assert code != child.runtime  # the immutable is in
    assert chain.code(block.created[4]) == b""
    assert chain.nonce(block.created[0]) == 1


def test_creations_by_contracts(chain: Chain) -> None:
    factory, fns = deploy(chain, "Factory"), contracts()["Factory"]
    sender = who(chain, "agent:4")
    salt = b"\x07" * 32
    block = chain.submit(
        [
            Tx(sender, factory, fns.fn("make")(1)),
            Tx(sender, factory, fns.fn("make")(13)),
            Tx(sender, factory, fns.fn("make")(2)),
            Tx(sender, factory, fns.fn("makeAt")(salt, 3)),
            Tx(sender, factory, fns.fn("makeAt")(salt, 3)),  # taken
        ]
    )
    assert block.ok.tolist() == [True, False, True, True, False]
    assert block.created == {}
    made = ["0x" + row.tobytes().hex() for row in fns.event("Made").decode(block.logs)["child"]]
    initcode = keccak(contracts()["Child"].creation(3))
    salted = "0x" + keccak(b"\xff" + bytes.fromhex(factory[2:]) + salt + initcode)[12:].hex()
    assert made == [created(factory, 1), created(factory, 2), salted]  # the failed creation took its nonce back
    assert chain.nonce(factory) == 4


def created(sender: str, nonce: int) -> str:
    import rlp

    return "0x" + keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:].hex()


def test_code_size_is_limited(chain: Chain) -> None:
    sized, sender = contracts()["Sized"], who(chain)
    gas = 8_000_000
    block = chain.submit([Tx(sender, None, sized.creation(size), gas=gas) for size in (24_576, 24_577)])
    assert block.ok.tolist() == [True, False]
    assert block.output == {1: b""}
    assert len(chain.code(block.created[0])) == 24_576


def test_transient_storage_lasts_one_transaction(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:5")
    block = chain.submit([Tx(sender, probe, fn("lockTwice"))] * 2)
    assert contracts()["Probe"].event("Locked").decode(block.logs)["before"].tolist() == [0, 1, 0, 1]


def test_self_calls_and_swallowed_reverts(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:6")
    block = chain.submit([Tx(sender, probe, fn("viaSelf", 9)), Tx(sender, probe, fn("swallow", 4))])
    assert block.ok.all()
    by = contracts()["Probe"].event("Stored").decode(block.logs)["by"]
    assert ["0x" + row.tobytes().hex() for row in by] == [probe]  # of the swallowed one nothing is left
    [reason] = contracts()["Probe"].event("Caught").decode(block.logs)["reason"]
    assert Errors([contracts()["Probe"].abi]).reason(reason) == f"Probe__Refused({probe}, 4)"
    assert stored(chain, probe) == 9


def test_value_moves(chain: Chain, probe: str) -> None:
    deployer, poor = who(chain), who(chain, "agent:7")
    before = chain.balance(deployer)
    block = chain.submit(
        [
            Tx(deployer, poor, b"", 10**18, 21_000),
            Tx(deployer, probe, b"", 5),
            Tx(deployer, probe, fn("store", 1), 7),
            Tx(deployer, probe, fn("refuse", 1), 9),  # not payable
            Tx(deployer, probe, fn("pay", poor), 11),
        ]
    )
    assert block.ok.tolist() == [True, True, True, False, True]
    assert (chain.balance(poor), chain.balance(probe)) == (10**18 + 11, 12)
    if chain.engine in OWN:  # elsewhere gas may cost something
        assert chain.balance(deployer) == before - 10**18 - 5 - 7 - 11
    received = contracts()["Probe"].event("Received").decode(block.logs)
    assert (received["tx"].tolist(), received["value"].tolist()) == ([1], [5])
    assert chain.submit([Tx(poor, probe, b"", 10**18)]).ok.all()
    assert chain.balance(poor) == 11


def test_out_of_gas_is_a_failure_without_output(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:8")
    block = chain.submit([Tx(sender, probe, fn("spin"), gas=100_000), Tx(sender, probe, fn("silent"), gas=22_000)])
    assert block.ok.tolist() == [False, False]
    assert block.output == {0: b"", 1: b""}
    if block.gas_used is not None:
        assert block.gas_used.tolist() == [100_000, 22_000]
    assert stored(chain, probe) == 0


def test_gas_is_protocol_gas_or_not_said(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:9")
    block = chain.submit([Tx(sender, sender, b""), Tx(sender, sender, b"\1" * 10), Tx(sender, probe, fn("silent"))])
    if chain.engine == "revm":
        assert block.gas_used is None
        return
    assert block.gas_used is not None
    assert block.gas_used[:2].tolist() == [21_000, 21_400]
    assert 43_000 < block.gas_used[2] < 44_500  # a cold slot from zero: 22,100


def test_what_no_node_would_mine_is_refused_and_nothing_happens(chain: Chain, probe: str) -> None:
    sender, height = who(chain, "agent:10"), chain.height
    good = Tx(sender, probe, fn("store", 1))
    before = chain.fingerprint()
    for bad, why in (
        (Tx(sender, probe, b"", gas=20_999), "below the 21000"),
        (Tx(sender, probe, b"\1" * 100, gas=24_999), "below the 25000"),  # the floor of EIP-7623
        (Tx(sender, None, b"\0", gas=53_005), "below the 53006"),
        (Tx(sender, probe, b"", gas=BLOCK_GAS + 1), "above the block's"),
        (Tx(sender, None, bytes(49_153), gas=10**7), "49153 bytes"),
        (Tx(sender, None, b""), "from no code"),
    ):
        with pytest.raises(ChainError, match=f"transaction 1 .*{why}"):
            chain.submit([good, bad])
    assert (chain.height, chain.nonce(sender), stored(chain, probe)) == (height, 0, 0)
    assert chain.fingerprint() == before
    assert chain.submit([good]).ok.all()


def test_what_the_node_itself_refuses_leaves_nothing_behind(own: Chain, probe: str) -> None:
    sender, height = who(own, "agent:11"), own.height
    good, before = Tx(sender, probe, fn("store", 1)), own.fingerprint()
    for bad in (Tx(sender, probe, b"", value=1), Tx(sender, "0x12", b""), Tx("0x12", probe, b"")):
        with pytest.raises(ChainError, match="transaction 1 from"):
            own.submit([good, bad])
    assert (own.height, own.nonce(sender), stored(own, probe)) == (height, 0, 0)
    assert own.fingerprint() == before
    block = own.submit([good])
    assert block.ok.tolist() == [True]
    assert own.nonce(sender) == 1


def test_calls_change_nothing(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:12")
    deploy(chain, "Child", 1)
    before = chain.fingerprint()
    outputs = chain.call([Call(probe, fn("store", 3)), Call(probe, fn("store", 4)), Call(probe, fn("sender"))], sender)
    assert outputs[:2] == [bytes(WORD)] * 2
    assert contracts()["Probe"].fn("sender").decode(outputs[2]) == (sender, sender)
    assert chain.call([Call(sender, b"abc")]) == [b""]  # nobody there
    assert chain.call([]) == []
    assert stored(chain, probe) == 0
    assert chain.fingerprint() == before


def test_calls_see_the_latest_block(own: Chain, probe: str) -> None:
    own.submit([])
    seen = contracts()["Probe"].fn("now_").decode(own.call([Call(probe, fn("now_"))])[0])
    assert seen[0] == own.height
    assert seen[1] == own.w3.eth.get_block("latest")["timestamp"]


def test_a_call_that_reverts_says_why(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:13")
    with pytest.raises(Reverted, match=r"call 1 \(try\S* on 0x.*not today") as caught:
        chain.call([Call(probe, fn("stored")), Call(probe, fn("refuseInWords"), "try")])
    assert caught.value.output[:4] == keccak(b"Error(string)")[:4]
    with pytest.raises(Reverted) as caught:
        chain.call([Call(probe, fn("refuse", 8))], sender)
    assert Errors([contracts()["Probe"].abi]).reason(caught.value.output) == f"Probe__Refused({sender}, 8)"
    with pytest.raises(Reverted) as caught:
        chain.call([Call(probe, fn("invalid"))])
    assert caught.value.output == b""


def test_snapshots_nest(chain: Chain, probe: str) -> None:
    sender = who(chain, "agent:14")

    def store(value: int) -> Block:
        return chain.submit([Tx(sender, probe, fn("store", value))])

    def state() -> tuple[int, int, bytes, int, int]:
        return stored(chain, probe), chain.nonce(sender), chain.fingerprint(), chain.height, chain.balance(probe)

    store(1)
    at_one, first = state(), chain.snapshot()
    store(2)
    at_two, second = state(), chain.snapshot()
    chain.submit([Tx(who(chain), probe, fn("store", 3), 5), Tx(sender, None, contracts()["Child"].creation(4))])
    chain.revert(second)
    assert state() == at_two
    third = chain.snapshot()
    store(4)
    chain.revert(first)
    assert state() == at_one
    for gone in (first, second, third):
        with pytest.raises(ChainError, match="snapshot"):
            chain.revert(gone)
    assert store(5).ok.all()
    assert stored(chain, probe) == 5
    assert chain.nonce(sender) == 2


def test_going_back_gives_the_same_blocks_again(own: Chain, probe: str) -> None:
    txs = [Tx(who(own, f"agent:{i}"), probe, fn("add", i)) for i in range(20)]
    point = own.snapshot()
    own.set_time(own.w3.eth.get_block("latest")["timestamp"] + 1_000)
    first = own.submit(txs)
    own.revert(point)
    own.set_time(own.w3.eth.get_block("latest")["timestamp"] + 1_000)
    second = own.submit(txs)
    assert (first.number, first.timestamp, first.fingerprint) == (second.number, second.timestamp, second.fingerprint)
    assert first.state_root == second.state_root


def test_many_snapshots_leave_room_for_deep_calls(own: Chain, probe: str) -> None:
    points = [own.snapshot() for _ in range(1_100)]
    sender = who(own, "agent:15")
    assert own.submit([Tx(sender, probe, fn("viaSelf", 3))]).ok.all()
    own.revert(points[0])
    assert stored(own, probe) == 0


def test_time_is_what_we_say(own: Chain, probe: str) -> None:
    last = own.submit([]).timestamp
    own.set_time(last + 86_400)
    block = own.submit([Tx(who(own), probe, fn("environment"))])
    assert block.timestamp == last + 86_400
    assert own.submit([]).timestamp == last + 86_401  # one second later where nothing was said
    for wrong in (last + 86_401, last, 0):
        with pytest.raises(ChainError, match="time must grow"):
            own.set_time(wrong)


def test_time_can_be_set_on_a_development_node(chain: Chain, probe: str) -> None:
    later = chain.w3.eth.get_block("latest")["timestamp"] + 500_000
    chain.set_time(later)
    block = chain.submit([Tx(who(chain), probe, fn("environment"))])
    assert contracts()["Probe"].event("Environment").decode(block.logs)["timestamp"].tolist() == [later]
    assert block.timestamp == later


def test_the_environment_of_a_transaction(own: Chain, probe: str) -> None:
    sender = who(own, "agent:16")
    block = own.submit([Tx(sender, probe, fn("environment"))])
    seen = contracts()["Probe"].event("Environment").decode(block.logs)
    assert seen["number"].tolist() == [block.number]
    assert seen["timestamp"].tolist() == [block.timestamp]
    assert seen["chain"].tolist() == [31337]
    assert seen["fee"].tolist() == [0]
    assert seen["limit"].tolist() == [BLOCK_GAS]
    assert not seen["coinbase"].any()
    origin = contracts()["Probe"].event("Origin").decode(block.logs)
    assert origin["origin"].tobytes() == origin["sender"].tobytes() == bytes.fromhex(sender[2:])
    assert origin["price"].tolist() == [0]


def test_an_empty_block_is_a_block(chain: Chain) -> None:
    height = chain.height
    block = chain.submit([])
    assert (block.number, chain.height, len(block.ok), len(block.logs)) == (height + 1, height + 1, 0, 0)


def test_web3_deploys_sends_reads_and_finds_logs(chain: Chain) -> None:
    w3, artifact = chain.w3, contracts()["Probe"]
    fingerprint = chain.fingerprint()
    made = w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
    receipt = w3.eth.wait_for_transaction_receipt(made.constructor().transact())
    probe = w3.eth.contract(receipt["contractAddress"], abi=artifact.abi)
    sent = probe.functions.store(5).transact()
    receipt = w3.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 1
    assert receipt["blockNumber"] == chain.height == w3.eth.block_number
    [event] = probe.events.Stored().process_receipt(receipt)
    assert event["args"]["value"] == 5
    assert probe.functions.stored().call() == 5
    [found] = probe.events.Stored.get_logs(from_block=chain.height)
    assert found["transactionHash"] == sent
    assert w3.eth.get_transaction(sent)["from"] == w3.eth.default_account
    assert sent in w3.eth.get_block("latest")["transactions"]
    with pytest.raises(Exception, match="not today"):
        probe.functions.refuseInWords().call()
    to = Web3.to_checksum_address(who(chain, "agent:17"))
    w3.eth.send_transaction({"to": to, "value": w3.to_wei(1, "ether"), "gas": 21_000})
    assert w3.eth.get_balance(to) == 10**18
    assert w3.eth.chain_id == chain.chain_id
    assert chain.fingerprint() != fingerprint  # such blocks count too
    assert chain.submit([Tx(who(chain), str(probe.address).lower(), fn("store", 6))]).ok.all()


def test_fingerprints_are_equal_on_all_engines() -> None:
    def play(chain: Chain) -> list[Block]:
        probe, factory = deploy(chain, "Probe"), deploy(chain, "Factory")
        names = [who(chain, f"agent:{i}") for i in range(10)]
        draw = random.Random(3)
        blocks = []
        for tick in range(4):
            chain.set_time(GENESIS + 86_400 * (1 + tick))
            txs = []
            for _ in range(60):
                data = draw.choice(
                    [
                        fn("store", draw.randrange(2**256)),
                        fn("refuse", 1),
                        fn("logs", draw.randbytes(draw.randrange(100))),
                        fn("spin"),
                        fn("silent"),
                        fn("lockTwice"),
                    ]
                )
                gas = 40_000 if data == fn("spin") else 200_000  # Hardhat tells every step of a failure
                txs.append(Tx(draw.choice(names), probe, data, gas=gas))
            txs += [Tx(names[0], factory, contracts()["Factory"].fn("make")(n)) for n in (1, 13)]
            txs.append(Tx(names[1], None, contracts()["Child"].creation(tick)))
            blocks.append(chain.submit(txs))
        return blocks

    played: dict[str, list[Block]] = {}
    for name in ENGINES:
        with open_engine(name) as chain:
            played[name] = play(chain)
            assert chain.fingerprint()[:32] == played[name][-1].fingerprint
    for other in ENGINES[1:]:
        for ours, theirs in zip(played["anvil"], played[other], strict=True):
            assert ours.ok.tolist() == theirs.ok.tolist()
            assert ours.output == theirs.output
            assert ours.created == theirs.created
            assert ours.fingerprint == theirs.fingerprint
    used = {name: [b.gas_used.tolist() for b in played[name] if b.gas_used is not None] for name in ENGINES}
    assert used["anvil"] == used["hardhat"] == used["rpc"]
    assert used["revm"] == []
