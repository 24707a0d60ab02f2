"""The tuned web3.py way to make swaps: gas and nonce given, so that nothing is asked first; receipts polled each millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web3 import HTTPProvider, Web3
from web3.logs import DISCARD

from terrarium.chain import artifacts
from terrarium.sim.simulation import Simulation

GAS = 400_000
Swap = tuple[str, bytes]  # sender, calldata for the router


class Tuned:
    """Swaps on the pool of ``sim``, whose Anvil mines each transaction at once from now on. Nothing is signed: that is in
    web3.py's favour by 3 ms a swap."""

    def __init__(self, sim: Simulation) -> None:
        engine: Any = sim.chain.chain
        engine.rpc.ask("evm_setAutomine", True)
        self.pid: int = engine.node.process.pid
        self.w3 = Web3(HTTPProvider(engine.url))
        at = Web3.to_checksum_address
        self.router = self.w3.eth.contract(at(sim.economy.router), abi=artifacts.load("UniswapV2Router02").abi)
        self.pair = self.w3.eth.contract(at(sim.economy.assets[0].pair), abi=artifacts.load("UniswapV2Pair").abi)
        self._nonces: dict[str, int] = {}

    def prepare(self, swaps: Sequence[Swap]) -> list[tuple[Any, dict[str, Any]]]:
        """Function and options of each swap: what a bot would have at hand."""
        ready = []
        for sender, data in swaps:
            who = Web3.to_checksum_address(sender)
            nonce = self._nonces.get(who)
            nonce = self.w3.eth.get_transaction_count(who) if nonce is None else nonce
            self._nonces[who] = nonce + 1
            function, arguments = self.router.decode_function_input(data)
            ready.append((function(**arguments), {"from": who, "gas": GAS, "gasPrice": 0, "nonce": nonce}))
        return ready

    def swap(self, ready: Sequence[tuple[Any, dict[str, Any]]], decode: bool) -> None:
        """Send each, wait for its receipt, and (``decode``) read the `Swap` event in it. Raises where one fails."""
        for function, options in ready:
            sent = function.transact(options)
            receipt = self.w3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.001)
            if receipt["status"] != 1 or (decode and len(self.pair.events.Swap().process_receipt(receipt, DISCARD)) != 1):
                raise RuntimeError("a swap failed that went through on our side")
