"""The nodes we start: ours, on loopback, deterministic, and gone when we are."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from terrarium.chain import anvil, hardhat, node
from terrarium.chain.anvil import AnvilChain
from terrarium.chain.engines import open_chain
from terrarium.chain.hardhat import HardhatChain
from terrarium.chain.types import Tx
from terrarium.errors import ChainError, InputError, ToolError
from tests.chain.engines import contracts, deploy

ROOT = Path(__file__).parents[2]
PLAY = """
import random
from terrarium.chain.engines import open_chain
from terrarium.chain.types import Tx
with open_chain({engine!r}) as chain:
    draw, deployer = random.Random(1), chain.accounts.address("deployer")
    names = [chain.accounts.address(f"agent:{{i}}") for i in range(50)]
    for tick in range(5):
        chain.set_time(1_800_000_000 + 86_400 * tick)
        txs = [Tx(deployer, draw.choice(names), b"", 10**15 + i) for i in range(100)]
        block = chain.submit(txs + [Tx(name, None, bytes.fromhex("600160005560016000f3")) for name in names[:20]])
        print(block.number, block.state_root and block.state_root.hex(), block.fingerprint.hex())
    head = chain.w3.eth.get_block("latest")
    print(head["hash"].hex(), head["mixHash"].hex())
"""
OPEN = """
import sys, time
from terrarium.chain.{module} import {name}
chain = {name}()
print(chain.node.process.pid, flush=True)
{then}
"""


def run(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def gone(pid: int, within: float = 5.0) -> bool:
    """Whether the process has ended (a zombie has)."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("engine", ["anvil", "hardhat"])
def test_two_processes_give_the_same_state_roots(engine: str) -> None:
    both = [run(PLAY.format(engine=engine)) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert outputs[0] == outputs[1]
    assert outputs[0].count("\n") == 6
    assert "None" not in outputs[0]


@pytest.mark.parametrize(("module", "name"), [("anvil", "AnvilChain"), ("hardhat", "HardhatChain")])
@pytest.mark.parametrize(
    ("then", "how"),
    [
        ("time.sleep(60)", signal.SIGKILL),
        ("time.sleep(60)", signal.SIGTERM),
        ("time.sleep(60)", signal.SIGINT),
        ("sys.exit(3)", None),
        ("raise RuntimeError", None),
    ],
)
def test_no_node_outlives_us(module: str, name: str, then: str, how: signal.Signals | None) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN.format(module=module, name=name, then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    try:
        assert how is None or not gone(pid, 0.05)
        if how:
            process.send_signal(how)
        process.wait(20)
        assert gone(pid)
    finally:
        process.stdout.close()


def test_a_forked_copy_of_us_does_not_take_the_node_along() -> None:
    with AnvilChain() as chain:
        pid = os.fork()
        if pid == 0:
            chain.node.stop()
            os._exit(0)
        os.waitpid(pid, 0)
        assert chain.submit([]).number == 1


def test_a_node_outlives_the_thread_that_asked_for_it() -> None:
    opened: list[AnvilChain] = []
    thread = threading.Thread(target=lambda: opened.append(AnvilChain()))
    thread.start()
    thread.join()
    time.sleep(0.2)
    with opened[0] as chain:
        assert chain.submit([]).number == 1


def test_the_watchdog_kills_where_the_kernel_does_not() -> None:
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    command = [sys.executable, "-I", "-S", "-c", node.WATCHDOG, str(victim.pid)]
    dog = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert dog.stdin is not None
    time.sleep(0.2)
    assert victim.poll() is None
    dog.stdin.close()  # as when we die
    assert victim.wait(5) == -signal.SIGKILL
    assert dog.wait(5) == 0


def test_elsewhere_than_on_linux_the_watchdog_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node.sys, "platform", "darwin")
    chain = AnvilChain()
    monkeypatch.undo()
    dog = chain.node._watchdog
    assert dog is not None
    assert dog.poll() is None
    chain.close()
    assert dog.poll() is not None
    assert chain.node.process.poll() is not None


def test_nodes_listen_on_loopback_only() -> None:
    for chain in (AnvilChain(), HardhatChain()):
        with chain:
            sockets = psutil.Process(chain.node.process.pid).net_connections(kind="inet")
            assert {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
            assert chain.url == f"http://127.0.0.1:{chain.node.port}"
            assert oct(chain.node.folder.stat().st_mode)[-3:] == "700"


def test_chains_side_by_side_are_separate() -> None:
    with AnvilChain() as one, AnvilChain() as two:
        assert one.node.port != two.node.port
        one.submit([])
        assert (one.height, two.height) == (1, 0)


@pytest.mark.parametrize("make", [AnvilChain, HardhatChain])
def test_a_port_taken_meanwhile_is_no_matter(make: Callable[[], AnvilChain], monkeypatch: pytest.MonkeyPatch) -> None:
    free = node.free_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = [other.getsockname()[1]]
        monkeypatch.setattr(node, "free_port", lambda: taken.pop() if taken else free())
        with make() as chain:
            assert chain.node.port != other.getsockname()[1]
            assert chain.submit([]).number == 1
    assert not taken


def test_a_node_that_dies_is_said_to_have_died() -> None:
    with AnvilChain() as chain:
        probe = deploy(chain, "Probe")
        tx = Tx(chain.accounts.address("agent:1"), probe, contracts()["Probe"].fn("store")(1))
        chain.submit([tx])
        chain.node.process.kill()
        chain.node.process.wait()
        with pytest.raises(ChainError, match=r"anvil died \(exit code -9\)"):
            chain.submit([tx])


def test_a_closed_chain_says_so_and_closes_again() -> None:
    chain = AnvilChain()
    folder = chain.node.folder
    chain.close()
    chain.close()
    assert not folder.exists()
    with pytest.raises(ChainError, match="closed"):
        chain.submit([])


def test_a_node_that_does_not_start_leaves_its_last_words() -> None:
    words = "import sys; sys.exit('no such flag')"
    with pytest.raises(ToolError, match="thing did not start: no such flag"):
        node.start(lambda *_: [sys.executable, "-c", words], lambda _: False, "thing")
    with pytest.raises(ToolError, match="does not answer"):
        node.start(lambda *_: ["/bin/sleep", "60"], lambda _: False, "thing", timeout=0.3)
    with pytest.raises(ToolError, match="thing did not start"):
        node.start(lambda *_: ["/no/such/program"], lambda _: True, "thing")


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for module in (anvil, hardhat):
        monkeypatch.setattr(module, "__file__", str(tmp_path / "module.py"))
    with pytest.raises(ToolError, match="make setup"):
        open_chain("anvil")
    with pytest.raises(ToolError, match="Node"):
        open_chain("hardhat")
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    with pytest.raises(ToolError, match="Hardhat is not installed"):
        open_chain("hardhat")


def test_an_anvil_on_path_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "anvil"
    program.write_text("#!/bin/sh\necho 'I am old' >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert anvil.find_anvil() == str(program)
    with pytest.raises(ToolError, match="I am old"):
        AnvilChain()


def test_an_unknown_engine_or_a_url_out_of_place_is_refused() -> None:
    with pytest.raises(InputError, match="there is no 'geth'"):
        open_chain("geth")
    with pytest.raises(InputError, match="takes no URL"):
        open_chain("anvil", url="http://127.0.0.1:8545")
    with pytest.raises(InputError, match="needs the URL"):
        open_chain("rpc")


def test_many_transactions_of_one_sender_and_large_messages_keep_their_order() -> None:
    with AnvilChain() as chain:
        sized, sender = contracts()["Sized"], chain.accounts.address("agent:1")
        big = sized.bytecode + bytes(40_000) + (100).to_bytes(32, "big")
        block = chain.submit([Tx(sender, None, big, gas=8_000_000) for _ in range(60)])
        assert block.ok.all()
        assert len(set(block.created.values())) == 60


def test_gas_can_be_left_out() -> None:
    with AnvilChain(gas=False) as chain:
        probe, sender = deploy(chain, "Probe"), chain.accounts.address("agent:1")
        datas = [contracts()["Probe"].fn(name)() for name in ("silent", "refuseBare", "silent")]
        block = chain.submit([Tx(sender, probe, data) for data in datas])
        assert block.ok.tolist() == [True, False, True]
        assert block.gas_used is None
