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


@pytest.mark.parametrize("name", OURS)
def test_ape_and_the_library_agree(name: str, project: Any) -> None:
    theirs = getattr(project, name).contract_type
    ours = OURS[name]
    for mine, other in (("runtime", theirs.runtime_bytecode), ("bytecode", theirs.deployment_bytecode)):
        assert stripped(bytes.fromhex(ours[mine][2:])) == stripped(bytes(other.bytecode)), mine
    assert {e["name"] for e in ours["abi"] if e["type"] == "error"} == {e.name for e in theirs.errors}


def test_everything_ours_is_compared(project: Any) -> None:
    ours = {name for name, c in project.contracts.items() if c.deployment_bytecode and c.deployment_bytecode.bytecode}
    assert {n for n in ours if (project.contracts[n].source_id or "").startswith("contracts/")} == set(OURS)
