"""What the library compiles and what Ape compiles is the same code, metadata aside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contracts.conftest import ARTIFACTS

OURS = {p.stem: json.loads(p.read_text()) for p in sorted(ARTIFACTS.glob("*.json"))}
OURS = {name: data for name, data in OURS.items() if data["source"].get("file", "").startswith("contracts/")}


def stripped(code: bytes) -> bytes:
    """Code without the CBOR at its end, whose length its last two bytes tell."""
    return code[: -2 - int.from_bytes(code[-2:], "big")]


@pytest.fixture(scope="session")
def compiled(project: Any) -> dict[str, Any]:
    """Contract types by name, all compiled at once, as the library does it.

    Ape compiles only what changed, and solc's optimiser may write PUSH0 for DUP1 when a source stands in other company.
    """
    return {name: container.contract_type for name, container in project.load_contracts(use_cache=False).items()}


@pytest.mark.parametrize("name", OURS)
def test_ape_and_the_library_agree(name: str, compiled: dict[str, Any]) -> None:
    theirs = compiled[name]
    ours = OURS[name]
    assert stripped(bytes.fromhex(ours["runtime"][2:])) == stripped(bytes.fromhex(theirs.runtime_bytecode.bytecode[2:]))
    assert {e["name"] for e in ours["abi"] if e["type"] == "error"} == {e.name for e in theirs.errors}


def test_everything_ours_is_compared(compiled: dict[str, Any]) -> None:
    types = compiled.values()
    deployable = {t.name for t in types if t.deployment_bytecode and len(t.deployment_bytecode.bytecode or "0x") > 2}
    assert deployable == set(OURS)
