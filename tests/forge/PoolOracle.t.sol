// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PoolOracle} from "../../contracts/feeds/PoolOracle.sol";
import {IUniswapV2Pair} from "../../contracts/interfaces/IUniswapV2.sol";
import {Economy} from "./Economy.sol";
import {ITrexToken} from "./Outside.sol";

/// @notice The pool oracle on a real Uniswap pair.
contract PoolOracleTest is Economy {
    function _oracle(uint256 units, uint256 dollars) internal returns (PoolOracle oracle, ITrexToken token) {
        token = _token("HOUSE");
        oracle = new PoolOracle(IUniswapV2Pair(_pool(token, units, dollars)), address(token));
    }

    function test_price_isCashOverUnitsRoundedDown(uint256 units, uint256 dollars) public {
        (units, dollars) = (_bound(units, UNIT, 1e15), _bound(dollars, DOLLAR, 1e15));
        (PoolOracle oracle,) = _oracle(units, dollars);
        vm.assertEq(oracle.price(), dollars * 1e36 / units);
    }

    function test_price_ofEitherToken() public {
        (PoolOracle oracle,) = _oracle(4 * UNIT, 1000 * DOLLAR);
        PoolOracle other = new PoolOracle(oracle.PAIR(), address(cash));
        vm.assertEq(oracle.price(), 250e36);
        vm.assertEq(other.price(), 0.004e36);
        vm.assertEq(oracle.COLLATERAL_FIRST(), !other.COLLATERAL_FIRST());
    }

    /// @dev What it is for: a sale moves what everybody's collateral is worth.
    function test_price_fallsWithASale() public {
        (PoolOracle oracle, ITrexToken token) = _oracle(100 * UNIT, 1000 * DOLLAR);
        token.mint(alice, 100 * UNIT);
        address[] memory path = new address[](2);
        (path[0], path[1]) = (address(token), address(cash));
        vm.startPrank(alice);
        token.approve(address(router), 100 * UNIT);
        router.swapExactTokensForTokens(100 * UNIT, 0, path, alice, block.timestamp);
        vm.stopPrank();
        vm.assertLt(oracle.price(), 2.52e36);
        vm.assertGt(oracle.price(), 2.5e36);
    }

    function test_price_revertsWhenThePairIsEmpty() public {
        (, ITrexToken token) = _oracle(UNIT, DOLLAR);
        address empty = factory.createPair(address(token), address(new Nothing()));
        PoolOracle oracle = new PoolOracle(IUniswapV2Pair(empty), address(token));
        vm.expectRevert(abi.encodeWithSelector(PoolOracle.PoolOracle__Empty.selector));
        oracle.price();
    }

    function test_creation_revertsForAnotherToken(address other) public {
        (PoolOracle oracle, ITrexToken token) = _oracle(UNIT, DOLLAR);
        vm.assume(other != address(token) && other != address(cash));
        IUniswapV2Pair pair = oracle.PAIR();
        vm.expectRevert(abi.encodeWithSelector(PoolOracle.PoolOracle__NotInPair.selector, other));
        new PoolOracle(pair, other);
    }
}

/// @notice An address with code.
contract Nothing {}
