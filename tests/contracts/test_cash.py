"""Cash: minting by role, burning one's own, six decimals."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from tests.contracts.conftest import UNIT, fails


def test_money_comes_in_by_mint_and_leaves_by_burn(cash: Any, admin: Any, alice: Any) -> None:
    receipt = cash.mint(alice, 5 * UNIT, sender=admin)
    (transfer,) = receipt.events
    assert (transfer.event_name, int(transfer["from"], 16), transfer.to) == ("Transfer", 0, alice)
    cash.burn(2 * UNIT, sender=alice)
    assert cash.balanceOf(alice) == cash.totalSupply() == 3 * UNIT
    assert (cash.name(), cash.symbol(), cash.decimals()) == ("Terrarium Dollar", "TUSD", 6)


def test_one_transaction_onboards_many(cash: Any, admin: Any, alice: Any, bob: Any) -> None:
    cash.mintMany([alice, bob], [UNIT, 2 * UNIT], sender=admin)
    assert (cash.balanceOf(alice), cash.balanceOf(bob)) == (UNIT, 2 * UNIT)
    with fails(cash, "Cash__LengthMismatch", recipients=2, amounts=1):
        cash.mintMany([alice, bob], [UNIT], sender=admin)


def test_only_minters_mint(cash: Any, admin: Any, alice: Any) -> None:
    role = cash.MINTER_ROLE()
    with fails(cash, "AccessControlUnauthorizedAccount", account=alice.address, neededRole=role):
        cash.mint(alice, UNIT, sender=alice)
    cash.grantRole(role, alice, sender=admin)
    cash.mint(alice, UNIT, sender=alice)
    assert cash.balanceOf(alice) == UNIT


@pytest.mark.parametrize("verb", ["burn", "transfer"])
def test_nobody_spends_what_is_not_there(cash: Any, admin: Any, alice: Any, bob: Any, verb: str) -> None:
    cash.mint(bob, UNIT, sender=admin)
    arguments = {"burn": [1], "transfer": [bob, 1]}[verb]
    with ape.reverts(cash.ERC20InsufficientBalance):
        getattr(cash, verb)(*arguments, sender=alice)
