"""AlertBoard: the monitor's word as an event, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.conftest import fails

RULE = b"price_fall".ljust(32, b"\0")


@pytest.fixture
def board(project: Any, admin: Any, alice: Any) -> Any:
    return admin.deploy(project.AlertBoard, admin, alice)


def test_the_monitor_posts(board: Any, alice: Any, bob: Any) -> None:
    (event,) = board.post(RULE, bob, 2, -250_000, -100_000, sender=alice).events
    assert event.event_name == "Posted"
    assert (bytes(event.rule), event.subject, event.severity) == (RULE, bob, 2)
    assert (event.value, event.threshold) == (-250_000, -100_000)


def test_nobody_else_posts(board: Any, project: Any, admin: Any, bob: Any) -> None:
    role = board.MONITOR_ROLE()
    for other in (admin, bob):
        with fails(board, "AccessControlUnauthorizedAccount", account=other.address, neededRole=role):
            board.post(RULE, bob, 0, 0, 0, sender=other)
    nobody = admin.deploy(project.AlertBoard, admin, "0x" + "00" * 20)
    nobody.grantRole(role, bob, sender=admin)
    assert len(nobody.post(RULE, bob, 0, 0, 0, sender=bob).events) == 1
