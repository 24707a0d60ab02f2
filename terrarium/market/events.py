"""The market's events out of a block's logs: one table per event, with asset and account numbers filled in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terrarium.chain import artifacts
from terrarium.chain.codec import Columns, Event
from terrarium.chain.types import Logs
from terrarium.chain.words import Column
from terrarium.market.economy import Addresses, Economy

LOANS = ("CreateMarket", "AccrueInterest", "Supply", "Withdraw", "Borrow", "Repay", "SupplyCollateral",
         "WithdrawCollateral", "Liquidate")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """The logs of one event; ``asset`` [k] is the number of the asset they concern, -1 where none."""

    columns: Columns
    asset: Column

    def __len__(self) -> int:
        return len(self.asset)


class Decoder:
    """Decodes whole blocks. n assets."""

    def __init__(self, economy: Economy) -> None:
        assets = economy.assets
        self.cash = {economy.cash}
        self.tokens = Addresses([a.token for a in assets])
        self.pairs = Addresses([a.pair for a in assets])
        self.feeds = Addresses([a.feed for a in assets])
        self._ids = np.frombuffer(b"".join(a.loan_market for a in assets), np.uint8).reshape(-1, 32)
        self._economy = economy
        self._transfer = _event("Cash", "Transfer")
        self._swap, self._sync = _event("UniswapV2Pair", "Swap"), _event("UniswapV2Pair", "Sync")
        self._loans = {name: _event("Morpho", name) for name in LOANS}
        self._answer = _event("Feed", "AnswerUpdated")
        self._halts = {name: _event("HaltModule", name) for name in ("Halted", "Unhalted", "AllHalted", "AllUnhalted")}
        self._income = _event("IncomeModule", "Distributed")
        self._posted = _event("AlertBoard", "Posted")

    def cash_transfers(self, logs: Logs) -> Columns:
        """Cash moved."""
        return self._transfer.decode(logs, self.cash)

    def token_transfers(self, logs: Logs) -> Found:
        """Tokens moved."""
        return self._by_emitter(self._transfer, logs, self.tokens)

    def share_transfers(self, logs: Logs) -> Found:
        """Shares of pools moved."""
        return self._by_emitter(self._transfer, logs, self.pairs)

    def swaps(self, logs: Logs) -> Found:
        """Trades on pools."""
        return self._by_emitter(self._swap, logs, self.pairs)

    def syncs(self, logs: Logs) -> Found:
        """Reserves of pools."""
        return self._by_emitter(self._sync, logs, self.pairs)

    def answers(self, logs: Logs) -> Found:
        """Rounds closed by feeds."""
        return self._by_emitter(self._answer, logs, self.feeds)

    def loans(self, logs: Logs) -> dict[str, Found]:
        """What happened on Morpho, by event."""
        found = {}
        for name, event in self._loans.items():
            columns = event.decode(logs, {self._economy.morpho})
            same = (columns["id"][:, None, :] == self._ids[None, :, :]).all(axis=2)
            found[name] = Found(columns, np.where(same.any(axis=1), same.argmax(axis=1), -1))
        return found

    def halts(self, logs: Logs) -> list[tuple[int, str, int]]:
        """(place in the block, event, asset or -1 for all), in order."""
        out = []
        for name, event in self._halts.items():
            columns = event.decode(logs, {self._economy.halt})
            asset = self.tokens.index(columns["token"]) if "token" in columns else np.full(columns.rows, -1)
            out += [(int(log), name, int(a)) for log, a in zip(columns["log"], asset, strict=True)]
        return sorted(out)

    def incomes(self, logs: Logs) -> Found:
        """Income paid in for holders."""
        columns = self._income.decode(logs, {self._economy.income})
        return Found(columns, self.tokens.index(columns["token"]))

    def alerts(self, logs: Logs) -> Found:
        """Alerts on the board."""
        columns = self._posted.decode(logs, {self._economy.alerts})
        return Found(columns, self.tokens.index(columns["subject"]))

    def _by_emitter(self, event: Event, logs: Logs, emitters: Addresses) -> Found:
        columns = event.decode(logs, emitters.known)
        return Found(columns, emitters.index(columns["emitter"]))


def _event(artifact: str, name: str) -> Event:
    return artifacts.load(artifact).event(name)
