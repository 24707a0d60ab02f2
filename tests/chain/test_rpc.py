"""Somebody else's node: nothing is sent that was not meant, and what was meant arrives."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
import websockets.sync.server

from terrarium.chain.accounts import ACCOUNT, DEV_MNEMONIC, MNEMONIC, dev_accounts, mnemonic_accounts
from terrarium.chain.anvil import AnvilChain
from terrarium.chain.engines import open_chain
from terrarium.chain.jsonrpc import Refused, RpcError, connect
from terrarium.chain.rpc import RpcChain, is_local
from terrarium.chain.types import Call, Chain, Tx
from terrarium.errors import ChainError, InputError
from tests.chain.engines import FREE, contracts, deploy, strange_hardhat, stranger


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (MNEMONIC, ACCOUNT):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def server(answer: Callable[[Any], bytes]) -> Iterator[tuple[str, list[Any]]]:
    """A web server that answers as told, and what it was asked."""
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(question)
            body = answer(question)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}", asked
        web.shutdown()


def node_with(chain_id: int) -> Callable[[Any], bytes]:
    def answer(question: Any) -> bytes:
        block = {"number": "0x1", "timestamp": "0x1", "stateRoot": "0x" + "00" * 32, "gasLimit": "0xfffffff"}
        results = {"eth_chainId": hex(chain_id), "web3_clientVersion": "Geth/1", "eth_getBlockByNumber": block}
        return orjson.dumps({"jsonrpc": "2.0", "id": question["id"], "result": results[question["method"]]})

    return answer


@pytest.mark.parametrize("chain_id", [1, 5, 11155111])
def test_a_chain_that_was_not_named_is_refused_before_anything_is_sent(chain_id: int) -> None:
    with server(node_with(chain_id)) as (url, asked):
        with pytest.raises(InputError, match=f"chain id {chain_id} is not allowed"):
            open_chain("rpc", url=url)
        assert {question["method"] for question in asked} == {"eth_chainId", "web3_clientVersion"}


def test_a_chain_that_was_named_wants_keys() -> None:
    with server(node_with(11155111)) as (url, _):
        with pytest.raises(InputError, match=MNEMONIC):
            open_chain("rpc", url=url, allowed_chain_ids=[11155111])
        chain = RpcChain(url, allowed_chain_ids=[11155111], accounts=dev_accounts())
        assert chain.chain_id == 11155111
        chain.close()


def test_to_read_takes_neither_permission_nor_keys() -> None:
    with server(node_with(1)) as (url, asked), open_chain("rpc", url=url, read_only=True) as chain:
        assert chain.height == 1
        with pytest.raises(ChainError, match="read only"):
            chain.submit([Tx(chain.accounts.address("deployer"), None, b"\0")])
        with pytest.raises(Exception, match="read only"):
            chain.w3.eth.send_transaction({"to": chain.w3.eth.default_account, "value": 0, "gas": 21_000})
        assert not [q for q in asked if "send" in q["method"].lower()]


def test_a_local_chain_id_elsewhere_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terrarium.chain.rpc.is_local", lambda _: False)
    with server(node_with(31337)) as (url, _):
        with pytest.raises(InputError, match="not on this machine"):
            RpcChain(url, accounts=dev_accounts())
        RpcChain(url, accounts=dev_accounts(), allowed_chain_ids=[31337]).close()


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8545", True),
        ("ws://127.8.8.8", True),
        ("http://localhost:1/x", True),
        ("http://[::1]:8545", True),
        ("/tmp/anvil.ipc", True),
        ("ipc:///tmp/anvil.ipc", True),
        ("http://10.0.0.1:8545", False),
        ("https://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://0.0.0.0:8545", False),
    ],
)
def test_what_counts_as_this_machine(url: str, local: bool) -> None:
    assert is_local(url) is local


@pytest.mark.parametrize(
    "answer",
    [b"<html>hello</html>", b"[]", b"{}", b'{"jsonrpc":"2.0","id":0,"result":"ten"}', b'{"id":0,"error":{"code":1}}'],
)
def test_a_url_that_is_no_node_is_said_to_be_none(answer: bytes) -> None:
    with server(lambda _: answer) as (url, _), pytest.raises(InputError, match="no EVM node"):
        open_chain("rpc", url=url)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "ws://127.0.0.1:1", "/no/such/socket", "ftp://127.0.0.1", "http://", "http://[", "", "x:y"],
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="url"):
        open_chain("rpc", url=url)


@pytest.mark.parametrize("flags", [(), ("--no-mining",), FREE, ("--block-time", "1")])
def test_accounts_without_gas_are_topped_up(flags: tuple[str, ...]) -> None:
    with stranger(*flags) as url, open_chain("rpc", url=url) as chain:
        assert chain.accounts.address("deployer") == mnemonic_accounts(DEV_MNEMONIC).address("deployer")
        play(chain)


def test_chains_without_eip_1559_are_paid_the_old_way() -> None:
    with stranger("--hardfork", "berlin", "--gas-price", "7") as url, open_chain("rpc", url=url) as chain:
        agent = chain.accounts.address("agent:1")
        assert chain.submit([Tx(agent, agent, b"", gas=21_000)]).ok.all()
        assert chain.w3.eth.get_block("latest", True)["transactions"][0]["gasPrice"] == 7
        assert chain.balance(agent) == 19 * 7 * 21_000  # topped up with twenty times what it took


def test_hardhat_with_its_usual_settings_does_too() -> None:
    with strange_hardhat() as url, open_chain("rpc", url=url) as chain:
        play(chain)


def play(chain: Chain) -> None:
    child = contracts()["Child"]
    agents = [chain.accounts.address(f"agent:{i}") for i in range(3)]
    block = chain.submit([Tx(agent, None, child.creation(12 + i), gas=200_000) for i, agent in enumerate(agents)])
    assert block.ok.tolist() == [True, False, True]
    assert block.output[1].endswith(b"unlucky" + bytes(25))
    assert sorted(block.created) == [0, 2]
    assert block.number == chain.height
    before = [chain.balance(agent) for agent in agents]
    assert chain.submit([Tx(agent, agent, b"", gas=21_000) for agent in agents]).ok.all()
    after = [chain.balance(agent) for agent in agents]
    assert all(0 <= b - a < 10**16 for b, a in zip(before, after, strict=True))  # nobody was topped up again


def test_a_node_that_mines_at_once_is_held_back_meanwhile_and_no_longer() -> None:
    with stranger(*FREE) as url, RpcChain(url) as chain:
        agents = [chain.accounts.address(f"agent:{i}") for i in range(50)]
        assert chain.submit([Tx(agent, agent, b"", gas=21_000) for agent in agents]).number == 1
        assert chain.rpc.ask("anvil_getAutomine") is True
        with pytest.raises(ChainError, match="was refused"):
            chain.submit([Tx(agents[0], agents[1], b"", 10**18)])
        assert chain.rpc.ask("anvil_getAutomine") is True


def test_what_does_not_fit_into_a_block_comes_in_the_next() -> None:
    with stranger(*FREE, "--gas-limit", "100000") as url, RpcChain(url) as chain:
        agents = [chain.accounts.address(f"agent:{i}") for i in range(10)]
        block = chain.submit([Tx(agent, agent, b"", gas=21_000) for agent in agents])
        assert block.ok.all()
        assert block.number == chain.height == 3  # four and four and two


def test_a_poor_deployer_is_told_what_it_takes() -> None:
    with stranger() as url, RpcChain(url, accounts=dev_accounts()) as chain:
        agent = chain.accounts.address("agent:1")
        with pytest.raises(ChainError, match=r"the deployer 0x\w+ holds 0 wei, but gas for 1 senders takes"):
            chain.submit([Tx(agent, agent, b"")])


def test_a_sender_without_a_key_is_named() -> None:
    with (
        stranger() as url,
        open_chain("rpc", url=url) as chain,
        pytest.raises(ChainError, match="transaction 1: no key"),
    ):
        chain.submit([Tx(chain.accounts.address("deployer"), None, b"\0"), Tx("0x" + "11" * 20, None, b"\0")])


def test_a_refused_transaction_says_how_many_went_before() -> None:
    with stranger(*FREE) as url, open_chain("rpc", url=url) as chain:
        deployer, agent = chain.accounts.address("deployer"), chain.accounts.address("agent:1")
        with pytest.raises(ChainError, match=r"transaction 1 .*was refused.*the 1 before it were sent"):
            chain.submit([Tx(deployer, agent, b""), Tx(agent, deployer, b"", 10**18)])
        assert chain.submit([Tx(deployer, agent, b"")]).ok.all()


def test_a_node_that_does_not_mine_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RpcChain, "_mines_itself", lambda _: True)
    with stranger("--no-mining") as url, RpcChain(url, patience=0.2) as chain:
        txs = [Tx(chain.accounts.address("deployer"), None, b"\0")]
        with pytest.raises(ChainError, match=r"1 of 1 transactions were not mined within 0.2 s; the first is 0x"):
            chain.submit(txs)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    with stranger() as url, RpcChain(url, progress=lambda *done: told.append(done)) as chain:
        deployer = chain.accounts.address("deployer")
        chain.submit([Tx(deployer, deployer, b"")] * 3)
    assert told[-1] == (3, 3)


@pytest.mark.parametrize("scheme", ["http", "ws", "ipc"])
def test_every_way_to_a_node_works(scheme: str) -> None:
    with AnvilChain() as own:
        probe = deploy(own, "Probe")
        url = str(own.node.folder / "ipc") if scheme == "ipc" else f"{scheme}://127.0.0.1:{own.node.port}"
        with open_chain("rpc", url=url) as chain:
            assert chain.height == 1
            assert chain.call([Call(probe, contracts()["Probe"].fn("stored")())]) == [bytes(32)]
            assert chain.code(probe) == own.code(probe)
            assert chain.rpc.ask("eth_getBlockByNumber", "0x1", True)["transactions"]  # type: ignore[attr-defined]
            long = [("eth_getCode", (probe, "latest"))] * 500
            assert len(chain.rpc.batch(long)) == 500  # type: ignore[attr-defined]


def test_errors_of_a_node_keep_their_words() -> None:
    with stranger() as url:
        rpc = connect(url)
        with pytest.raises(Refused, match="eth_what: the node answered: ") as caught:
            rpc.ask("eth_what")
        assert caught.value.error.code == -32601
        good, bad = rpc.batch([("eth_chainId", ()), ("eth_what", ())])
        assert good == "0x7a69"
        assert isinstance(bad, RpcError)
        rpc.close()


@pytest.mark.parametrize(
    "answer", [b"", b"not json", b'{"jsonrpc":"2.0","error":{"code":1,"message":"too many"}}', b"[]"]
)
def test_a_batch_that_goes_wrong_is_an_error(answer: bytes) -> None:
    with server(lambda _: answer) as (url, _):
        rpc = connect(url)
        with pytest.raises(ChainError, match=url):
            rpc.batch([("eth_chainId", ())])
        rpc.close()


def test_a_socket_that_hangs_up_is_an_error() -> None:
    with websockets.sync.server.serve(lambda connection: connection.close(), "127.0.0.1", 0) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        rpc = connect(f"ws://127.0.0.1:{web.socket.getsockname()[1]}")
        with pytest.raises(ChainError, match="does not answer"):
            rpc.ask("eth_chainId")
        rpc.close()
        web.shutdown()
