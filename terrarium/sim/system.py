"""What is no agent but acts on chain: the issuer who pays income out, and the monitor's outbox."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from terrarium.chain import artifacts
from terrarium.chain.accounts import Accounts
from terrarium.chain.types import Call
from terrarium.market.desk import Books
from terrarium.market.economy import CASH_UNIT, TOKEN_UNIT
from terrarium.market.state import MarketState
from terrarium.risk.monitor.alerts import Alert
from terrarium.world import Reading

PAID_PER_CALL = 100  # holders paid by one transaction
ALERT_UNIT = 10**6  # of AlertBoard's values

Sent = tuple[str, Call]  # sender, call


class Issuer:
    """Brings in what the assets earn and pays it to the holders, every so many ticks."""

    def __init__(self, books: Books, accounts: Accounts, every: int) -> None:
        self._books = books
        self._address = accounts.address("issuer")
        self._every = every
        self._earned = np.zeros(len(books.calls))  # dollars per token since the last payment
        self._mint = artifacts.load("Cash").fn("mint")

    def calls(self, tick: int, reading: Reading) -> list[Sent]:
        """The payments due in ``tick``."""
        self._earned += reading.income
        if (tick + 1) % self._every:
            return []
        economy, state = self._books.economy, self._books.state
        sent: list[Sent] = []
        for i, (asset, calls) in enumerate(zip(economy.assets, self._books.calls, strict=True)):
            supply = -int(state.units[state.accounts.known.index("0x" + "00" * 20), i])
            amount = int(self._earned[i] * supply / TOKEN_UNIT * CASH_UNIT)
            self._earned[i] = 0.0
            if amount <= 0:
                continue
            sent.append((self._address, Call(economy.cash, self._mint(self._address, amount), "mint")))
            sent.append((self._address, Call(economy.income, calls.distribute(amount), "distribute")))
            holders = self._holders(state, i, asset.pair)
            for start in range(0, len(holders), PAID_PER_CALL):
                data = calls.claim(holders[start : start + PAID_PER_CALL])
                sent.append((self._address, Call(economy.income, data, "pay_income")))
        return sent

    def _holders(self, state: MarketState, asset: int, pair: str) -> list[str]:
        """Who held the token after the last block, without Morpho, which earns nothing; a pool earns for others."""
        known = state.accounts.known
        skipped = {state.economy.morpho, state.economy.issuer}
        return [known[k] for k in np.flatnonzero(state.units[:, asset] > 0) if known[k] not in skipped]


class Outbox:
    """Posts the monitor's alerts on chain, where everybody can read them."""

    def __init__(self, books: Books, accounts: Accounts) -> None:
        self._economy = books.economy
        self._address = accounts.address("monitor")
        self._post = artifacts.load("AlertBoard").fn("post")

    def calls(self, alerts: Sequence[Alert]) -> list[Sent]:
        """One call per alert."""
        return [(self._address, Call(self._economy.alerts, self._data(alert), "alert")) for alert in alerts]

    def _data(self, alert: Alert) -> bytes:
        subject = self._economy.assets[alert.asset].token
        numbers = (_fixed(alert.value), _fixed(alert.threshold))
        return self._post(alert.rule.encode().ljust(32, b"\0"), subject, alert.severity, *numbers)


def _fixed(value: float) -> int:
    """As the board keeps it; what is infinite is the largest 128-bit number."""
    return int(value * ALERT_UNIT) if abs(value) < 1e30 else 2**127 - 1
