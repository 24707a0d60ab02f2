"""What happened on a chain before we came: its blocks with their logs, as the event mirror takes them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from terrarium.chain.remote import columns_of
from terrarium.chain.types import Block, Chain
from terrarium.errors import ChainError
from terrarium.market.economy import Economy

SPAN = 1_000  # blocks asked for at once


def past_blocks(chain: Chain, economy: Economy, first: int, last: int) -> Iterator[Block]:
    """Blocks ``first`` to ``last`` in which a contract of ``economy`` logged something, without their transactions.

    Raises `ChainError` where the node does not give its old logs.
    """
    make = chain.w3.provider.make_request
    for start in range(first, last + 1, SPAN):
        asked = {
            "fromBlock": hex(start),
            "toBlock": hex(min(start + SPAN - 1, last)),
            "address": sorted(economy.addresses),
        }
        answer = make("eth_getLogs", [asked])  # type: ignore[arg-type]
        if "result" not in answer:
            raise ChainError(f"the node does not give the logs of block {start} and later: {answer.get('error')}")
        found: dict[int, list[dict[str, str]]] = {}
        for entry in answer["result"]:
            found.setdefault(int(entry["blockNumber"], 16), []).append(entry)
        for number, entries in sorted(found.items()):
            time = int(chain.w3.eth.get_block(number)["timestamp"])
            yield Block(number, time, np.zeros(0, np.bool_), {}, {}, columns_of(entries), b"")
