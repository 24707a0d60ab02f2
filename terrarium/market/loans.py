"""One Morpho Blue market, mirrored to the wei: totals, positions and interest not yet booked. Integers throughout.

Source: Morpho Blue 1.0 (Morpho.sol, SharesMathLib, MathLib) and contracts/lending/KinkedRate.sol.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from terrarium.market.economy import WAD, YEAR

VIRTUAL_ASSETS, VIRTUAL_SHARES = 1, 10**6
CURSOR, MOST_INCENTIVE = 3 * WAD // 10, 115 * WAD // 100


@dataclass(slots=True)
class Loans:
    """Totals of a market as of ``updated`` (seconds), and who has what in it, by account number."""

    lltv: int  # WAD
    rates: tuple[int, int, int, int]  # WAD per year: base, slope to the kink, slope beyond; WAD: the kink
    supply_assets: int = 0
    supply_shares: int = 0
    borrow_assets: int = 0
    borrow_shares: int = 0
    updated: int = 0
    collateral: int = 0
    bad_debt: int = 0  # since the start, smallest units of cash
    supplied: dict[int, int] = field(default_factory=dict)  # shares
    borrowed: dict[int, int] = field(default_factory=dict)  # shares
    posted: dict[int, int] = field(default_factory=dict)  # smallest units of the token

    def rate(self) -> int:
        """Rate of the loans, WAD per year, rounded up."""
        use = 0 if self.supply_assets == 0 else -(-self.borrow_assets * WAD // self.supply_assets)
        base, low, high, kink = self.rates
        if use <= kink:
            return base - (-low * use // kink)
        return base + low - (-high * (min(use, WAD) - kink) // (WAD - kink))

    def interest(self, now: int) -> int:
        """Interest from ``updated`` to ``now``: three terms of the exponential, each rounded down."""
        elapsed = now - self.updated
        if elapsed <= 0 or self.borrow_assets == 0:
            return 0
        first = -(-self.rate() // YEAR) * elapsed
        second = first * first // (2 * WAD)
        third = second * first // (3 * WAD)
        return self.borrow_assets * (first + second + third) // WAD

    def debt(self, account: int, now: int) -> int:
        """What ``account`` owes at ``now``, rounded up."""
        shares = self.borrowed.get(account, 0)
        total = self.borrow_assets + self.interest(now) + VIRTUAL_ASSETS
        return -(-shares * total // (self.borrow_shares + VIRTUAL_SHARES))

    def worth(self, account: int, now: int) -> int:
        """What the shares ``account`` has supplied are worth at ``now``, rounded down."""
        shares = self.supplied.get(account, 0)
        total = self.supply_assets + self.interest(now) + VIRTUAL_ASSETS
        return shares * total // (self.supply_shares + VIRTUAL_SHARES)

    def incentive(self) -> int:
        """Value of collateral seized per value repaid, WAD: min(1.15, 1 / (1 − 0.3 · (1 − lltv)))."""
        return min(MOST_INCENTIVE, WAD * WAD // (WAD - CURSOR * (WAD - self.lltv) // WAD))

    def apply(self, event: str, who: int, args: dict[str, int], now: int) -> None:
        """Take in one event of the market; ``who`` is the account whose position it changes."""
        if event != "SupplyCollateral":  # the one act for which Morpho books no interest
            self.updated = now
        assets, shares = args.get("assets", 0), args.get("shares", 0)
        match event:
            case "AccrueInterest":
                self.borrow_assets += args["interest"]
                self.supply_assets += args["interest"]
            case "Supply":
                self.supply_assets += assets
                self.supply_shares += shares
                _add(self.supplied, who, shares)
            case "Withdraw":
                self.supply_assets -= assets
                self.supply_shares -= shares
                _add(self.supplied, who, -shares)
            case "Borrow":
                self.borrow_assets += assets
                self.borrow_shares += shares
                _add(self.borrowed, who, shares)
            case "Repay":
                self.borrow_assets = max(self.borrow_assets - assets, 0)
                self.borrow_shares -= shares
                _add(self.borrowed, who, -shares)
            case "SupplyCollateral":
                self.collateral += assets
                _add(self.posted, who, assets)
            case "WithdrawCollateral":
                self.collateral -= assets
                _add(self.posted, who, -assets)
            case "Liquidate":
                # repaid first, then the bad debt: Morpho floors the former at nothing
                self.borrow_assets = max(self.borrow_assets - args["repaidAssets"], 0) - args["badDebtAssets"]
                self.borrow_shares -= args["repaidShares"] + args["badDebtShares"]
                self.supply_assets -= args["badDebtAssets"]
                self.bad_debt += args["badDebtAssets"]
                self.collateral -= args["seizedAssets"]
                _add(self.borrowed, who, -args["repaidShares"] - args["badDebtShares"])
                _add(self.posted, who, -args["seizedAssets"])


def _add(book: dict[int, int], who: int, change: int) -> None:
    left = book.get(who, 0) + change
    if left:
        book[who] = left
    else:
        book.pop(who, None)
