"""Deploys the whole economy on the network Ape is connected to: `ape run deploy --network ethereum:local:foundry`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ape
import click
from ape.cli import ConnectedProviderCommand


@click.command(cls=ConnectedProviderCommand)
@click.option("--scenario", default="property_crash", show_default=True, help="Scenario whose economy is deployed.")
@click.option("--manifest", type=click.Path(path_type=Path), help="File to write. [default: deployment-CHAIN.json]")
def cli(provider: Any, scenario: str, manifest: Path | None) -> None:
    """Deploy the whole economy and write its manifest."""
    from terrarium.devnet import deploy_to

    if provider.network.is_local:  # Ape's own test accounts, unless the user says otherwise
        os.environ.setdefault("TERRARIUM_MNEMONIC", ape.accounts.test_accounts.mnemonic)
    path = manifest or Path(f"deployment-{provider.name}.json")
    if provider.network.is_local and not manifest:
        path.unlink(missing_ok=True)  # of an earlier node, which is gone
    deploy_to(provider.http_uri, scenario, (), path, say=click.echo, chain_ids=(provider.chain_id,))
