"""The tuned web3.py way to make swaps: gas and nonce given, so that nothing is asked first; receipts polled each
millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from web3 import HTTPProvider, Web3
from web3.logs import DISCARD

from terrarium.chain import artifacts
from terrarium.sim.assembly import Simulation

GAS = 400_000


class Swap(NamedTuple):
    """One swap as a bot has decided on it: the router's function, its arguments, sender, gas and nonce."""

    name: str
    arguments: dict[str, Any]
    options: dict[str, Any]


class Tuned:
    """Swaps on the pool of ``sim``, whose Anvil mines each transaction at once from now on. Nothing is signed: that is
    in web3.py's favour by 3 ms a swap."""

    def __init__(self, sim: Simulation) -> None:
        engine: Any = sim.chain.chain
        engine.automine()
        self.pid: int = engine.node.process.pid
        self.w3 = Web3(HTTPProvider(engine.url))
        at, asset = Web3.to_checksum_address, sim.economy.assets[0]
        self.router = self.w3.eth.contract(at(sim.economy.router), abi=artifacts.load("UniswapV2Router02").abi)
        self.pair = self.w3.eth.contract(at(asset.pair), abi=artifacts.load("UniswapV2Pair").abi)
        coins = (sim.economy.cash, asset.token)
        self.coins = [self.w3.eth.contract(at(coin), abi=artifacts.load("Cash").abi) for coin in coins]
        self._nonces: dict[str, int] = {}

    def prepare(self, swaps: Sequence[tuple[str, bytes]]) -> list[Swap]:
        """What a bot has at hand once it has decided. ``swaps``: sender and calldata for the router."""
        ready = []
        for sender, data in swaps:
            who: Any = Web3.to_checksum_address(sender)
            nonce = self._nonces.get(who)
            nonce = self.w3.eth.get_transaction_count(who) if nonce is None else nonce
            self._nonces[who] = nonce + 1
            function, arguments = self.router.decode_function_input(data)
            ready.append(Swap(function.fn_name, arguments, {"from": who, "gas": GAS, "gasPrice": 0, "nonce": nonce}))
        return ready

    def swap(self, ready: Sequence[Swap], *, look: bool, decode: bool) -> None:
        """Make each swap and wait for its receipt. ``look``: read first what a decision needs, the sender's cash and
        tokens and the pool's reserves; ``decode``: then read the `Swap` event. Raises where one fails."""
        for name, arguments, options in ready:
            if look:
                for coin in self.coins:
                    coin.functions.balanceOf(options["from"]).call()
                self.pair.functions.getReserves().call()
            sent = self.router.functions[name](**arguments).transact(options)
            receipt = self.w3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.001)
            found = self.pair.events.Swap().process_receipt(receipt, DISCARD) if decode else [receipt]
            if receipt["status"] != 1 or len(found) != 1:
                raise RuntimeError("a swap failed that went through on our side")
