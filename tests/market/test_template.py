"""Templates against eth_abi, for whatever function and arguments."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from terrarium.chain.codec import Function
from terrarium.market.calls import FOREVER, AssetCalls, approve
from terrarium.market.template import Hole, Template
from tests.market.town import fn, in_process

ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
NUMBERS = st.integers(0, 2**256 - 1)
FIXED = {
    "uint256": NUMBERS,
    "address": ADDRESSES,
    "int128": st.integers(-(2**127), 2**127 - 1),
    "bool": st.booleans(),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes": st.binary(max_size=70),
    "string": st.text(max_size=20),
    "address[]": st.lists(ADDRESSES, max_size=3),
    "(address,uint256)": st.tuples(ADDRESSES, NUMBERS),
    "(bytes,uint8)": st.tuples(st.binary(max_size=40), st.integers(0, 255)),
}
HOLES = {Hole.NUMBER: ("uint256", NUMBERS), Hole.ADDRESS: ("address", ADDRESSES)}


def entry(kind, name="x"):
    if not kind.startswith("("):
        return {"name": name, "type": kind}
    return {
        "name": name,
        "type": "tuple",
        "components": [entry(k, f"c{i}") for i, k in enumerate(kind[1:-1].split(","))],
    }


@st.composite
def filled(draw):
    """(types, arguments with holes, what goes into the holes, the arguments without holes)."""
    types, holed, values, whole = [], [], [], []
    for part in draw(st.lists(st.sampled_from([*FIXED, *HOLES]), min_size=1, max_size=7)):
        if isinstance(part, Hole):
            kind, strategy = HOLES[part]
            value = draw(strategy)
            values.append(int(value, 16) if part is Hole.ADDRESS else value)
            holed.append(part)
        else:
            kind, value = part, draw(FIXED[part])
            holed.append(value)
        types.append(kind)
        whole.append(value)
    return types, holed, values, whole


@given(filled())
def test_a_template_is_what_eth_abi_makes_of_it(case):
    types, holed, values, whole = case
    function = Function({"type": "function", "name": "f", "inputs": [entry(t, f"a{i}") for i, t in enumerate(types)],
                         "outputs": [], "stateMutability": "nonpayable"})  # fmt: skip
    template = Template(function, *holed)
    assert template(*values) == function.selector + encode(types, whole)
    zeros = [0] * len(values)
    assert len(template(*zeros)) == len(template(*values))  # filled again and again
    assert template(*values) == function.selector + encode(types, whole)


def test_a_template_wants_as_many_values_as_it_has_holes():
    template = Template(
        Function({"type": "function", "name": "f", "inputs": [entry("uint256")], "outputs": []}), Hole.NUMBER
    )
    for wrong in ((), (1, 2)):
        with pytest.raises(ValueError, match="zip"):
            template(*wrong)
    for wrong in (-1, 2**256):
        with pytest.raises(OverflowError):
            template(wrong)


def test_the_calls_of_an_asset_are_the_contracts():
    town = in_process()
    economy = town.economy
    asset, me, whom = economy.assets[1], town.who[0], town.who[1]
    calls, mine, theirs = AssetCalls(economy, asset), int(town.who[0], 16), int(town.who[1], 16)
    router, params = "UniswapV2Router02", asset.loan_params
    there, back = [economy.cash, asset.token], [asset.token, economy.cash]
    expected = {
        calls.buy(5, 6, mine): fn(router, "swapExactTokensForTokens", 5, 6, there, me, FOREVER),
        calls.sell(5, 6, mine): fn(router, "swapExactTokensForTokens", 5, 6, back, me, FOREVER),
        calls.add(5, 6, mine): fn(router, "addLiquidity", *there, 5, 6, 1, 1, me, FOREVER),
        calls.remove(5, mine): fn(router, "removeLiquidity", *there, 5, 1, 1, me, FOREVER),
        calls.supply(5, 6, mine): fn("Morpho", "supply", params, 5, 6, me, b""),
        calls.withdraw(5, 6, mine, theirs): fn("Morpho", "withdraw", params, 5, 6, me, whom),
        calls.borrow(5, 6, mine, theirs): fn("Morpho", "borrow", params, 5, 6, me, whom),
        calls.repay(5, 6, mine): fn("Morpho", "repay", params, 5, 6, me, b""),
        calls.post(5, mine): fn("Morpho", "supplyCollateral", params, 5, me, b""),
        calls.release(5, mine, theirs): fn("Morpho", "withdrawCollateral", params, 5, me, whom),
        calls.liquidate(theirs, 5, 6): fn("Morpho", "liquidate", params, whom, 5, 6, b""),
        calls.submit(5): fn("Feed", "submit", 5),
        calls.sync: fn("UniswapV2Pair", "sync"),
        calls.halt: fn("HaltModule", "halt", asset.token),
        calls.unhalt: fn("HaltModule", "unhalt", asset.token),
        calls.distribute(5): fn("IncomeModule", "distribute", asset.token, 5),
        calls.claim([me, whom]): fn("IncomeModule", "claimFor", asset.token, [me, whom]),
        approve(whom, 7): fn("Cash", "approve", whom, 7),
    }
    for ours, theirs_ in expected.items():
        assert ours == theirs_
