"""The `terrarium` command. Every command calls the library; an error ends in one clear message and exit code 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from terrarium import __version__
from terrarium.errors import TerrariumError

ENGINES = ("anvil", "hardhat", "revm", "rpc")
OUT = Console(highlight=False, soft_wrap=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="terrarium")
def cli() -> None:
    """A testbed for autonomous agents that trade tokenised real-world assets on real contracts."""


def _chain_options(command: Any) -> Any:
    for option in (
        click.option(
            "--chain-id", "chain_ids", type=int, multiple=True, help="Chain id that may be sent to (rpc); repeatable."
        ),
        click.option("--url", help="Node to use (rpc): http://, ws:// or the path of an IPC socket."),
    ):
        command = option(command)
    return command


@cli.command()
@click.argument("scenario")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of every random draw. [default: the scenario's]")
@click.option("--engine", type=click.Choice(ENGINES), default="anvil", show_default=True, help="EVM to run on.")
@click.option(
    "--agents", type=click.IntRange(1, 100_000), help="Scale the population to this many; more of it bring more tokens."
)
@click.option("--ticks", type=click.IntRange(1, 1_000_000), help="Number of ticks. [default: the scenario's]")
@click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one setting, such as world.kappa=0.6."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder; must be new or empty. [default: runs/SCENARIO-SEED]"
)
@click.option("--report", "with_report", is_flag=True, help="Write the HTML report when the run is over.")
@click.option(
    "--manifest", type=click.Path(path_type=Path), help="Use the economy deployed there (rpc) instead of a new one."
)
@_chain_options
def run(scenario: str, with_report: bool, chain_ids: tuple[int, ...], **options: Any) -> None:
    """Run SCENARIO (a name from `terrarium list`, or a .toml file) and record it."""
    from terrarium.sim.simulation import simulate

    result = simulate(scenario, live=True, chain_ids=chain_ids, **options)
    OUT.print(f"\nrecord  {result.path}")
    if with_report:
        _write_report(result.path)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--report", "with_report", is_flag=True, help="Write the HTML report when the run is over.")
def resume(folder: Path, with_report: bool) -> None:
    """Finish the interrupted run in FOLDER; it ends as if it had never stopped."""
    from terrarium.sim.simulation import resume as finish

    result = finish(folder, live=True)
    OUT.print(f"\nrecord  {result.path}")
    if with_report:
        _write_report(result.path)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write. [default: FOLDER/report.html]"
)
def report(folder: Path, out: Path | None) -> None:
    """Write the HTML report of the run in FOLDER."""
    _write_report(folder, out)


def _write_report(folder: Path, out: Path | None = None) -> None:
    from terrarium.record.reader import open_run
    from terrarium.report.html import write_report

    OUT.print(f"report  {write_report(open_run(folder), out or folder / 'report.html')}")


@cli.command("list")
def list_() -> None:
    """Show the scenarios, strategies, physical processes, shocks and alert rules there are."""
    from terrarium import scenarios
    from terrarium.risk.monitor.rules import rules
    from terrarium.sim.registry import strategies
    from terrarium.world import processes, shocks

    sections = {
        "scenarios": {name: scenarios.load(name).title for name in scenarios.names()},
        "strategies": {name: _first_sentence(cls) for name, cls in strategies().items()},
        "processes": {name: _first_sentence(cls) for name, cls in processes.processes().items()},
        "shocks": {name: _first_sentence(cls) for name, cls in shocks.shocks().items()},
        "alert rules": {name: _first_sentence(sys.modules[cls.__module__]) for name, cls in rules().items()},
    }
    for title, entries in sections.items():
        table = Table(
            title=title, title_justify="left", title_style="bold", box=None, show_header=False, padding=(0, 2)
        )
        for name, text in entries.items():
            table.add_row(f"[cyan]{name}[/]", text)
        OUT.print(table, "")


def _first_sentence(thing: object) -> str:
    paragraph = " ".join((thing.__doc__ or "").strip().partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".:").replace("``", "")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--engine", type=click.Choice(ENGINES), default="anvil", show_default=True, help="EVM to replay on.")
@_chain_options
def replay(folder: Path, engine: str, chain_ids: tuple[int, ...], **options: Any) -> None:
    """Execute the recorded transactions of FOLDER again on a fresh chain and compare block by block."""
    from terrarium.experiments.replay import replay as execute
    from terrarium.record.reader import open_run
    from terrarium.report.progress import progress

    with progress("replaying") as advance:
        result = execute(open_run(folder), engine=engine, chain_ids=chain_ids, progress=advance, **options)
    OUT.print(str(result))
    if not result.matches:
        raise SystemExit(1)


@cli.command()
@click.option(
    "--chain",
    default="anvil",
    show_default=True,
    metavar="anvil|hardhat|URL",
    help="A devnet to start, or a node's URL.",
)
@click.option("--scenario", default="property_crash", show_default=True, help="Scenario whose economy is deployed.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change one setting of the scenario.")
@click.option(
    "--manifest", type=click.Path(path_type=Path, dir_okay=False), default=Path("deployment.json"), show_default=True
)
@click.option("--chain-id", "chain_ids", type=int, multiple=True, help="Chain id that may be sent to; repeatable.")
def deploy(chain: str, scenario: str, overrides: tuple[str, ...], manifest: Path, **options: Any) -> None:
    """Deploy the whole economy and write its manifest. Running it again is a no-op; a half-finished one resumes."""
    from terrarium.devnet import deploy_to

    deploy_to(chain, scenario, overrides, manifest, say=OUT.print, **options)


def main() -> None:
    """Entry point: usage errors and Terrarium's own end in a message and exit code 2, Ctrl-C in 130."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted; `terrarium resume FOLDER` goes on with a run", 130)
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except TerrariumError as error:
        _fail(f"error: {error}", 2)
    except KeyboardInterrupt:
        _fail("interrupted; `terrarium resume FOLDER` goes on with a run", 130)
    except BrokenPipeError:
        raise SystemExit(0) from None


def _fail(message: str, code: int) -> None:
    click.echo(message, err=True)
    raise SystemExit(code)
