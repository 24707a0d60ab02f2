"""The event mirror: what everybody has and every venue holds, kept from events alone. A accounts, n assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from terrarium.chain.codec import Columns
from terrarium.chain.types import Block
from terrarium.market.economy import CASH_UNIT, FEED_UNIT, TOKEN_UNIT, WAD, Addresses, Economy
from terrarium.market.events import Decoder, Found
from terrarium.market.loans import VIRTUAL_ASSETS, VIRTUAL_SHARES, Loans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NOBODY = "0x" + "00" * 20
ELSEWHERE = "0x" + "ff" * 20  # stands for every account that was not named


class Figures(NamedTuple):
    """The market in dollars and tokens; all [n]."""

    price: Floats  # pool mid price; NaN while the pool is empty
    appraisal: Floats  # newest answer of the feed
    appraised_at: Floats  # its time, seconds
    income: Floats  # paid per token in the last block
    volume: Floats  # dollars traded in the last block
    pool_cash: Floats
    pool_units: Floats
    halted: npt.NDArray[np.bool_]
    supplied: Floats  # dollars lent, with interest
    borrowed: Floats  # dollars owed, with interest
    collateral: Floats  # tokens posted
    collateral_price: Floats  # what the loan market's oracle says
    loan_rate: Floats  # per year
    loan_use: Floats  # borrowed / supplied
    lltv: Floats
    incentive: Floats  # value seized per value repaid
    bad_debt: Floats  # dollars written off since the start
    liquidated: Floats  # dollars repaid by liquidators or written off in the last block


class Holdings(NamedTuple):
    """What accounts have, in dollars and tokens: [A] or [A, n]."""

    cash: Floats
    units: Floats
    lp: Floats  # share of each pool, 0..1
    collateral: Floats
    debt: Floats  # with interest
    supplied: Floats  # with interest
    wealth: Floats  # marked at pool prices


Columned = TypeVar("Columned", Figures, Holdings)


class Posted(NamedTuple):
    """An alert as it stands on the board."""

    rule: str
    asset: int
    severity: int
    value: float
    threshold: float


class MarketState:
    """Apply every block in order, from the first one of the deployment on.

    Accounts are numbered as given; then come the economy's own: pools, Morpho, the income module, the issuer, nobody
    (the zero address) and everybody else together. Balances are exact: int64 in smallest units, Python integers for
    loans.
    """

    def __init__(self, economy: Economy, accounts: Sequence[str]) -> None:
        self.economy = economy
        self._events = Decoder(economy)
        pairs = [asset.pair for asset in economy.assets]
        own = [*pairs, economy.morpho, economy.income, economy.issuer, NOBODY, ELSEWHERE]
        self.accounts = Addresses([*accounts, *(a for a in own if a not in accounts)])
        self._nobody = self.accounts.known.index(NOBODY)
        a, n = len(self.accounts), len(economy.assets)
        self.cash: Ints = np.zeros(a, np.int64)
        self.units: Ints = np.zeros((a, n), np.int64)
        self.lp: Ints = np.zeros((a, n), np.int64)
        self.lp_supply: Ints = np.zeros(n, np.int64)
        self.pool_cash: Ints = np.zeros(n, np.int64)
        self.pool_units: Ints = np.zeros(n, np.int64)
        self.answer: Ints = np.zeros(n, np.int64)
        self.answered_at: Ints = np.zeros(n, np.int64)
        self.round: Ints = np.zeros(n, np.int64)
        self.token_halted = np.zeros(n, np.bool_)
        self.all_halted = False
        base, kinked, full, kink = economy.rates
        rates = tuple(round(r * WAD) for r in (base, kinked - base, full - kinked, kink))
        self.loans = [Loans(asset.lltv, (rates[0], rates[1], rates[2], rates[3])) for asset in economy.assets]
        self.block = 0
        self.alerts: list[Posted] = []  # posted in the last block
        self.liquidations = 0  # since the start
        self._income: Floats = np.zeros(n)
        self._volume: Floats = np.zeros(n)
        self._liquidated: Floats = np.zeros(n)
        self._figures: tuple[int, Figures] | None = None  # as last computed, with their time
        self._holdings: tuple[int, Holdings] | None = None

    def apply(self, block: Block) -> None:
        """Take in one block."""
        logs = block.logs
        self.block = block.number
        self._figures = self._holdings = None
        for flow in (self._income, self._volume, self._liquidated):
            flow[:] = 0.0
        self.alerts = []
        if not len(logs):
            return
        self._cash_moved(self._events.cash_transfers(logs))
        self._moved(self.units, self._events.token_transfers(logs))
        shares = self._events.share_transfers(logs)
        self._moved(self.lp, shares)
        self._supply_of_shares(shares)
        self._reserves(self._events.syncs(logs))
        self._trades(self._events.swaps(logs))
        self._lent(self._events.loans(logs), block.timestamp)
        answers = self._events.answers(logs)
        for i, asset in enumerate(answers.asset):
            self.answer[asset] = answers.columns["current"][i]
            self.answered_at[asset] = answers.columns["updatedAt"][i]
            self.round[asset] = answers.columns["roundId"][i]
        for _, event, asset in self._events.halts(logs):
            if event.startswith("All"):
                self.all_halted = event == "AllHalted"
            elif asset >= 0:
                self.token_halted[asset] = event == "Halted"
        incomes = self._events.incomes(logs)
        for asset, amount in zip(incomes.asset, incomes.columns["amount"], strict=True):
            supply = -int(self.units[self._nobody, asset])
            self._income[asset] += float(amount) / CASH_UNIT / (supply / TOKEN_UNIT)
        self._read_board(self._events.alerts(logs))

    @property
    def halted(self) -> npt.NDArray[np.bool_]:
        """[n] whether the token's transfers are refused."""
        return self.token_halted | self.all_halted

    def collateral_price(self) -> Floats:
        """[n] dollars per token, as the oracle of each loan market says."""
        with np.errstate(divide="ignore", invalid="ignore"):
            pool = self.pool_cash / self.pool_units
        return np.where([a.appraised for a in self.economy.assets], self.answer / FEED_UNIT, pool)

    def figures(self, now: int) -> Figures:
        """The market at ``now`` (seconds), interest up to then included. Read-only."""
        if self._figures is None or self._figures[0] != now:
            self._figures = now, _frozen(self._measured(now))
        return self._figures[1]

    def holdings(self, now: int) -> Holdings:
        """What every account has at ``now`` (seconds), interest up to then included. Read-only."""
        if self._holdings is None or self._holdings[0] != now:
            self._holdings = now, _frozen(self._held(now))
        return self._holdings[1]

    def _measured(self, now: int) -> Figures:
        interest = [loans.interest(now) for loans in self.loans]
        supplied = np.array([(m.supply_assets + i) / CASH_UNIT for m, i in zip(self.loans, interest, strict=True)])
        borrowed = np.array([(m.borrow_assets + i) / CASH_UNIT for m, i in zip(self.loans, interest, strict=True)])
        with np.errstate(divide="ignore", invalid="ignore"):
            price = self.pool_cash / self.pool_units
            use = np.where(supplied > 0, borrowed / supplied, 0.0)
            appraisal = np.where(self.round > 0, self.answer / FEED_UNIT, np.nan)
        return Figures(
            price=price,
            appraisal=appraisal,
            appraised_at=np.where(self.round > 0, self.answered_at, np.nan),
            income=self._income.copy(),
            volume=self._volume.copy(),
            pool_cash=self.pool_cash / CASH_UNIT,
            pool_units=self.pool_units / TOKEN_UNIT,
            halted=self.halted,
            supplied=supplied,
            borrowed=borrowed,
            collateral=np.array([m.collateral / TOKEN_UNIT for m in self.loans]),
            collateral_price=self.collateral_price(),
            loan_rate=np.array([m.rate() / WAD for m in self.loans]),
            loan_use=use,
            lltv=np.array([m.lltv / WAD for m in self.loans]),
            incentive=np.array([m.incentive() / WAD for m in self.loans]),
            bad_debt=np.array([m.bad_debt / CASH_UNIT for m in self.loans]),
            liquidated=self._liquidated.copy(),
        )

    def _held(self, now: int) -> Holdings:
        shape = self.units.shape
        collateral, debt, supplied = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for i, m in enumerate(self.loans):
            interest = m.interest(now)
            per_debt = (m.borrow_assets + interest + VIRTUAL_ASSETS) / (m.borrow_shares + VIRTUAL_SHARES) / CASH_UNIT
            per_share = (m.supply_assets + interest + VIRTUAL_ASSETS) / (m.supply_shares + VIRTUAL_SHARES) / CASH_UNIT
            for book, column, scale in (
                (m.posted, collateral, 1 / TOKEN_UNIT),
                (m.borrowed, debt, per_debt),
                (m.supplied, supplied, per_share),
            ):
                if book:
                    column[list(book), i] = np.fromiter(book.values(), np.float64, len(book)) * scale
        cash, units = self.cash / CASH_UNIT, self.units / TOKEN_UNIT
        with np.errstate(divide="ignore", invalid="ignore"):
            lp = np.where(self.lp_supply > 0, self.lp / self.lp_supply, 0.0)
            price = np.nan_to_num(self.pool_cash / self.pool_units, posinf=0.0)
        pools = 2 * self.pool_cash / CASH_UNIT  # both sides are worth the same
        wealth = cash + (units + collateral) @ price + lp @ pools + supplied.sum(axis=1) - debt.sum(axis=1)
        return Holdings(cash, units, lp, collateral, debt, supplied, wealth)

    def _cash_moved(self, moved: Columns) -> None:
        self._book(self.cash, moved, slice(None))

    def _moved(self, book: Ints, moved: Found) -> None:
        self._book(book, moved.columns, moved.asset)

    def _book(self, book: Ints, moved: Columns, asset: npt.NDArray[np.int64] | slice) -> None:
        value = moved["value"]
        if value.dtype == object:
            raise OverflowError("a transfer of more than 2**63 smallest units: the mirror keeps int64")
        source, target = self.accounts.index(moved["from"]), self.accounts.index(moved["to"])
        if isinstance(asset, slice):
            np.subtract.at(book, source, value)  # unknown accounts are -1: the last, which stands for everybody else
            np.add.at(book, target, value)
        else:
            np.subtract.at(book, (source, asset), value)
            np.add.at(book, (target, asset), value)

    def _supply_of_shares(self, moved: Found) -> None:
        nobody = self._nobody
        source, target = (self.accounts.index(moved.columns[side]) for side in ("from", "to"))
        minted, burned = source == nobody, (target == nobody) & (source != nobody)
        np.add.at(self.lp_supply, moved.asset[minted], moved.columns["value"][minted])
        np.subtract.at(self.lp_supply, moved.asset[burned], moved.columns["value"][burned])

    def _reserves(self, syncs: Found) -> None:
        # the last one of a pool counts; numpy keeps the last of repeated assignments
        first = np.array([a.cash_first for a in self.economy.assets])[syncs.asset]
        reserve0, reserve1 = syncs.columns["reserve0"], syncs.columns["reserve1"]
        self.pool_cash[syncs.asset] = np.where(first, reserve0, reserve1)
        self.pool_units[syncs.asset] = np.where(first, reserve1, reserve0)

    def _trades(self, swaps: Found) -> None:
        first = np.array([a.cash_first for a in self.economy.assets])[swaps.asset]
        c = swaps.columns
        cash = np.where(first, c["amount0In"] + c["amount0Out"], c["amount1In"] + c["amount1Out"])
        np.add.at(self._volume, swaps.asset, cash.astype(np.float64) / CASH_UNIT)

    def _lent(self, found: dict[str, Found], now: int) -> None:
        """In the order of the block: Morpho rounds, so the order of events matters to the last unit."""
        happened = []
        for event, logs in found.items():
            whose = "borrower" if event == "Liquidate" else "onBehalf"
            who = self.accounts.index(logs.columns[whose]) if whose in logs.columns else np.zeros(len(logs), np.int64)
            names = [k for k in logs.columns if k.lower().endswith(("assets", "shares", "interest"))]
            values = list(zip(*(logs.columns[name].tolist() for name in names), strict=True)) or [()] * len(logs)
            places = zip(logs.columns["log"].tolist(), logs.asset.tolist(), who.tolist(), values, strict=True)
            happened += [(at, asset, event, w, names, row) for at, asset, w, row in places if asset >= 0]
        for _, asset, event, account, names, row in sorted(happened, key=lambda h: h[0]):
            args = dict(zip(names, row, strict=True))
            self.loans[asset].apply(event, account, args, now)
            if event == "Liquidate":
                self.liquidations += 1
                self._liquidated[asset] += (args["repaidAssets"] + args["badDebtAssets"]) / CASH_UNIT

    def _read_board(self, posted: Found) -> None:
        c = posted.columns
        for i, asset in enumerate(posted.asset):
            rule = bytes(c["rule"][i]).rstrip(b"\0").decode("ascii", "replace")
            value, threshold = float(c["value"][i]) / 1e6, float(c["threshold"][i]) / 1e6
            self.alerts.append(Posted(rule, int(asset), int(c["severity"][i]), value, threshold))


def _frozen(columns: Columned) -> Columned:
    """Everybody who asks gets the same arrays, so nobody may write to them."""
    for column in columns:
        column.flags.writeable = False
    return columns
