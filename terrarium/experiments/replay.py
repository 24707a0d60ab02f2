"""Executes a recorded run's transactions again on a fresh chain and says the first difference, exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from terrarium.chain.accounts import SYSTEM
from terrarium.chain.types import Chain
from terrarium.errors import ChainError, InputError, RecordError
from terrarium.record.compare import difference
from terrarium.record.reader import Run

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found.

    ``blocks``: how many matched; ``roots``: for how many of them the state root was compared too, which chains of one
    engine allow, where it has one.
    """

    matches: bool
    blocks: int
    txs: int
    roots: int
    engine: str
    block: int | None = None  # number of the first block that differs
    difference: str | None = None  # what differs first in it

    def __str__(self) -> str:
        if not self.matches:
            before = f"The {self.blocks:,} blocks before it match on {self.engine}."
            return f"DIFFERS at block {self.block}: {self.difference}. {before}"
        roots = f"state roots of {self.roots:,} blocks too" if self.roots else "no state roots to compare"
        what = f"{self.blocks:,} blocks, {self.txs:,} transactions"
        return f"MATCHES on {self.engine}: {what}: times, statuses, revert data, logs; {roots}."


def replay(
    run: Run,
    engine: str = "anvil",
    url: str | None = None,
    progress: Progress | None = None,
    *,
    chain_ids: Sequence[int] = (),
    **options: Any,
) -> Replay:
    """Execute ``run`` again on a fresh chain of ``engine`` and compare block by block.

    ``url``, ``chain_ids`` (that may be sent to) and ``options`` go to `terrarium.chain.engines.open_chain`.
    ``progress(done, total)`` counts blocks. The record is verified first: raises `RecordError` where it was altered,
    before anything is executed.
    """
    from terrarium.chain.engines import open_chain

    if run.meta["engine"] == "rpc":
        raise InputError(
            f"{run.path}: this run was made on a node that had a past of its own, which the record does not hold; "
            "only runs on anvil, hardhat and revm can be replayed"
        )
    if not run.verify():
        raise RecordError(f"{run.path}: there is no block to replay; the run ended before its first")
    with open_chain(engine, url=url, allowed_chain_ids=chain_ids, **options) as chain:
        return replay_on(chain, run, progress)


def replay_on(chain: Chain, run: Run, progress: Progress | None = None) -> Replay:
    """Execute ``run`` on ``chain``, which must be as fresh as the recorded one was; does not verify the record.

    See `replay`.
    """
    total = len(run.blocks)
    # Engines that sign must have been asked for an account by name before they can sign for its address.
    for name in (*SYSTEM, *run.table("agents")["account"]):
        chain.accounts.address(name)
    # A root covers all of the state, and each kind of node puts other accounts of its own into its first block.
    foreign = chain.engine != run.meta["engine"]
    txs = roots = 0
    for done, entry in enumerate(run.folder.entries()):
        number = entry.block.number
        try:
            chain.set_time(entry.block.timestamp)
            block = chain.submit(entry.txs)
            if foreign:
                block = replace(block, state_root=None)
        except ChainError as error:
            return Replay(False, done, txs, roots, chain.engine, number, f"the chain refuses it: {error}")
        found = difference(entry, entry.txs, block)
        if found:
            return Replay(False, done, txs, roots, chain.engine, number, found)
        txs += len(entry.txs)
        roots += block.state_root is not None and entry.block.state_root is not None
        if progress:
            progress(done + 1, total)
    return Replay(True, total, txs, roots, chain.engine)
