"""What only the in-process engine has to watch: pyrevm's journal, and playing a node for web3.py."""

from __future__ import annotations

import gc

import psutil
import pytest
from eth_account import Account
from web3 import Web3
from web3.exceptions import BlockNotFound, TransactionNotFound, Web3RPCError

from terrarium.chain import revm
from terrarium.chain.engines import open_chain
from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Call, Tx
from terrarium.errors import ChainError
from tests.chain.engines import contracts, deploy


def store(value: int) -> bytes:
    return contracts()["Probe"].fn("store")(value)


def test_an_interrupted_block_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = RevmChain()
    probe, sender = deploy(chain, "Probe"), chain.accounts.address("agent:1")
    before = chain.fingerprint()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    txs = [Tx(sender, probe, store(1)), Tx(sender, probe, store(2))]
    with monkeypatch.context() as patch:
        patch.setattr(revm, "log_columns", interrupt)
        with pytest.raises(KeyboardInterrupt):
            chain.submit(txs)
    assert (chain.height, chain.nonce(sender), chain.fingerprint()) == (1, 0, before)
    assert chain.call([Call(probe, contracts()["Probe"].fn("stored")())]) == [bytes(32)]
    assert chain.submit(txs).ok.all()


def test_a_creation_after_calls_stands_where_a_node_would_put_it() -> None:
    with RevmChain() as chain, open_chain("anvil") as anvil:
        for each in (chain, anvil):
            sender, probe = each.accounts.address("agent:1"), deploy(each, "Probe")
            point = each.snapshot()
            each.submit([Tx(sender, None, contracts()["Child"].creation(1))])
            each.revert(point)
            each.submit([Tx(sender, probe, store(1))] * 3)
        code = contracts()["Child"].creation(1)
        txs = [Tx(chain.accounts.address("agent:1"), None, code), Tx(chain.accounts.address("agent:1"), None, code)]
        assert chain.submit(txs).created == anvil.submit(txs).created


def test_ether_survives_a_creation_with_a_nonce_set() -> None:
    chain = RevmChain()
    deployer, agent = chain.accounts.address("deployer"), chain.accounts.address("agent:1")
    chain.submit([Tx(deployer, agent, b"", 100), Tx(agent, deployer, b"", 1), Tx(agent, deployer, b"", 1)])
    block = chain.submit([Tx(agent, None, contracts()["Child"].creation(1), 8)])
    assert (chain.balance(agent), chain.balance(block.created[0]), chain.nonce(agent)) == (90, 8, 3)


def test_memory_per_transaction_is_bounded() -> None:
    chain = RevmChain()
    probe, sender = deploy(chain, "Probe"), chain.accounts.address("agent:1")
    txs = [Tx(sender, probe, store(i)) for i in range(1_000)]
    for _ in range(revm.KEPT // 1_000):  # until blocks are forgotten
        chain.submit(txs)
    gc.collect()
    before = psutil.Process().memory_info().rss
    for _ in range(20):
        chain.submit(txs)
    gc.collect()
    assert (psutil.Process().memory_info().rss - before) / 20_000 < 3_000
    assert sum(len(mined.txs) for mined in chain.recent) <= revm.KEPT


def test_old_blocks_are_forgotten_by_web3_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revm, "KEPT", 10)
    chain = RevmChain()
    w3, deployer = chain.w3, chain.accounts.address("deployer")
    assert w3.eth.get_block(0)["timestamp"] == chain.genesis
    first = w3.eth.send_transaction({"to": w3.eth.default_account, "value": 1})
    assert w3.eth.get_transaction_receipt(first)["status"] == 1
    chain.submit([Tx(deployer, deployer, b"")] * 30)
    assert len(w3.eth.get_block("latest")["transactions"]) == 30
    with pytest.raises(TransactionNotFound):
        w3.eth.get_transaction(first)
    with pytest.raises(BlockNotFound):
        w3.eth.get_block(1)


def test_web3_sees_blocks_logs_and_storage() -> None:
    chain = RevmChain()
    w3, probe = chain.w3, deploy(chain, "Probe")
    address = Web3.to_checksum_address(probe)
    agents = [chain.accounts.address(f"agent:{i}") for i in range(3)]
    block = chain.submit([Tx(agent, probe, store(i)) for i, agent in enumerate(agents)])
    seen = w3.eth.get_block(block.number, full_transactions=True)
    assert [tx["from"].lower() for tx in seen["transactions"]] == agents  # type: ignore[index, union-attr]
    assert w3.eth.get_block(seen["hash"])["number"] == block.number
    assert w3.eth.get_block(block.number)["parentHash"] == w3.eth.get_block(block.number - 1)["hash"]
    event = w3.eth.contract(address, abi=contracts()["Probe"].abi).events.Stored
    found = event.get_logs(from_block=0, argument_filters={"by": Web3.to_checksum_address(agents[1])})
    assert [log["args"]["value"] for log in found] == [1]
    assert len(w3.eth.get_logs({"blockHash": seen["hash"]})) == 3
    assert w3.eth.get_logs({"fromBlock": 0, "address": w3.eth.default_account}) == []
    assert int.from_bytes(w3.eth.get_storage_at(address, 0)) == 2
    assert w3.eth.get_code(address) == chain.code(probe)
    assert w3.eth.get_transaction_count(Web3.to_checksum_address(agents[0])) == 1


def test_web3_snapshots_mines_and_sets_time() -> None:
    for engine in ("revm", "anvil"):
        with open_chain(engine) as chain:
            ask = chain.w3.provider.make_request
            taken = ask("evm_snapshot", [])["result"]  # type: ignore[arg-type]
            ask("evm_setNextBlockTimestamp", [2_000_000_000])  # type: ignore[arg-type]
            ask("evm_mine", [])  # type: ignore[arg-type]
            assert chain.w3.eth.get_block("latest")["timestamp"] == 2_000_000_000
            assert chain.height == 1
            assert ask("evm_revert", [taken])["result"] is True  # type: ignore[arg-type]
            assert chain.height == chain.w3.eth.block_number == 0


@pytest.mark.parametrize("engine", ["revm", "anvil"])
@pytest.mark.parametrize("fees", [{"gasPrice": 0}, {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}])
def test_signed_transactions_are_taken(engine: str, fees: dict[str, int]) -> None:
    with open_chain(engine) as chain:
        probe, sender = deploy(chain, "Probe"), chain.accounts.address("agent:1")
        fields = {"to": Web3.to_checksum_address(probe), "value": 0, "gas": 200_000, "nonce": 0, "chainId": 31337}
        raw = Account.sign_transaction(fields | fees | {"data": store(3)}, chain.accounts.key("agent:1"))
        sent = chain.w3.eth.send_raw_transaction(raw.raw_transaction)
        assert chain.w3.eth.get_transaction_receipt(sent)["status"] == 1
        assert (chain.nonce(sender), chain.height) == (1, 2)
        with pytest.raises(Web3RPCError):
            chain.w3.eth.send_raw_transaction(raw.raw_transaction)  # the nonce is used up
        assert chain.submit([Tx(sender, probe, store(4))]).ok.all()


def test_what_the_engine_does_not_know_is_said() -> None:
    with pytest.raises(Web3RPCError, match="does not know eth_feeHistory"):
        RevmChain().w3.eth.fee_history(1, "latest")


def test_a_sender_with_code_is_refused() -> None:
    chain = RevmChain()
    probe = deploy(chain, "Probe")
    with pytest.raises(ChainError, match="its sender is a contract"):
        chain.submit([Tx(probe, probe, store(1))])
