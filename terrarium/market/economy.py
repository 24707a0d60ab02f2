"""Everything a manifest says, ready for use: addresses as columns, codecs by contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak

from terrarium.chain.types import Bytes
from terrarium.errors import ManifestError
from terrarium.market.manifest import Manifest

CASH_UNIT = 10**6  # smallest units of a dollar
TOKEN_UNIT = 10**6  # smallest units of a token
FEED_UNIT = 10**8
WAD = 10**18
YEAR = 365 * 86_400  # seconds, as KinkedRate counts
POOL_FEE = 0.003  # of Uniswap V2, on what goes in


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset and its venues; addresses as lower-case "0x…"."""

    name: str
    token: str
    pair: str
    feed: str
    oracle: str
    lltv: int  # WAD
    loan_market: bytes  # Morpho's id
    loan_params: tuple[str, str, str, str, int]  # loan token, collateral token, oracle, rate model, lltv
    cash_first: bool  # cash is the pair's token0
    appraised: bool  # loans are valued by the feed; else by the pool


@dataclass(frozen=True, slots=True)
class Economy:
    """A deployment as the market's code sees it. n assets, in the scenario's order."""

    assets: tuple[Asset, ...]
    cash: str
    router: str
    morpho: str
    rate: str
    income: str
    halt: str
    alerts: str
    lens: str
    ids: str
    claims: str
    registry: str  # of the first token: all tokens share its identities
    issuer: str
    feed_max_age: int  # seconds
    rates: tuple[float, float, float, float]  # per year at no use, at the kink, at full use; the kink
    halt_exempts_loans: bool
    accreditation: bool
    addresses: frozenset[str]  # of every contract: what agents may call

    @classmethod
    def of(cls, manifest: Manifest, issuer: str) -> Economy:
        """The economy of a finished deployment. Raises `ManifestError` where the manifest lacks a part."""
        at = manifest.address
        cash, rate = at("Cash"), at("KinkedRate")
        try:
            assets = tuple(
                Asset(
                    e["name"],
                    e["token"],
                    e["pair"],
                    e["feed"],
                    e["oracle"],
                    e["lltv"],
                    loan_market((cash, e["token"], e["oracle"], rate, e["lltv"])),
                    (cash, e["token"], e["oracle"], rate, e["lltv"]),
                    e["cash_first"],
                    e["oracle_kind"] == "appraisal",
                )
                for e in manifest.assets
            )
            for asset, e in zip(assets, manifest.assets, strict=True):
                _agree(manifest, asset, e["loan_market"])
            market = manifest.settings["market"]
            return cls(
                assets,
                cash=cash,
                router=at("UniswapV2Router02"),
                morpho=at("Morpho"),
                rate=rate,
                income=at("IncomeModule"),
                halt=at("HaltModule"),
                alerts=at("AlertBoard"),
                lens=at("Lens"),
                ids=at("IdFactory"),
                claims=at("ClaimIssuer"),
                registry=at(f"IdentityRegistry:{assets[0].name}"),
                issuer=issuer,
                feed_max_age=manifest.settings["feeds"]["max_age"],
                rates=(market["rate_base"], market["rate_kink"], market["rate_max"], market["kink"]),
                halt_exempts_loans=market["halt_exempts_loans"],
                accreditation=market["accreditation"],
                addresses=frozenset(c.address for c in manifest.contracts.values()),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ManifestError(f"manifest: {error!r} is missing or malformed; deploy again into a new file") from None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the assets."""
        return tuple(asset.name for asset in self.assets)


def loan_market(params: tuple[str, str, str, str, int]) -> bytes:
    """Morpho's id of a market: the hash of loan token, collateral token, oracle, rate model and lltv."""
    return keccak(abi_encode(["address", "address", "address", "address", "uint256"], params))


def _agree(manifest: Manifest, asset: Asset, market: str) -> None:
    """Raises `ManifestError` where an asset's entry says otherwise than the contracts, which are checked on chain."""
    oracle = "FeedOracle" if asset.appraised else "PoolOracle"
    parts = {"Token": "token", "UniswapV2Pair": "pair", "Feed": "feed", oracle: "oracle"}
    said = {field: (getattr(asset, field), manifest.address(f"{kind}:{asset.name}")) for kind, field in parts.items()}
    said["loan_market"] = (market, "0x" + asset.loan_market.hex())
    for field, (is_, should) in said.items():
        if is_ != should:
            raise ManifestError(
                f"manifest: assets: {field} of {asset.name} is {is_!r}, by its contracts it is {should}; "
                "deploy again into a new file"
            )


class Addresses:
    """Turns columns of addresses into account numbers, whole blocks at a time."""

    def __init__(self, known: list[str]) -> None:
        self.known = known
        rows = np.frombuffer(bytes.fromhex("".join(a[2:] for a in known)), np.uint8).reshape(-1, 20)
        keys = _keys(rows)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        if len(known) > 1 and (self._sorted[1:] == self._sorted[:-1]).any():
            raise ValueError("two accounts share the last eight bytes of their addresses")

    def __len__(self) -> int:
        return len(self.known)

    def index(self, rows: Bytes) -> npt.NDArray[np.int64]:
        """Account numbers of addresses [n, 20]; -1 where unknown."""
        keys = _keys(rows)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return np.where(self._sorted[at] == keys, self._order[at], -1)


def _keys(rows: Bytes) -> npt.NDArray[np.uint64]:
    """The last eight bytes: addresses are hashes, so these tell them apart, and `Addresses` checks that they do."""
    return np.ascontiguousarray(rows[:, 12:]).view(">u8").ravel().astype(np.uint64)
