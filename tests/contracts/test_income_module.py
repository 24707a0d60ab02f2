"""IncomeModule on a real T-REX token: pro rata, to the wei, through transfers, mints and burns."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.contracts.conftest import UNIT, fails, shipped

QUARTER = 2**28  # of all units: a power of two, so that every share below comes out whole


def pay_in(income: Any, token: Any, cash: Any, payer: Any, amount: int) -> Any:
    """Distribute ``amount`` of cash minted for the purpose."""
    cash.mint(payer, amount, sender=payer)
    cash.approve(income, amount, sender=payer)
    return income.distribute(token, amount, sender=payer)


@pytest.fixture
def held(token: Any, admin: Any, alice: Any, bob: Any) -> None:
    token.mint(alice, 3 * QUARTER, sender=admin)
    token.mint(bob, QUARTER, sender=admin)


@pytest.mark.usefixtures("held")
def test_income_goes_to_who_held_when_it_came_in(
    income: Any, token: Any, cash: Any, admin: Any, alice: Any, bob: Any
) -> None:
    pay_in(income, token, cash, admin, 400)
    token.transfer(bob, 3 * QUARTER, sender=alice)
    pay_in(income, token, cash, admin, 400)
    assert (income.accrued(token, alice), income.accrued(token, bob)) == (300, 100 + 400)
    receipt = income.claimFor(token, [alice, bob], sender=bob)
    assert [(e.holder, e.amount) for e in receipt.events if e.event_name == "Claimed"] == [(alice, 300), (bob, 500)]
    assert (cash.balanceOf(alice), cash.balanceOf(bob), cash.balanceOf(income)) == (300, 500, 0)
    assert income.claimFor.call(token, [alice, bob]) == 0


@pytest.mark.usefixtures("held")
def test_books_balance_to_the_wei_whatever_happens(
    income: Any, token: Any, cash: Any, admin: Any, alice: Any, bob: Any
) -> None:
    draw = random.Random(7)
    paid_in = 0
    for _ in range(12):
        amount = draw.randrange(1, 10**9)
        paid_in += amount
        pay_in(income, token, cash, admin, amount)
        sender, to = draw.sample([alice, bob], 2)
        token.transfer(to, draw.randrange(token.balanceOf(sender) + 1), sender=sender)
        draw.choice(
            [
                lambda to=to: token.mint(to, draw.randrange(1, UNIT), sender=admin),
                lambda: token.burn(alice, draw.randrange(token.balanceOf(alice) + 1), sender=admin),
                lambda: income.claimFor(token, [bob, alice], sender=admin),
            ]
        )()
        pot = income.pots(token)
        owed = income.accrued(token, alice) + income.accrued(token, bob)
        assert pot.distributed == paid_in
        assert cash.balanceOf(income) == pot.distributed - pot.paid
        assert 0 <= cash.balanceOf(income) - owed <= 2  # what is cut off a holder's last unit
        assert pot.recorded == pot.eligible == token.totalSupply()


@pytest.mark.usefixtures("held")
def test_excluded_accounts_leave_their_part_to_the_rest(
    income: Any, token: Any, cash: Any, admin: Any, alice: Any, bob: Any
) -> None:
    pay_in(income, token, cash, admin, 400)
    income.setExcluded(token, alice, True, sender=admin)
    pay_in(income, token, cash, admin, 1_000)
    assert (income.accrued(token, alice), income.accrued(token, bob)) == (300, 1_100)
    income.setExcluded(token, alice, False, sender=admin)
    pay_in(income, token, cash, admin, 400)
    assert (income.accrued(token, alice), income.accrued(token, bob)) == (600, 1_200)
    assert income.holdings(token, alice).units == 3 * QUARTER
    with fails(income, "OwnableUnauthorizedAccount", account=alice.address):
        income.setExcluded(token, bob, True, sender=alice)


def test_a_pool_takes_its_income_into_its_reserves(income: Any, cash: Any, token: Any, admin: Any, pair: Any) -> None:
    before = pair.getReserves()
    income.setPool(pair, True, sender=admin)
    pay_in(income, token, cash, admin, 5_000)
    income.claimFor(token, [pair], sender=admin)
    side = 0 if pair.token0() == cash.address else 1
    assert pair.getReserves()[side] - before[side] in (4_999, 5_000)  # rounded down
    assert pair.getReserves()[side] == cash.balanceOf(pair)


@pytest.mark.usefixtures("held")
def test_income_that_cannot_be_shared_is_refused(
    income: Any, token: Any, cash: Any, admin: Any, alice: Any, bob: Any, project: Any
) -> None:
    with fails(income, "IncomeModule__ZeroAmount"):
        income.distribute(token, 0, sender=admin)
    stranger = admin.deploy(project.IncomeModule, admin, cash)
    with fails(stranger, "IncomeModule__NotBound", token=token.address):
        stranger.distribute(token, 1, sender=admin)
    for holder in (alice, bob):
        income.setExcluded(token, holder, True, sender=admin)
    with fails(income, "IncomeModule__NobodyEligible", token=token.address):
        income.distribute(token, 1, sender=admin)


@pytest.mark.usefixtures("held")
def test_a_module_added_late_waits_for_the_record(
    token: Any, cash: Any, admin: Any, alice: Any, bob: Any, project: Any
) -> None:
    late = admin.deploy(project.IncomeModule, admin, cash)
    compliance = shipped("ModularCompliance").at(token.compliance())
    compliance.addModule(late, sender=admin)
    with fails(late, "IncomeModule__RecordIncomplete", recorded=0, totalSupply=4 * QUARTER):
        late.distribute(token, 1, sender=admin)
    receipt = late.record(token, [alice, bob], sender=alice)
    assert [event.units for event in receipt.events] == [3 * QUARTER, QUARTER]
    pay_in(late, token, cash, admin, 400)
    assert late.accrued(token, alice) == 300


def test_hooks_listen_to_compliance_only(income: Any, alice: Any, bob: Any) -> None:
    for hook, arguments in (
        ("moduleTransferAction", [alice, bob, 1]),
        ("moduleMintAction", [alice, 1]),
        ("moduleBurnAction", [alice, 1]),
    ):
        with fails(income, "ComplianceModule__NotBound", caller=alice.address):
            getattr(income, hook)(*arguments, sender=alice)
