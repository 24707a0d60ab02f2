"""Builds one account's calls from plain amounts: dollars and tokens as floats, rounded down, clamped where possible."""

from __future__ import annotations

from collections.abc import Callable

from terrarium.chain.types import Call
from terrarium.market.calls import AssetCalls
from terrarium.market.economy import CASH_UNIT, FEED_UNIT, TOKEN_UNIT, Economy
from terrarium.market.state import MarketState


class Books:
    """Templates of an economy and the mirror they are clamped against: shared by all desks."""

    def __init__(self, economy: Economy, state: MarketState) -> None:
        self.economy = economy
        self.state = state
        self.calls = [AssetCalls(economy, asset) for asset in economy.assets]


MOST = 1e12  # dollars or tokens; also what "all" may be written as: infinity
BIT = 1 + 2**-52
ALL = 2  # smallest units by which a float, and its rounding down, may miss what it stands for


class Desk:
    """The calls of one account. Every method returns a list: empty where the amount comes to nothing.

    Cash to be spent, shares of pools and posted collateral are clamped to what the account had after the last block.
    Tokens to be sold or posted and cash to be repaid are not: they may come in earlier in the same block. ``asset`` is
    a column number.
    """

    __slots__ = ("_account", "_books", "_me", "_spend")

    def __init__(self, books: Books, account: int, spend: Callable[[], None]) -> None:
        self._books = books
        self._account = account
        self._me = int(books.state.accounts.known[account], 16)
        self._spend = spend

    def buy(self, asset: int, cash: float, min_units: float = 0.0) -> list[Call]:
        """Spend dollars on the pool; fails on chain where they bring fewer than ``min_units`` tokens."""
        amount = self._cash(cash)
        return self._router("buy", amount, lambda c: c.buy(amount, _floor(min_units, TOKEN_UNIT), self._me), asset)

    def sell(self, asset: int, units: float, min_cash: float = 0.0) -> list[Call]:
        """Sell tokens on the pool; fails on chain where they bring less than ``min_cash`` dollars."""
        amount = _floor(units, TOKEN_UNIT)
        return self._router("sell", amount, lambda c: c.sell(amount, _floor(min_cash, CASH_UNIT), self._me), asset)

    def add_liquidity(self, asset: int, cash: float, units: float) -> list[Call]:
        """Put dollars and tokens into the pool, in its own proportion and at most as much as given."""
        money, amount = self._cash(cash), self._held(asset, units)
        return self._router("add_liquidity", min(money, amount), lambda c: c.add(money, amount, self._me), asset)

    def remove_liquidity(self, asset: int, share: float) -> list[Call]:
        """Take this share (0..1) of the account's own liquidity out of the pool."""
        own = int(self._books.state.lp[self._account, asset])
        amount = min(own, int(own * min(share, 1.0))) if share > 0.0 else 0
        return self._router("remove_liquidity", amount, lambda c: c.remove(amount, self._me), asset)

    def lend(self, asset: int, cash: float) -> list[Call]:
        """Supply dollars to the loan market."""
        amount = self._cash(cash)
        return self._morpho("lend", amount, lambda c: c.supply(amount, 0, self._me), asset)

    def unlend(self, asset: int, cash: float) -> list[Call]:
        """Take dollars out of the loan market; all shares where ``cash`` is at least what they will be worth."""
        state, amount = self._books.state, _floor(cash, CASH_UNIT)
        shares = state.loans[asset].supplied.get(self._account, 0)
        if amount and amount + ALL >= state.loans[asset].worth(self._account, state.now):
            return self._morpho("unlend", shares, lambda c: c.withdraw(0, shares, self._me, self._me), asset)
        return self._morpho("unlend", amount, lambda c: c.withdraw(amount, 0, self._me, self._me), asset)

    def post(self, asset: int, units: float) -> list[Call]:
        """Post tokens as collateral."""
        amount = _floor(units, TOKEN_UNIT)
        return self._morpho("post", amount, lambda c: c.post(amount, self._me), asset)

    def release(self, asset: int, units: float) -> list[Call]:
        """Take collateral back."""
        amount = min(_floor(units, TOKEN_UNIT), self._books.state.loans[asset].posted.get(self._account, 0))
        return self._morpho("release", amount, lambda c: c.release(amount, self._me, self._me), asset)

    def borrow(self, asset: int, cash: float) -> list[Call]:
        """Borrow dollars against the posted collateral."""
        amount = _floor(cash, CASH_UNIT)
        return self._morpho("borrow", amount, lambda c: c.borrow(amount, 0, self._me, self._me), asset)

    def repay(self, asset: int, cash: float) -> list[Call]:
        """Repay dollars; the whole debt where ``cash`` covers it, interest up to the coming block included."""
        state, amount = self._books.state, _floor(cash, CASH_UNIT)
        shares = state.loans[asset].borrowed.get(self._account, 0)
        if amount and amount + ALL >= state.loans[asset].debt(self._account, state.now):
            return self._morpho("repay", shares, lambda c: c.repay(0, shares, self._me), asset)
        return self._morpho("repay", amount, lambda c: c.repay(amount, 0, self._me), asset)

    def liquidate(self, asset: int, account: int, units: float) -> list[Call]:
        """Seize this many tokens of another account's collateral and repay the debt they stand for."""
        amount = _floor(units, TOKEN_UNIT)  # not clamped: what somebody else has now is not for this account to know
        whom = int(self._books.state.accounts.known[int(account)], 16)
        return self._morpho("liquidate", amount, lambda c: c.liquidate(whom, amount, 0), asset)

    def claim_income(self, asset: int) -> list[Call]:
        """Have the income due paid out now."""
        own = [self._books.state.accounts.known[self._account]]
        return self._call("claim_income", 1, self._books.economy.income, lambda c: c.claim(own), asset)

    def submit(self, asset: int, value: float) -> list[Call]:
        """Report an appraisal, in dollars per token (reporters)."""
        amount = _floor(value, FEED_UNIT)
        return self._call("submit", amount, self._books.economy.assets[asset].feed, lambda c: c.submit(amount), asset)

    def halt(self, asset: int) -> list[Call]:
        """Halt a token (guardian)."""
        return self._call("halt", 1, self._books.economy.halt, lambda c: c.halt, asset)

    def unhalt(self, asset: int) -> list[Call]:
        """End a token's halt (guardian)."""
        return self._call("unhalt", 1, self._books.economy.halt, lambda c: c.unhalt, asset)

    def sync(self, asset: int) -> list[Call]:
        """Have the pool take what it was sent as its reserves."""
        return self._call("sync", 1, self._books.economy.assets[asset].pair, lambda c: c.sync, asset)

    def _cash(self, dollars: float) -> int:
        return min(_floor(dollars, CASH_UNIT), int(self._books.state.cash[self._account]))

    def _held(self, asset: int, units: float) -> int:
        return min(_floor(units, TOKEN_UNIT), int(self._books.state.units[self._account, asset]))

    def _router(self, verb: str, amount: int, data: Callable[[AssetCalls], bytes], asset: int) -> list[Call]:
        return self._call(verb, amount, self._books.economy.router, data, asset)

    def _morpho(self, verb: str, amount: int, data: Callable[[AssetCalls], bytes], asset: int) -> list[Call]:
        return self._call(verb, amount, self._books.economy.morpho, data, asset)

    def _call(self, verb: str, amount: int, to: str, data: Callable[[AssetCalls], bytes], asset: int) -> list[Call]:
        self._spend()
        return [Call(to, data(self._books.calls[asset]), verb)] if amount > 0 else []


def _floor(amount: float, unit: int) -> int:
    """Smallest units, rounded down; 0 for anything that is no positive number, and never more than 1e12 wholes.

    A float that came from smallest units gives them back: the last bit that dividing and multiplying lose is put back.
    """
    return int(min(amount, MOST) * unit * BIT) if amount > 0.0 else 0
