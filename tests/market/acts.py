"""Everything that can happen to the market, as transactions that may well fail: (town, who, asset, part 0..1) -> Tx."""

from __future__ import annotations

import random
from collections.abc import Callable

from terrarium.chain.types import Tx
from tests.market.town import Town, fn

Act = Callable[[Town, int, int, float], list[Tx]]
STRANGER = "0x" + "5a" * 20  # nobody the mirror knows
FOREVER = 2**40
ACTS: dict[str, Act] = {}


def act(make: Act) -> Act:
    ACTS[make.__name__] = make
    return make


def _cash(town: Town, who: int, part: float) -> int:
    return int(int(town.state.cash[who]) * part)


def _units(town: Town, who: int, asset: int, part: float) -> int:
    return int(int(town.state.units[who, asset]) * part)


def _next(town: Town, who: int) -> str:
    return town.who[(who + 1) % len(town.who)]


def _pair(town: Town, who: int, asset: int, function: str, *args: object) -> list[Tx]:
    return [Tx(town.who[who], town.economy.assets[asset].pair, fn("UniswapV2Pair", function, *args))]


def _morpho(town: Town, who: int, asset: int, function: str, *args: object) -> list[Tx]:
    params = town.economy.assets[asset].loan_params
    return [Tx(town.who[who], town.economy.morpho, fn("Morpho", function, params, *args))]


def _swap(town: Town, who: int, amount: int, path: list[str]) -> list[Tx]:
    data = fn("UniswapV2Router02", "swapExactTokensForTokens", amount, 0, path, town.who[who], FOREVER)
    return [Tx(town.who[who], town.economy.router, data)]


@act
def pay(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return [Tx(town.who[who], town.economy.cash, fn("Cash", "transfer", _next(town, who), _cash(town, who, part)))]


@act
def pay_a_stranger(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return [Tx(town.who[who], town.economy.cash, fn("Cash", "transfer", STRANGER, _cash(town, who, part / 10)))]


@act
def burn(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return [Tx(town.who[who], town.economy.cash, fn("Cash", "burn", _cash(town, who, part / 10)))]


@act
def overspend(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    data = fn("Cash", "transfer", _next(town, who), _cash(town, who, 1.0) + 1 + int(part * 1e6))
    return [Tx(town.who[who], town.economy.cash, data)]


@act
def hand_over(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    data = fn("Token", "transfer", _next(town, who), _units(town, who, asset, part))
    return [Tx(town.who[who], town.economy.assets[asset].token, data)]


@act
def hand_to_a_stranger(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    data = fn("Token", "transfer", STRANGER, _units(town, who, asset, part))  # no identity: refused
    return [Tx(town.who[who], town.economy.assets[asset].token, data)]


@act
def hand_over_shares(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    shares = int(int(town.state.lp[who, asset]) * part)
    to = STRANGER if part > 0.9 else _next(town, who)
    return _pair(town, who, asset, "transfer", to, shares)


@act
def buy(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    path = [town.economy.cash, town.economy.assets[asset].token]
    return _swap(town, who, _cash(town, who, part / 10), path)


@act
def sell(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    path = [town.economy.assets[asset].token, town.economy.cash]
    return _swap(town, who, _units(town, who, asset, part / 4), path)


@act
def add(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    amounts = (_cash(town, who, part / 4), _units(town, who, asset, part / 4), 1, 1)
    tokens = (town.economy.cash, town.economy.assets[asset].token)
    data = fn("UniswapV2Router02", "addLiquidity", *tokens, *amounts, town.who[who], FOREVER)
    return [Tx(town.who[who], town.economy.router, data)]


@act
def remove(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    shares = int(int(town.state.lp[who, asset]) * part)
    tokens = (town.economy.cash, town.economy.assets[asset].token)
    data = fn("UniswapV2Router02", "removeLiquidity", *tokens, shares, 0, 0, town.who[who], FOREVER)
    return [Tx(town.who[who], town.economy.router, data)]


@act
def donate_cash(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    data = fn("Cash", "transfer", town.economy.assets[asset].pair, _cash(town, who, part / 50))
    return [Tx(town.who[who], town.economy.cash, data)]


@act
def donate_units(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    a = town.economy.assets[asset]
    return [Tx(town.who[who], a.token, fn("Token", "transfer", a.pair, _units(town, who, asset, part / 20)))]


@act
def sync(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return _pair(town, who, asset, "sync")


@act
def skim(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return _pair(town, who, asset, "skim", town.who[who])


@act
def lend(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    whom = _next(town, who) if part < 0.1 else town.who[who]
    return _morpho(town, who, asset, "supply", _cash(town, who, part / 2), 0, whom, b"")


@act
def lend_shares(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return _morpho(town, who, asset, "supply", 0, int(part * 1e15) + 1, town.who[who], b"")


@act
def unlend(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    shares = int(town.state.loans[asset].supplied.get(who, 0) * part)
    return _morpho(town, who, asset, "withdraw", 0, shares, town.who[who], _next(town, who))


@act
def unlend_all(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    shares = town.state.loans[asset].supplied.get(who, 0)
    return _morpho(town, who, asset, "withdraw", 0, shares, town.who[who], town.who[who])


@act
def post(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return _morpho(town, who, asset, "supplyCollateral", _units(town, who, asset, part), town.who[who], b"")


@act
def release(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    amount = int(town.state.loans[asset].posted.get(who, 0) * part)
    return _morpho(town, who, asset, "withdrawCollateral", amount, town.who[who], town.who[who])


@act
def borrow(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    posted = town.state.loans[asset].posted.get(who, 0)
    price = float(town.state.figures(town.now).collateral_price[asset])
    return _morpho(town, who, asset, "borrow", int(posted * price * part), 0, town.who[who], town.who[who])


@act
def borrow_all_there_is(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    loans = town.state.loans[asset]
    left = loans.supply_assets - loans.borrow_assets
    return _morpho(town, who, asset, "borrow", left, 0, town.who[who], town.who[who])


@act
def trust(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    data = fn("Morpho", "setAuthorization", _next(town, who), part < 0.9)
    return [Tx(town.who[who], town.economy.morpho, data)]


@act
def unlend_for(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    other = (who - 1) % len(town.who)  # may have trusted us
    shares = int(town.state.loans[asset].supplied.get(other, 0) * part)
    return _morpho(town, who, asset, "withdraw", 0, shares, town.who[other], town.who[who])


@act
def borrow_for(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    other = town.who[who - 1]
    return _morpho(town, who, asset, "borrow", int(part * 1e10), 0, other, town.who[who])


@act
def repay(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    owed = town.state.loans[asset].debt(who, town.now)
    return _morpho(town, who, asset, "repay", int(owed * part), 0, town.who[who], b"")


@act
def repay_all(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    shares = town.state.loans[asset].borrowed.get(who, 0)
    whom = town.who[who]
    return _morpho(town, who, asset, "repay", 0, shares, whom, b"")


@act
def liquidate(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    whom = (who + 1) % len(town.who)
    seized = int(town.state.loans[asset].posted.get(whom, 0) * part)
    return _morpho(town, who, asset, "liquidate", town.who[whom], seized, 0, b"")


@act
def liquidate_whole(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    whom = (who + 1) % len(town.who)
    posted = town.state.loans[asset].posted.get(whom, 0)
    return _morpho(town, who, asset, "liquidate", town.who[whom], posted, 0, b"")


@act
def liquidate_shares(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    whom = (who + 1) % len(town.who)
    shares = int(town.state.loans[asset].borrowed.get(whom, 0) * part)
    return _morpho(town, who, asset, "liquidate", town.who[whom], 0, shares, b"")


@act
def accrue(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return _morpho(town, who, asset, "accrueInterest")


@act
def distribute(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    amount, token = int(part * 1e10) + 1, town.economy.assets[asset].token
    mint = Tx(town.issuer, town.economy.cash, fn("Cash", "mint", town.issuer, amount))
    return [mint, Tx(town.issuer, town.economy.income, fn("IncomeModule", "distribute", token, amount))]


@act
def claim(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    a = town.economy.assets[asset]
    holders = [*town.who, a.pair] if part < 0.5 else [town.who[who]]
    return [Tx(town.who[who], town.economy.income, fn("IncomeModule", "claimFor", a.token, holders))]


@act
def appraise(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    data = fn("Feed", "submit", int((20 + 130 * part) * 10**8))
    some = town.reporters[:1] if part < 0.1 else town.reporters  # at times one alone, which closes no round
    return [Tx(reporter, town.economy.assets[asset].feed, data) for reporter in some]


@act
def halt(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    if part < 0.2:
        return [Tx(town.guardian, town.economy.halt, fn("HaltModule", "haltAll"))]
    return [Tx(town.guardian, town.economy.halt, fn("HaltModule", "halt", town.economy.assets[asset].token))]


@act
def unhalt(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    everything = Tx(town.guardian, town.economy.halt, fn("HaltModule", "unhaltAll"))
    one = Tx(town.guardian, town.economy.halt, fn("HaltModule", "unhalt", town.economy.assets[asset].token))
    return [everything, one]


@act
def halt_without_right(town: Town, who: int, asset: int, part: float) -> list[Tx]:
    return [Tx(town.who[who], town.economy.halt, fn("HaltModule", "haltAll"))]


def some(town: Town, draw: random.Random, count: int) -> list[Tx]:
    """So many acts at random; halts are rare and short, so that something happens."""
    txs: list[Tx] = []
    names = [name for name in ACTS if name not in ("halt", "unhalt")]
    for _ in range(count):
        args = (draw.randrange(len(town.who)), draw.randrange(len(town.economy.assets)), draw.random())
        txs += ACTS["halt" if draw.random() < 0.01 else draw.choice(names)](town, *args)
    return txs + (unhalt(town, 0, draw.randrange(2), 0.0) if draw.random() < 0.5 else [])
