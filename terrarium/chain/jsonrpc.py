"""JSON-RPC to one node over a Unix socket, HTTP or WebSocket: one question, one answer, whole batches at once.

One connection, used by one thread at a time (two were slower than one). Not for subscriptions.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import orjson

from terrarium.errors import ChainError, InputError

Question = tuple[str, Sequence[Any]]  # method, parameters
HEADERS = {"Content-Type": "application/json"}


class RpcError(NamedTuple):
    """The node's refusal of one question of a batch."""

    code: int
    message: str
    data: Any = None

    def output(self) -> bytes | None:
        """Revert data in the error, wherever this node puts it; None where there is none."""
        data = self.data
        while isinstance(data, dict):
            data = next((data[key] for key in ("data", "result", "output") if key in data), None)
        if isinstance(data, str) and data.startswith("0x"):
            with contextlib.suppress(ValueError):
                return bytes.fromhex(data[2:])
        return None


class Refused(ChainError):
    """The node answered a single question with an error, kept in ``error``."""

    def __init__(self, method: str, error: RpcError) -> None:
        super().__init__(f"{method}: the node answered: {error.message}")
        self.error = error


class Transport(Protocol):
    """Carries one message to the node and its answer back, parsed."""

    def exchange(self, message: bytes) -> Any: ...
    def close(self) -> None: ...


class UnixTransport:
    """A node's IPC socket."""

    def __init__(self, path: str, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise

    def exchange(self, message: bytes) -> Any:
        """Nodes send no length and not all of them a newline: the answer is complete when it parses."""
        self._socket.sendall(message)
        answer = bytearray()
        while True:
            chunk = self._socket.recv(1 << 20)
            if not chunk:
                raise ConnectionError("the node closed the connection")
            answer += chunk
            if chunk.rstrip()[-1:] in (b"]", b"}"):
                with contextlib.suppress(orjson.JSONDecodeError):
                    return orjson.loads(answer)

    def close(self) -> None:
        self._socket.close()


class HttpTransport:
    """A node's HTTP address; one connection kept alive."""

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def exchange(self, message: bytes) -> Any:
        if self._connection.sock is None:
            self._connection.connect()  # http.client itself turns off Nagle's delay
        self._connection.request("POST", self._path, message, HEADERS)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200 and not body.lstrip().startswith((b"{", b"[")):
            raise ConnectionError(f"HTTP {answer.status} {answer.reason}")
        return orjson.loads(body)

    def close(self) -> None:
        self._connection.close()


class WebSocketTransport:
    """A node's WebSocket address."""

    def __init__(self, url: str, timeout: float) -> None:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        self._timeout = timeout
        self._failure = WebSocketException
        try:
            self._connection = connect(url, max_size=None, open_timeout=timeout, compression=None)
        except WebSocketException as error:
            raise ConnectionError(str(error)) from error

    def exchange(self, message: bytes) -> Any:
        try:
            self._connection.send(message, text=True)
            return orjson.loads(self._connection.recv(self._timeout, decode=False))
        except self._failure as error:
            raise ConnectionError(str(error)) from error

    def close(self) -> None:
        self._connection.close()


class Rpc:
    """Questions to one node. ``where`` names it in errors."""

    def __init__(self, transport: Transport, where: str) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self.where = where

    def ask(self, method: str, *params: Any) -> Any:
        """The result of one question. Raises `Refused` when the node answers with an error, `ChainError` when it does
        not answer."""
        answer = self._exchange({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        if not isinstance(answer, dict):
            raise ChainError(f"{self.where}: the answer to {method} is not a JSON-RPC answer")
        found = _result(answer)
        if isinstance(found, RpcError):
            raise Refused(method, found)
        return found

    def batch(self, questions: Iterable[Question]) -> list[Any]:
        """Results in order of the questions, an `RpcError` where the node refused one."""
        asked = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
            for i, (method, params) in enumerate(questions)
        ]
        if not asked:
            return []
        answers = self._exchange(asked)
        if isinstance(answers, dict):  # refused as a whole
            error = _result(answers)
            why = error.message if isinstance(error, RpcError) else "a single answer to a batch"
            raise ChainError(f"{self.where}: the node refused a batch of {len(asked)}: {why}")
        found: list[Any] = [None] * len(asked)
        if len(answers) != len(asked):
            raise ChainError(f"{self.where}: {len(answers)} answers to {len(asked)} questions")
        for answer in answers:
            found[answer["id"]] = _result(answer)
        return found

    def close(self) -> None:
        self._transport.close()

    def _exchange(self, message: Any) -> Any:
        try:
            with self._lock:
                return self._transport.exchange(orjson.dumps(message))
        except orjson.JSONDecodeError as error:
            raise ChainError(f"{self.where}: the answer is not JSON ({error})") from error
        except (OSError, http.client.HTTPException, EOFError) as error:
            raise ChainError(
                f"{self.where}: the node does not answer ({str(error) or type(error).__name__})"
            ) from error


def _result(answer: dict[str, Any]) -> Any:
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    return RpcError(int(error.get("code", 0)), str(error.get("message", error)), error.get("data"))


def connect(url: str, timeout: float = 120.0) -> Rpc:
    """A connection to the node at ``url``: http://, https://, ws://, wss://, or the path of an IPC socket.

    Raises `InputError` when there is none.
    """
    try:
        scheme = urlsplit(url).scheme
        if scheme in ("http", "https"):
            transport: Transport = HttpTransport(url, timeout)
        elif scheme in ("ws", "wss"):
            transport = WebSocketTransport(url, timeout)
        elif scheme in ("", "ipc", "file"):
            transport = UnixTransport(url.split("://", 1)[-1], timeout)
        else:
            raise InputError(f"url {url!r}: give http://…, ws://… or the path of an IPC socket, not {scheme}:…")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"url {url!r}: cannot connect ({error}); is a node running there?") from error
    return Rpc(transport, url)
