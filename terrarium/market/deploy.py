"""Deploys the whole economy for real: T-REX and ONCHAINID, Uniswap V2, Morpho Blue, and ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak

from terrarium.chain import artifacts
from terrarium.chain.types import Chain
from terrarium.errors import ManifestError
from terrarium.market.economy import loan_market
from terrarium.market.identity import VENUE_COUNTRY, claim_data, sign_claim
from terrarium.market.manifest import Manifest, genesis
from terrarium.market.plan import Mined, Plan
from terrarium.scenario import Asset, Scenario

ZERO = "0x" + "00" * 20
ACCREDITED = 1  # claim topic
UNIT = 10**6  # smallest units of cash and of every token
FEED_UNIT = 10**8
WAD = 10**18


def deploy(
    chain: Chain,
    scenario: Scenario,
    reporters: int,
    path: Path | None = None,
    url: str | None = None,
    mined: Mined | None = None,
) -> Manifest:
    """Deploy what ``scenario`` needs, with accounts "reporter:0" … as reporters, and write the manifest to ``path``.

    Where ``path`` holds a manifest of the same deployment, it is finished; where it is finished already, nothing is
    sent. ``mined`` is called with every block. Raises `ManifestError` where ``path`` holds something else, `ChainError`
    where a step fails.
    """
    settings = settings_of(scenario)
    addresses = [chain.accounts.address(f"reporter:{i}") for i in range(reporters)]
    deployer = chain.accounts.address("deployer")
    manifest = Manifest(chain.chain_id, genesis(chain), deployer, chain.nonce(deployer), settings, addresses, url)
    if path and path.exists():
        there = Manifest.load(path)
        if there.failed:
            raise ManifestError(f"manifest: {path} is of a deployment that failed ({there.failed}); remove the file")
        # a finished one may be anybody's; only its own deployer can finish one
        own = () if there.done else ("deployer", "reporters")
        for name in ("chain_id", "genesis", "settings", *own):
            if getattr(there, name) != getattr(manifest, name):
                raise ManifestError(
                    f"manifest: {path} is of another deployment: its {name} differ from what is asked for; "
                    "give another --manifest, or remove the file"
                )
        if there.done:
            there.check(chain)
            return there
        manifest = there
        manifest.contracts, manifest.assets = {}, []
    elif path:
        manifest.save(path)
    plan = Plan(chain, manifest, path, mined)
    _Economy(plan, chain, scenario, addresses).build()
    return plan.finish()


def settings_of(scenario: Scenario) -> dict[str, Any]:
    """The parts of a scenario that a deployment is made of, as the manifest keeps them."""
    return scenario.model_dump(mode="json", include={"assets", "market", "feeds", "tick_seconds"})


class _Economy:
    """The plan's steps. Everything is created by the deployer, who keeps no power over anybody's funds."""

    def __init__(self, plan: Plan, chain: Chain, scenario: Scenario, reporters: Sequence[str]) -> None:
        self.plan = plan
        self.chain = chain
        self.scenario = scenario
        self.reporters = list(reporters)
        self.deployer = plan.manifest.deployer
        self.issuer, self.guardian, self.monitor = (
            chain.accounts.address(n) for n in ("issuer", "guardian", "monitor")
        )

    def build(self) -> None:
        """Queue every step in its order."""
        self._shared()
        self._identities()
        for asset in self.scenario.assets:
            self._token(asset)
        # the T-REX factory chose the addresses: learn them before anything is built on them
        tokens = [self.plan.read(self.factory, "TREXFactory", "getToken", asset.name) for asset in self.scenario.assets]
        for asset, token in zip(self.scenario.assets, tokens, strict=True):
            self._market(asset, token)
        self._verify_venues()
        for entry, asset in zip(self.plan.manifest.assets, self.scenario.assets, strict=True):
            self._fund(entry, asset)

    def _shared(self) -> None:
        create, market = self.plan.create, self.scenario.market
        self.cash = create("Cash", "Cash", self.deployer)
        self.plan.call(
            "let issuer mint cash", self.cash, _data("Cash", "grantRole", keccak(b"MINTER_ROLE"), self.issuer)
        )
        self.income = create("IncomeModule", "IncomeModule", self.deployer, self.cash)
        self.halt = create("HaltModule", "HaltModule", self.deployer, self.guardian)
        create("AlertBoard", "AlertBoard", self.deployer, self.monitor)
        create("Lens", "Lens")
        weth = create("WETH9", "WETH9")
        self.pools = create("UniswapV2Factory", "UniswapV2Factory", self.deployer)
        self.router = create("UniswapV2Router02", "UniswapV2Router02", self.pools, weth)
        self.morpho = create("Morpho", "Morpho", self.deployer)
        low = market.rate_kink - market.rate_base
        rates = (market.rate_base, low, market.rate_max - market.rate_kink, market.kink)
        self.rate = create("KinkedRate", "KinkedRate", *(round(r * WAD) for r in rates))
        self.plan.call("enable the rate model", self.morpho, _data("Morpho", "enableIrm", self.rate))
        for lltv in sorted({asset.lltv for asset in self.scenario.assets}):
            self.plan.call(f"enable lltv {lltv}", self.morpho, _data("Morpho", "enableLltv", round(lltv * WAD)))
        if market.halt_exempts_loans:
            self.plan.call("exempt Morpho from halts", self.halt, _data("HaltModule", "setExempt", self.morpho, True))

    def _identities(self) -> None:
        create, call = self.plan.create, self.plan.call
        implementation = create("Identity", "Identity", self.deployer, True)
        authority = create("ImplementationAuthority", "ImplementationAuthority", implementation)
        self.ids = create("IdFactory", "IdFactory", authority)
        issuer_key = self.chain.accounts.address("claim-issuer")
        self.claims = create("ClaimIssuer", "ClaimIssuer", issuer_key)
        names = (
            *("Token", "ClaimTopicsRegistry", "IdentityRegistry", "IdentityRegistryStorage"),
            *("TrustedIssuersRegistry", "ModularCompliance"),
        )
        implementations = tuple(create(f"{name}Implementation", name) for name in names)
        trex = create("TREXImplementationAuthority", "TREXImplementationAuthority", True, ZERO, ZERO)
        version = _data("TREXImplementationAuthority", "addAndUseTREXVersion", (4, 1, 6), implementations)
        call("use T-REX 4.1.6", trex, version)
        self.factory = create("TREXFactory", "TREXFactory", trex, self.ids)
        call("name the T-REX factory", trex, _data("TREXImplementationAuthority", "setTREXFactory", self.factory))
        call("let the T-REX factory make identities", self.ids, _data("IdFactory", "addTokenFactory", self.factory))

    def _token(self, asset: Asset) -> None:
        """A T-REX suite. All suites share the first one's identity storage: one registration serves all tokens."""
        first = self.scenario.assets[0]
        storage = ZERO
        if asset is not first:
            token = self.plan.read(self.factory, "TREXFactory", "getToken", first.name)
            registry = self.plan.read(token, "Token", "identityRegistry")
            storage = self.plan.read(registry, "IdentityRegistry", "identityStorage")
        topics = [ACCREDITED] if self.scenario.market.accreditation else []
        agents = [self.deployer]
        modules = [self.income, self.halt]
        details: tuple[Any, ...] = (
            *(self.deployer, f"Terrarium {asset.name}", asset.name[:12], 6, storage, ZERO),
            *(agents, agents, modules, []),
        )
        claims = (topics, [self.claims] if topics else [], [topics] if topics else [])
        suite = _data("TREXFactory", "deployTREXSuite", asset.name, details, claims)
        self.plan.call(f"deploy the T-REX suite of {asset.name}", self.factory, suite)

    def _market(self, asset: Asset, token: str) -> None:
        """Pool, feed, oracle and loan market of one token; enters them into the manifest."""
        plan, market, feeds = self.plan, self.scenario.market, self.scenario.feeds
        name = asset.name
        registry = plan.read(token, "Token", "identityRegistry")
        compliance = plan.read(token, "Token", "compliance")
        plan.register(f"Token:{name}", "Token", token)
        plan.register(f"IdentityRegistry:{name}", "IdentityRegistry", registry)
        plan.register(f"ModularCompliance:{name}", "ModularCompliance", compliance)
        plan.call(f"create the pool of {name}", self.pools, _data("UniswapV2Factory", "createPair", token, self.cash))
        pair = plan.read(self.pools, "UniswapV2Factory", "getPair", token, self.cash)
        plan.register(f"UniswapV2Pair:{name}", "UniswapV2Pair", pair)
        feed = self._feed(asset)
        if asset.oracle == "appraisal":
            oracle = plan.create(f"FeedOracle:{name}", "FeedOracle", feed, token, self.cash, market.oracle_max_age)
        else:
            oracle = plan.create(f"PoolOracle:{name}", "PoolOracle", pair, token)
        params = (self.cash, token, oracle, self.rate, round(asset.lltv * WAD))
        for what, to, data in (
            ("open the loan market", self.morpho, _data("Morpho", "createMarket", params)),
            ("pay no income to Morpho", self.income, _data("IncomeModule", "setExcluded", token, self.morpho, True)),
            ("sync the pool when paid", self.income, _data("IncomeModule", "setPool", pair, True)),
            ("open the token", token, _data("Token", "unpause")),
        ):
            plan.call(f"{what} of {name}", to, data)
        plan.manifest.assets.append(
            {
                "name": name,
                "token": token,
                "pair": pair,
                "feed": feed,
                "oracle": oracle,
                "oracle_kind": asset.oracle,
                "lltv": round(asset.lltv * WAD),
                "loan_market": "0x" + loan_market(params).hex(),
                "cash_first": int(self.cash, 16) < int(token, 16),
                "feed_max_age": feeds.max_age,
            }
        )

    def _feed(self, asset: Asset) -> str:
        """A feed whose first round is the deployer's, so that oracles answer from the start; the rest are the
        reporters' alone."""
        feeds, half = self.scenario.feeds, max(1, self.scenario.tick_seconds // 2)
        timeout = min(feeds.round_timeout, half)
        what, first = f"{asset.name} appraisal / USD", [self.deployer]
        feed = self.plan.create(
            f"Feed:{asset.name}", "Feed", self.deployer, what, first, 1, timeout, half, feeds.max_age
        )
        steps = [_data("Feed", "submit", round(asset.value * FEED_UNIT))]
        steps += [_data("Feed", "addReporter", reporter) for reporter in self.reporters]
        steps += [_data("Feed", "setQuorum", feeds.quorum)] if self.reporters else []
        steps += [_data("Feed", "removeReporter", self.deployer)] if self.reporters else []
        for data in steps:
            self.plan.call(f"set up the feed of {asset.name}", feed, data)
        return feed

    def _verify_venues(self) -> None:
        """Identities for everybody who holds tokens and is no agent: T-REX refuses to send to anybody else."""
        venues = {"Morpho": self.morpho, "issuer": self.issuer}
        venues |= {f"UniswapV2Pair:{entry['name']}": entry["pair"] for entry in self.plan.manifest.assets}
        for name, address in venues.items():
            data = _data("IdFactory", "createTokenIdentity", address, self.deployer, name)
            self.plan.call(f"make the identity of {name}", self.ids, data)
        found = [self.plan.read(self.ids, "IdFactory", "getIdentity", address) for address in venues.values()]
        if self.scenario.market.accreditation:
            for name, identity in zip(venues, found, strict=True):
                signature = sign_claim(self.chain.accounts, identity, ACCREDITED)
                self.plan.call(f"accredit {name}", identity, claim_data(self.claims, ACCREDITED, signature))
        registry = self.plan.manifest.address(f"IdentityRegistry:{self.scenario.assets[0].name}")
        countries = [VENUE_COUNTRY] * len(venues)
        data = _data("IdentityRegistry", "batchRegisterIdentity", list(venues.values()), found, countries)
        self.plan.call("register the venues", registry, data)

    def _fund(self, entry: dict[str, Any], asset: Asset) -> None:
        """Issue the tokens: part into the pool with cash of equal worth, the rest to the issuer."""
        supply = round(asset.supply * UNIT)
        pooled = round(asset.supply * asset.pool_share * UNIT)
        cash = round(pooled * asset.value)
        for what, to, data in (
            ("issue", entry["token"], _data("Token", "mint", self.issuer, supply - pooled)),
            ("fill the pool of", entry["token"], _data("Token", "mint", entry["pair"], pooled)),
            ("fill the pool of", self.cash, _data("Cash", "mint", entry["pair"], cash)),
            ("open the pool of", entry["pair"], _data("UniswapV2Pair", "mint", self.issuer)),
        ):
            if pooled or what == "issue":
                self.plan.call(f"{what} {asset.name}", to, data)


def _data(artifact: str, function: str, *args: Any) -> bytes:
    return artifacts.load(artifact).fn(function)(*args)
