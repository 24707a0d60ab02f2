"""The event mirror: what everybody has and every venue holds, kept from events alone. A accounts, n assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from terrarium.chain.codec import Columns
from terrarium.chain.types import Block
from terrarium.market.economy import CASH_UNIT, TOKEN_UNIT, WAD, Addresses, Economy
from terrarium.market.events import Decoder, Found
from terrarium.market.figures import Figures, Holdings, held, measured
from terrarium.market.loans import Loans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
__all__ = ["ELSEWHERE", "NOBODY", "Figures", "Holdings", "MarketState", "Posted"]
NOBODY = "0x" + "00" * 20
ELSEWHERE = "0x" + "ff" * 20  # stands for every account that was not named


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
        self.answer: npt.NDArray[np.object_] = np.zeros(n, np.object_)  # a reporter may say what int64 cannot hold
        self.answered_at: Ints = np.zeros(n, np.int64)
        self.round: Ints = np.zeros(n, np.int64)
        self.token_halted = np.zeros(n, np.bool_)
        self.all_halted = False
        base, kinked, full, kink = economy.rates
        rates = tuple(round(r * WAD) for r in (base, kinked - base, full - kinked, kink))
        self.loans = [Loans(asset.lltv, (rates[0], rates[1], rates[2], rates[3])) for asset in economy.assets]
        self.block = 0
        self.now = 0  # seconds: of the last block, or the later moment last looked at
        self.alerts: list[Posted] = []  # posted in the last block
        self.liquidations = 0  # since the start
        self.income: Floats = np.zeros(n)  # dollars per token paid in the last block
        self.volume: Floats = np.zeros(n)  # dollars traded in the last block
        self.liquidated: Floats = np.zeros(n)  # dollars repaid by liquidators or written off in the last block
        self._figures: tuple[int, Figures] | None = None  # as last computed, with their time
        self._holdings: tuple[int, Holdings] | None = None

    def apply(self, block: Block) -> None:
        """Take in one block."""
        logs = block.logs
        self.block, self.now = block.number, block.timestamp
        self._figures = self._holdings = None
        for flow in (self.income, self.volume, self.liquidated):
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
        times = np.full(len(logs), block.timestamp) if block.log_times is None else block.log_times
        self._lent(self._events.loans(logs), times)
        answers = self._events.answers(logs)
        for i, asset in enumerate(answers.asset):
            self.answer[asset] = int(answers.columns["current"][i])
            self.answered_at[asset] = answers.columns["updatedAt"][i]
            self.round[asset] = answers.columns["roundId"][i]
        for _, event, asset in self._events.halts(logs):
            if event.startswith("All"):
                self.all_halted = event == "AllHalted"
            elif asset >= 0:
                self.token_halted[asset] = event == "Halted"
        incomes = self._events.incomes(logs)
        for asset, amount in zip(incomes.asset, incomes.columns["amount"], strict=True):
            if asset >= 0:  # anybody may have a token of their own pay through the module
                supply = -int(self.units[self._nobody, asset])
                self.income[asset] += float(amount) / CASH_UNIT / (supply / TOKEN_UNIT)
        self._read_board(self._events.alerts(logs))

    @property
    def halted(self) -> npt.NDArray[np.bool_]:
        """[n] whether the token's transfers are refused."""
        return self.token_halted | self.all_halted

    def figures(self, now: int) -> Figures:
        """The market at ``now`` (seconds), interest up to then included. Read-only."""
        if self._figures is None or self._figures[0] != now:
            self._figures, self.now = (now, measured(self, now)), now
        return self._figures[1]

    def holdings(self, now: int) -> Holdings:
        """What every account has at ``now`` (seconds), interest up to then included. Read-only."""
        if self._holdings is None or self._holdings[0] != now:
            self._holdings, self.now = (now, held(self, now)), now
        return self._holdings[1]

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
        np.add.at(self.volume, swaps.asset, cash.astype(np.float64) / CASH_UNIT)

    def _lent(self, found: dict[str, Found], times: Ints) -> None:
        """In the order of the block: Morpho rounds, so the order of events matters to the last unit."""
        happened = []
        for event, logs in found.items():
            whose = "borrower" if event == "Liquidate" else "onBehalf"
            who = self.accounts.index(logs.columns[whose]) if whose in logs.columns else np.zeros(len(logs), np.int64)
            names = [k for k in logs.columns if k.lower().endswith(("assets", "shares", "interest"))]
            values = list(zip(*(logs.columns[name].tolist() for name in names), strict=True)) or [()] * len(logs)
            places = zip(logs.columns["log"].tolist(), logs.asset.tolist(), who.tolist(), values, strict=True)
            happened += [(at, asset, event, w, names, row) for at, asset, w, row in places if asset >= 0]
        for at, asset, event, account, names, row in sorted(happened, key=lambda h: h[0]):
            args = dict(zip(names, row, strict=True))
            self.loans[asset].apply(event, account, args, int(times[at]))
            if event == "Liquidate":
                self.liquidations += 1
                self.liquidated[asset] += (args["repaidAssets"] + args["badDebtAssets"]) / CASH_UNIT

    def _read_board(self, posted: Found) -> None:
        c = posted.columns
        for i, asset in enumerate(posted.asset):
            rule = bytes(c["rule"][i]).rstrip(b"\0").decode("ascii", "replace")
            value, threshold = float(c["value"][i]) / 1e6, float(c["threshold"][i]) / 1e6
            self.alerts.append(Posted(rule, int(asset), int(c["severity"][i]), value, threshold))
