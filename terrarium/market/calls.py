"""Calldata of everything an account can do, with the economy's addresses filled in."""

from __future__ import annotations

from terrarium.chain import artifacts
from terrarium.chain.codec import Function
from terrarium.market.economy import Asset, Economy
from terrarium.market.template import Hole, Template

NUMBER, ADDRESS = Hole.NUMBER, Hole.ADDRESS
FOREVER = 2**64  # a deadline that does not pass


class AssetCalls:
    """Templates for one asset. Holes in brackets, amounts in smallest units."""

    def __init__(self, economy: Economy, asset: Asset) -> None:
        swap = _fn("UniswapV2Router02", "swapExactTokensForTokens")
        params = asset.loan_params
        self.buy = Template(swap, NUMBER, NUMBER, [economy.cash, asset.token], ADDRESS, FOREVER)  # [in, least out, to]
        self.sell = Template(swap, NUMBER, NUMBER, [asset.token, economy.cash], ADDRESS, FOREVER)  # [in, least out, to]
        self.add = Template(
            _fn("UniswapV2Router02", "addLiquidity"),
            *(economy.cash, asset.token, NUMBER, NUMBER, 1, 1, ADDRESS, FOREVER),
        )  # [cash, tokens, to]
        self.remove = Template(
            _fn("UniswapV2Router02", "removeLiquidity"), economy.cash, asset.token, NUMBER, 1, 1, ADDRESS, FOREVER
        )  # [shares, to]
        self.supply = Template(_fn("Morpho", "supply"), params, NUMBER, NUMBER, ADDRESS, b"")  # [assets, shares, for]
        self.withdraw = Template(
            _fn("Morpho", "withdraw"), params, NUMBER, NUMBER, ADDRESS, ADDRESS
        )  # [assets, shares, of, to]
        self.borrow = Template(
            _fn("Morpho", "borrow"), params, NUMBER, NUMBER, ADDRESS, ADDRESS
        )  # [assets, shares, of, to]
        self.repay = Template(_fn("Morpho", "repay"), params, NUMBER, NUMBER, ADDRESS, b"")  # [assets, shares, for]
        self.post = Template(_fn("Morpho", "supplyCollateral"), params, NUMBER, ADDRESS, b"")  # [tokens, for]
        self.release = Template(
            _fn("Morpho", "withdrawCollateral"), params, NUMBER, ADDRESS, ADDRESS
        )  # [tokens, of, to]
        self.liquidate = Template(
            _fn("Morpho", "liquidate"), params, ADDRESS, NUMBER, NUMBER, b""
        )  # [whom, seized, shares]
        self.submit = Template(_fn("Feed", "submit"), NUMBER)  # [answer]
        self.sync = _fn("UniswapV2Pair", "sync")()
        self.halt = _fn("HaltModule", "halt")(asset.token)
        self.unhalt = _fn("HaltModule", "unhalt")(asset.token)
        self.distribute = Template(_fn("IncomeModule", "distribute"), asset.token, NUMBER)  # [cash]
        self._token = asset.token
        self._claim = _fn("IncomeModule", "claimFor")

    def claim(self, accounts: list[str]) -> bytes:
        """Pay these accounts what they are owed."""
        return self._claim(self._token, accounts)


def approve(spender: str, amount: int = 2**256 - 1) -> bytes:
    """Calldata of an ERC-20 approval."""
    return _fn("Cash", "approve")(spender, amount)


def _fn(artifact: str, function: str) -> Function:
    return artifacts.load(artifact).fn(function)
