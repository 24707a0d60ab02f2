"""A node as our child process: starts on a free loopback port, proves to be ours, and dies with us whatever kills
us."""

from __future__ import annotations

import atexit
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple, TypeAlias

import psutil

from terrarium.errors import ToolError

ATTEMPTS = 5  # another program may take the free port between our look and the child's start

# The child becomes the node by exec, so it keeps its pid. Done by a fresh interpreter rather than in a forked copy of
# ours, which could deadlock on locks that other threads held. If we are gone before the signal is armed, it notices
# that its parent has changed.
LAUNCHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
# Where there is no prctl: outlive the parent for the moment it takes to kill the node. Its stdin ends when the parent
# does.
WATCHDOG = """
import os, signal, sys
sys.stdin.buffer.read()
try:
    os.kill(int(sys.argv[1]), signal.SIGKILL)
except OSError:
    pass
"""


class Node:
    """A running child. ``folder`` is private to us: the IPC socket, the log and the configuration live there."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, folder: Path, log: Path) -> None:
        self.process = process
        self.port = port
        self.folder = folder
        self.log = log
        self._owner = os.getpid()
        self._watchdog: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    @property
    def url(self) -> str:
        """HTTP and WebSocket address, without the scheme's ``http``: put that or ``ws`` before it."""
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        """Whether the child still runs."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """The end of what the child wrote, for an error message."""
        text = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        return " | ".join(text.splitlines()[-5:])[-800:]

    def listens(self) -> bool:
        """Whether it is this child, and nobody else, that listens on its port."""
        try:
            sockets = psutil.Process(self.process.pid).net_connections(kind="tcp")
        except psutil.Error:
            return False
        return any(s.status == psutil.CONN_LISTEN and s.laddr == ("127.0.0.1", self.port) for s in sockets)

    def stop(self) -> None:
        """End the child and remove its folder. Does nothing the second time, or in a forked copy of the process that
        started it."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        if self._watchdog:
            self._watchdog.kill()
            self._watchdog.communicate()
            self._watchdog = None
        if self.alive():
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def watch(self) -> None:
        """Have a watchdog kill the child when we die, where the kernel does not."""
        if sys.platform != "linux":
            command = [sys.executable, "-I", "-S", "-c", WATCHDOG, str(self.process.pid)]
            self._watchdog = subprocess.Popen(command, stdin=subprocess.PIPE)


def start(
    command: Callable[[int, Path], Sequence[str]],
    ready: Callable[[Node], bool],
    name: str,
    timeout: float = 30.0,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Node:
    """Start a node. ``command`` gives the program and its arguments for a port and a private folder; ``ready`` says
    whether it answers.

    Raises `ToolError` with the node's last words when it ends, or stays silent for ``timeout`` seconds.
    """
    words = ""
    for _ in range(ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix="terrarium-"))
        port = free_port()
        log = folder / "log"
        try:
            process = _spawn(_Order(command(port, folder), log, cwd, environment))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise ToolError(f"{name} did not start: {error}") from error
        node = Node(process, port, folder, log)
        try:
            node.watch()
            deadline = time.monotonic() + timeout
            while node.alive() and time.monotonic() < deadline:
                if ready(node):
                    if node.listens():
                        return node
                    break  # somebody else answers on this port
                time.sleep(0.003)
            words = node.last_words() or ("it does not answer" if node.alive() else "it said nothing")
            taken = not node.alive() and ("in use" in words.lower() or "eaddrinuse" in words.lower())
            if not taken and not (node.alive() and time.monotonic() < deadline):
                break
        except BaseException:
            node.stop()
            raise
        node.stop()
    node.stop()
    raise ToolError(f"{name} did not start: {words}")


def free_port() -> int:
    """A loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Order(NamedTuple):
    """What the spawner is asked to start."""

    command: Sequence[str]
    log: Path
    cwd: Path | None
    environment: Mapping[str, str] | None


_Orders: TypeAlias = "queue.SimpleQueue[tuple[_Order, Future[subprocess.Popen[bytes]]]]"
_lock = threading.Lock()
_spawners: dict[int, _Orders] = {}  # by process: a forked one needs its own


def _spawn(order: _Order) -> subprocess.Popen[bytes]:
    """Start a child from the thread that lives as long as we do."""
    with _lock:
        orders = _spawners.get(os.getpid())
        if orders is None:
            orders = _spawners[os.getpid()] = queue.SimpleQueue()
            threading.Thread(target=_serve, args=(orders,), name="terrarium-spawner", daemon=True).start()
    done: Future[subprocess.Popen[bytes]] = Future()
    orders.put((order, done))
    return done.result()


def _serve(orders: _Orders) -> None:
    """Start children for ever. Linux sends the death signal when the *thread* that started a child ends, so that must
    not be a passing one."""
    while True:
        order, done = orders.get()
        command = order.command
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *command]
        try:
            with order.log.open("wb") as out:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    cwd=order.cwd,
                    env=None if order.environment is None else dict(order.environment),
                    start_new_session=True,  # Ctrl-C in the terminal is for us; we decide when the node goes
                )
            done.set_result(process)
        except Exception as error:  # noqa: BLE001 - whoever waits for the child gets it
            done.set_exception(error)
