"""`terrarium deploy`: puts the whole economy on a devnet of our own, or on one that is there already."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import cast

from terrarium import scenarios
from terrarium.chain.accounts import dev_accounts
from terrarium.chain.devnode import DevNode
from terrarium.chain.engines import open_chain
from terrarium.chain.rpc import RpcChain
from terrarium.chain.types import Block, Chain
from terrarium.errors import ChainError, InputError, ManifestError
from terrarium.market.deploy import deploy, settings_of
from terrarium.market.manifest import Manifest
from terrarium.report.progress import progress
from terrarium.scenario import Scenario
from terrarium.sim.population import populate

OWN = ("anvil", "hardhat")
Say = Callable[[str], object]


def deploy_to(
    where: str, scenario: str, overrides: Iterable[str], path: Path, say: Say, chain_ids: Collection[int] = ()
) -> Manifest:
    """Deploy the economy of ``scenario`` to ``where`` ("anvil", "hardhat" or a URL); write the manifest to ``path``.

    A devnet of our own then stays up until Ctrl-C. Doing it again is a no-op while the deployment stands, and finishes
    one that was cut. Raises `InputError` for an unusable node, `ManifestError` for a manifest of something else.
    """
    settings = scenarios.load(scenario, overrides)
    if where in OWN:
        return _on_own(where, settings, path, say)
    with open_chain("rpc", url=where, allowed_chain_ids=chain_ids) as chain:
        return _deploy(chain, settings, path, where, say)


def _on_own(engine: str, scenario: Scenario, path: Path, say: Say) -> Manifest:
    if (standing := _standing(path, scenario)) is not None:
        say(f"already deployed: {path} describes the devnet at {standing.url}, which is up")
        return standing
    path.unlink(missing_ok=True)  # of a devnet that is gone
    with open_chain(engine) as chain:
        node = cast(DevNode, chain)
        manifest = _deploy(chain, scenario, path, node.url, say)
        node.automine()
        say(f"devnet at {node.url}; Ctrl-C stops it")
        _wait()
    return manifest


def _standing(path: Path, scenario: Scenario) -> Manifest | None:
    """The manifest at ``path``, if its devnet is up. Raises `ManifestError` where it is no devnet's of ours, or another
    economy stands there."""
    if not path.exists():
        return None
    manifest = Manifest.load(path)
    if manifest.url is None or manifest.deployer != dev_accounts().address("deployer"):
        raise ManifestError(f"manifest: {path} is not of a devnet that Terrarium started; give another --manifest")
    try:
        with RpcChain(manifest.url, read_only=True) as chain:
            manifest.check(chain)
    except (InputError, ChainError):
        return None
    if manifest.settings != settings_of(scenario):
        raise ManifestError(
            f"manifest: settings in {path} are of another economy, which stands at {manifest.url}; "
            "stop that devnet first, or give another --manifest"
        )
    return manifest


def _deploy(chain: Chain, scenario: Scenario, path: Path, url: str, say: Say) -> Manifest:
    reporters = sum(agent.strategy.role == "reporter" for agent in populate(scenario))
    sent = 0
    with progress("deploying") as advance:

        def mined(block: Block) -> None:
            nonlocal sent
            sent += len(block.ok)
            advance(sent, sent)

        manifest = deploy(chain, scenario, reporters, path, url, mined)
    if sent:
        say(f"deployed {len(manifest.contracts)} contracts in {sent} transactions on chain {manifest.chain_id}")
    else:
        say(f"already deployed: {path} describes what stands at {url}; nothing was sent")
    say(f"manifest  {path}")
    return manifest


def _wait() -> None:
    """Until somebody wants us to stop: Ctrl-C, or a polite kill."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    stop.wait()
