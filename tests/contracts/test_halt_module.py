"""HaltModule on a real T-REX token: what a halt stops, what it leaves alone, and who may."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from tests.contracts.conftest import UNIT, fails

ZERO = "0x" + "00" * 20
COMPLIANCE_REFUSES = "Transfer not possible"


@pytest.fixture(autouse=True)
def held(token: Any, admin: Any, alice: Any) -> None:
    token.mint(alice, 100 * UNIT, sender=admin)


@pytest.mark.parametrize(("halt_", "unhalt"), [("halt", "unhalt"), ("haltAll", "unhaltAll")])
def test_a_halt_stops_transfers_until_it_ends(
    token: Any, halt: Any, guardian: Any, alice: Any, bob: Any, halt_: str, unhalt: str
) -> None:
    arguments = [token] if halt_ == "halt" else []
    getattr(halt, halt_)(*arguments, sender=guardian)
    assert halt.isHalted(token)
    with ape.reverts(COMPLIANCE_REFUSES):
        token.transfer(bob, UNIT, sender=alice)
    token.approve(bob, UNIT, sender=alice)
    with ape.reverts(COMPLIANCE_REFUSES):
        token.transferFrom(alice, bob, UNIT, sender=bob)
    getattr(halt, unhalt)(*arguments, sender=guardian)
    token.transfer(bob, UNIT, sender=alice)
    assert token.balanceOf(bob) == UNIT


def test_issuing_burning_and_forcing_go_on(
    token: Any, halt: Any, guardian: Any, admin: Any, alice: Any, bob: Any
) -> None:
    halt.haltAll(sender=guardian)
    token.mint(bob, UNIT, sender=admin)
    token.burn(bob, UNIT, sender=admin)
    token.forcedTransfer(alice, bob, UNIT, sender=admin)
    assert token.balanceOf(bob) == UNIT


def test_exempt_venues_go_on(token: Any, halt: Any, guardian: Any, admin: Any, alice: Any, bob: Any) -> None:
    halt.setExempt(bob, True, sender=admin)
    halt.halt(token, sender=guardian)
    token.transfer(bob, 2 * UNIT, sender=alice)
    token.transfer(alice, UNIT, sender=bob)
    halt.setExempt(bob, False, sender=admin)
    with ape.reverts(COMPLIANCE_REFUSES):
        token.transfer(bob, UNIT, sender=alice)


def test_only_guardians_halt_and_only_once(token: Any, halt: Any, guardian: Any, admin: Any, alice: Any) -> None:
    role = halt.GUARDIAN_ROLE()
    for verb, arguments in (("halt", [token]), ("unhalt", [token]), ("haltAll", []), ("unhaltAll", [])):
        with fails(halt, "AccessControlUnauthorizedAccount", account=alice.address, neededRole=role):
            getattr(halt, verb)(*arguments, sender=alice)
    with fails(halt, "HaltModule__NotHalted", token=token.address):
        halt.unhalt(token, sender=guardian)
    with fails(halt, "HaltModule__NotHalted", token=ZERO):
        halt.unhaltAll(sender=guardian)
    halt.halt(token, sender=guardian)
    with fails(halt, "HaltModule__AlreadyHalted", token=token.address):
        halt.halt(token, sender=guardian)
    halt.haltAll(sender=guardian)
    with fails(halt, "HaltModule__AlreadyHalted", token=ZERO):
        halt.haltAll(sender=guardian)
    with fails(halt, "AccessControlUnauthorizedAccount", account=guardian.address, neededRole=b"\0" * 32):
        halt.setExempt(alice, True, sender=guardian)


def test_modules_bind_themselves_only_to_who_asks(halt: Any, alice: Any, bob: Any, token: Any) -> None:
    compliance = token.compliance()
    assert halt.isComplianceBound(compliance)
    assert (halt.name(), halt.isPlugAndPlay(), halt.canComplianceBind(alice)) == ("HaltModule", True, True)
    with fails(halt, "ComplianceModule__NotCompliance", caller=alice.address):
        halt.bindCompliance(bob, sender=alice)
    halt.bindCompliance(alice, sender=alice)
    with fails(halt, "ComplianceModule__AlreadyBound", compliance=alice.address):
        halt.bindCompliance(alice, sender=alice)
    halt.unbindCompliance(alice, sender=alice)
    with fails(halt, "ComplianceModule__NotBound", caller=alice.address):
        halt.unbindCompliance(alice, sender=alice)
