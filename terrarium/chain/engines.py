"""One name, one engine."""

from __future__ import annotations

from collections.abc import Collection

from terrarium.chain.types import Chain
from terrarium.errors import InputError

ENGINES = ("anvil", "hardhat", "revm", "rpc")


def open_chain(
    engine: str = "anvil",
    *,
    url: str | None = None,
    allowed_chain_ids: Collection[int] = (),
    read_only: bool = False,
) -> Chain:
    """A chain of the named engine; close it, or use it in a ``with`` statement.

    "anvil" and "hardhat" start a node of our own, "revm" runs in this process. "rpc" connects to the node at ``url``
    and signs with the keys the environment names; it sends nothing unless the chain's id is a local one or among
    ``allowed_chain_ids``, and with ``read_only`` nothing at all. Raises `InputError` for an unusable choice and
    `ToolError` when a program is missing.
    """
    if engine not in ENGINES:
        raise InputError(f"engine: there is no {engine!r}; choose {', '.join(ENGINES[:-1])} or {ENGINES[-1]}")
    if (url is None) != (engine != "rpc"):
        raise InputError(f"url: engine {engine!r} {'needs the URL of a node' if engine == 'rpc' else 'takes no URL'}")
    if engine == "anvil":
        from terrarium.chain.anvil import AnvilChain

        return AnvilChain()
    if engine == "hardhat":
        from terrarium.chain.hardhat import HardhatChain

        return HardhatChain()
    if engine == "revm":
        from terrarium.chain.revm import RevmChain

        return RevmChain()
    from terrarium.chain.rpc import RpcChain

    assert url is not None
    return RpcChain(url, allowed_chain_ids=allowed_chain_ids, read_only=read_only)
