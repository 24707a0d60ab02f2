"""The real thing in small, on Anvil: T-REX tokens with both our modules, as `tests/forge/Economy.sol` has it.

Ours come compiled by Ape; T-REX, ONCHAINID, Uniswap and Morpho come as the library ships them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ape
import pytest
from ape.api import AccountAPI
from ape.contracts import ContractContainer, ContractInstance
from ethpm_types import ContractType

ARTIFACTS = Path(__file__).parents[2] / "terrarium" / "artifacts"
UNIT = 10**6  # of cash and of tokens
SWITZERLAND = 756


def shipped(name: str) -> ContractContainer:
    """A contract of somebody else's, ready to deploy."""
    data = json.loads((ARTIFACTS / f"{name}.json").read_text())
    codes = {"deploymentBytecode": {"bytecode": data["bytecode"]}, "runtimeBytecode": {"bytecode": data["runtime"]}}
    return ContractContainer(ContractType.model_validate({"contractName": name, "abi": data["abi"], **codes}))


def fails(container: ContractContainer, error: str, **arguments: Any) -> Any:
    """Expect the custom error ``error`` of one of our contracts, with these arguments."""
    return ape.reverts(getattr(container, error), error_inputs=arguments or None)


@pytest.fixture(scope="session")
def admin(accounts: list[AccountAPI]) -> AccountAPI:
    return accounts[0]


@pytest.fixture(scope="session")
def alice(accounts: list[AccountAPI]) -> AccountAPI:
    return accounts[1]


@pytest.fixture(scope="session")
def bob(accounts: list[AccountAPI]) -> AccountAPI:
    return accounts[2]


@pytest.fixture(scope="session")
def guardian(accounts: list[AccountAPI]) -> AccountAPI:
    return accounts[3]


@pytest.fixture(scope="session")
def reporters(accounts: list[AccountAPI]) -> list[AccountAPI]:
    return list(accounts[4:9])


@pytest.fixture(scope="session")
def cash(admin: AccountAPI, project: Any) -> ContractInstance:
    return admin.deploy(project.Cash, admin)


@pytest.fixture(scope="session")
def income(admin: AccountAPI, cash: ContractInstance, project: Any) -> ContractInstance:
    return admin.deploy(project.IncomeModule, admin, cash)


@pytest.fixture(scope="session")
def halt(admin: AccountAPI, guardian: AccountAPI, project: Any) -> ContractInstance:
    return admin.deploy(project.HaltModule, admin, guardian)


@pytest.fixture(scope="session")
def registry(admin: AccountAPI) -> ContractInstance:
    """An identity registry that asks for an identity and no claim."""
    storage, topics, issuers, registry = (
        admin.deploy(shipped(name))
        for name in ("IdentityRegistryStorage", "ClaimTopicsRegistry", "TrustedIssuersRegistry", "IdentityRegistry")
    )
    for contract in (storage, topics, issuers):
        contract.init(sender=admin)
    registry.init(issuers, topics, storage, sender=admin)
    storage.bindIdentityRegistry(registry, sender=admin)
    registry.addAgent(admin, sender=admin)
    return registry


@pytest.fixture(scope="session")
def register(admin: AccountAPI, registry: ContractInstance) -> Callable[[Any], None]:
    """Gives an account an ONCHAINID, so that it may hold tokens."""

    def give(account: Any) -> None:
        registry.registerIdentity(account, admin.deploy(shipped("Identity"), account, False), SWITZERLAND, sender=admin)

    return give


@pytest.fixture(scope="session")
def token(
    admin: AccountAPI,
    alice: AccountAPI,
    bob: AccountAPI,
    registry: ContractInstance,
    register: Callable[[Any], None],
    income: ContractInstance,
    halt: ContractInstance,
) -> ContractInstance:
    """A T-REX token with both modules, which alice and bob may hold."""
    compliance, token = admin.deploy(shipped("ModularCompliance")), admin.deploy(shipped("Token"))
    compliance.init(sender=admin)
    token.init(registry, compliance, "Tower", "TOWER", 6, "0x" + "00" * 20, sender=admin)
    token.addAgent(admin, sender=admin)
    token.unpause(sender=admin)
    compliance.addModule(income, sender=admin)
    compliance.addModule(halt, sender=admin)
    register(alice)
    register(bob)
    return token


@pytest.fixture(scope="session")
def feed(admin: AccountAPI, reporters: list[AccountAPI], project: Any) -> ContractInstance:
    """Five reporters, quorum three; rounds last an hour, late words are heard for a minute, stale after a day."""
    return admin.deploy(project.Feed, admin, "TOWER appraisal / USD", reporters, 3, 3_600, 60, 86_400)


@pytest.fixture
def pair(
    admin: AccountAPI, token: ContractInstance, cash: ContractInstance, register: Callable[[Any], None]
) -> ContractInstance:
    """An unmodified Uniswap pair of the token and cash: 100 tokens, 1,000 dollars."""
    factory = admin.deploy(shipped("UniswapV2Factory"), admin)
    factory.createPair(token, cash, sender=admin)
    pair = shipped("UniswapV2Pair").at(factory.getPair(token, cash))
    register(pair)
    token.mint(pair, 100 * UNIT, sender=admin)
    cash.mint(pair, 1_000 * UNIT, sender=admin)
    pair.mint(admin, sender=admin)
    return pair


@pytest.fixture
def loans(
    admin: AccountAPI,
    alice: AccountAPI,
    bob: AccountAPI,
    token: ContractInstance,
    cash: ContractInstance,
    register: Callable[[Any], None],
    project: Any,
) -> tuple[ContractInstance, bytes]:
    """Morpho and the id of a market in which bob lends 500 dollars and alice owes 100 on 20 tokens of 10 dollars."""
    morpho = admin.deploy(shipped("Morpho"), admin)
    feed = admin.deploy(project.Feed, admin, "price", [admin], 1, 3_600, 0, 0)
    feed.submit(10 * 10**8, sender=admin)
    rate = admin.deploy(project.KinkedRate, 2 * 10**16, 5 * 10**16, 10**18, 8 * 10**17)
    params = (cash, token, admin.deploy(project.FeedOracle, feed, token, cash, 0), rate, 77 * 10**16)
    morpho.enableIrm(rate, sender=admin)
    morpho.enableLltv(params[-1], sender=admin)
    created = morpho.createMarket(params, sender=admin)
    register(morpho)
    token.mint(alice, 20 * UNIT, sender=admin)
    cash.mint(bob, 500 * UNIT, sender=admin)
    cash.approve(morpho, 500 * UNIT, sender=bob)
    morpho.supply(params, 500 * UNIT, 0, bob, b"", sender=bob)
    token.approve(morpho, 20 * UNIT, sender=alice)
    morpho.supplyCollateral(params, 20 * UNIT, alice, b"", sender=alice)
    morpho.borrow(params, 100 * UNIT, 0, alice, alice, sender=alice)
    return morpho, next(e.id for e in created.events if e.event_name == "CreateMarket")
