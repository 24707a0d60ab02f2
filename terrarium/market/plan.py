"""A deployment as one account's transactions in a fixed order: cut anywhere, it is finished by running it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from eth_hash.auto import keccak

from terrarium.chain import artifacts
from terrarium.chain.remote import created_address
from terrarium.chain.types import Block, Call, Chain, Tx
from terrarium.errors import ChainError, ManifestError
from terrarium.market.manifest import Deployed, Manifest

GAS = 25_000_000  # a T-REX suite in one transaction takes about 8 million
BATCH = 40  # transactions sent as one block: below the block gas limit of any devnet

Mined = Callable[[Block], None]


class Plan:
    """Queues steps and sends them; step k is done when the deployer's nonce is beyond nonce0 + k, and is then skipped.

    Since every step is one transaction of one account, all addresses follow from ``manifest.nonce0``. Raises
    `ManifestError` where the chain is not one on which these steps were begun.
    """

    def __init__(self, chain: Chain, manifest: Manifest, path: Path | None, mined: Mined | None) -> None:
        self.chain = chain
        self.manifest = manifest
        self._path = path
        self._mined = mined or (lambda block: None)
        self._step = 0
        self._made = chain.nonce(manifest.deployer) - manifest.nonce0
        if self._made < 0:
            raise ManifestError(
                f"manifest: nonce0 is {manifest.nonce0}, but the deployer has sent {self._made + manifest.nonce0} "
                "transactions: the chain went back to before the deployment; remove the file to deploy anew"
            )
        self._queue: list[tuple[str, Tx]] = []

    def create(self, name: str, artifact: str, *args: Any) -> str:
        """Queue the creation of a contract; returns its address."""
        address = created_address(self.manifest.deployer, self.manifest.nonce0 + self._step)
        if self._step < self._made and not self.chain.code(address):
            raise ManifestError(
                f"manifest: nonce0 is {self.manifest.nonce0}, but {name} is not at {address}, where the deployment "
                "would have put it: the deployer has sent something else since; remove the file to deploy anew"
            )
        self._add(f"create {name}", None, artifacts.load(artifact).creation(*args))
        self.register(name, artifact, address, *args)
        return address

    def call(self, what: str, to: str, data: bytes) -> None:
        """Queue a call; ``what`` names it in errors."""
        self._add(what, to, data)

    def register(self, name: str, artifact: str, address: str, *args: Any) -> None:
        """Enter a contract into the manifest."""
        self.manifest.contracts[name] = Deployed(name, address, artifact, artifacts.load(artifact).abi, _plain(args))

    def read(self, to: str, artifact: str, function: str, *args: Any) -> Any:
        """Send what is queued, then read one value from the chain."""
        self.send()
        fn = artifacts.load(artifact).fn(function)
        (output,) = self.chain.call([Call(to, fn(*args))])
        return fn.decode(output)[0]

    def send(self) -> None:
        """Send what is queued, block by block. Raises `ChainError` naming the step that failed; that is the end."""
        while self._queue:
            batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
            block = self.chain.submit([tx for _, tx in batch])
            for i, (what, _) in enumerate(batch):
                if not block.ok[i]:
                    why = artifacts.errors().reason(block.output[i]) or "no gas left, or no reason given"
                    self._give_up(f"{what} failed: {why}")
            self._made += len(batch)
            self._mined(block)

    def finish(self) -> Manifest:
        """Send the rest, enter the code hashes and mark the manifest as done."""
        self.send()
        for name, contract in self.manifest.contracts.items():
            code = self.chain.code(contract.address)
            if not code:
                raise ChainError(f"deploy: {name}: there is no code at {contract.address}")
            values = {f: getattr(contract, f) for f in ("name", "address", "artifact", "abi", "arguments")}
            self.manifest.contracts[name] = Deployed(**values, runtime_hash="0x" + keccak(code).hex())
        self.manifest.block = self.chain.height
        self.manifest.done = True
        if self._path:
            self.manifest.save(self._path)
        return self.manifest

    def _give_up(self, why: str) -> NoReturn:
        """A step that failed has used up its nonce, so what follows would be built on sand: mark the deployment."""
        self.manifest.failed = why
        if self._path:
            self.manifest.save(self._path)
        raise ChainError(f"deploy: {why}")

    def _add(self, what: str, to: str | None, data: bytes) -> None:
        if self._step >= self._made:
            self._queue.append((what, Tx(self.manifest.deployer, to, data, gas=GAS)))
        self._step += 1


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
