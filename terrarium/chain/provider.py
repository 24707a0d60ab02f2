"""web3.py on a chain of ours: sends become blocks of that chain, everything else goes to the node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from web3 import Web3
from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from terrarium.chain.jsonrpc import Refused
from terrarium.chain.remote import quantity
from terrarium.chain.types import DEFAULT_GAS, Tx
from terrarium.errors import ChainError

Answer = Callable[[str, list[Any]], Any]


class ChainProvider(BaseProvider):
    """Asks ``answer`` (method, parameters) -> result; errors of the chain become JSON-RPC errors."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            return {"jsonrpc": "2.0", "id": 0, "result": self._answer(method, [_plain(value) for value in params])}
        except Refused as error:
            code, message, data = error.error
            return {"jsonrpc": "2.0", "id": 0, "error": {"code": code, "message": message, "data": data}}
        except ChainError as error:
            return {"jsonrpc": "2.0", "id": 0, "error": {"code": -32000, "message": str(error)}}

    def is_connected(self, show_traceback: bool = False) -> bool:
        return True


def _plain(value: Any) -> Any:
    """A parameter as JSON has it: web3.py leaves some hashes and data as bytes."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def web3_on(answer: Answer, sender: str) -> Web3:
    """web3.py that asks ``answer`` and sends from ``sender`` unless told otherwise."""
    w3 = Web3(ChainProvider(answer))
    w3.eth.default_account = Web3.to_checksum_address(sender)
    return w3


def tx_of(request: Mapping[str, Any]) -> Tx:
    """The transaction an ``eth_sendTransaction`` asks for."""
    data = request.get("input") or request.get("data") or "0x"
    to = request.get("to")
    return Tx(
        sender=str(request["from"]).lower(),
        to=str(to).lower() if to else None,
        data=bytes.fromhex(data[2:]) if isinstance(data, str) else bytes(data),
        value=quantity(request.get("value", 0)),
        gas=quantity(request.get("gas", DEFAULT_GAS)),
    )
