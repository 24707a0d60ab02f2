// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Feed} from "../../contracts/feeds/Feed.sol";
import {IMorpho, Market, MarketParams} from "../../contracts/interfaces/IMorpho.sol";
import {IIdentityRegistry} from "../../contracts/interfaces/ITrex.sol";
import {Lens} from "../../contracts/lens/Lens.sol";
import {AnyFeed} from "./FeedOracle.t.sol";
import {Economy} from "./Economy.sol";
import {ITrexToken, IUniswapPair} from "./Outside.sol";

/// @notice The lens on the real things it reads.
contract LensTest is Economy {
    Lens internal lens = new Lens();
    ITrexToken internal house;

    function setUp() public override {
        super.setUp();
        house = _token("HOUSE");
    }

    /// @dev Number `i` of a packed answer, as numpy reads it: two big-endian words of 64 bits.
    function _number(bytes memory packed, uint256 i) internal pure returns (uint256 value) {
        for (uint256 b; b < 16; ++b) {
            value = value << 8 | uint8(packed[16 * i + b]);
        }
    }

    function _three() internal view returns (bytes memory) {
        return abi.encodePacked(alice, bob, carol);
    }

    function test_balances(uint128[] calldata amounts) public {
        bytes memory accounts;
        for (uint160 i; i < amounts.length; ++i) {
            accounts = abi.encodePacked(accounts, address(0x1000 + i));
            cash.mint(address(0x1000 + i), amounts[i]);
        }
        bytes memory packed = lens.balances(cash, accounts);
        vm.assertEq(packed.length, 16 * amounts.length);
        for (uint256 i; i < amounts.length; ++i) {
            vm.assertEq(_number(packed, i), amounts[i]);
        }
    }

    function test_balances_ofATrexToken() public {
        house.mint(alice, 3 * UNIT);
        house.mint(carol, UNIT);
        bytes memory packed = lens.balances(IERC20(address(house)), _three());
        vm.assertEq(packed, abi.encodePacked(uint128(3 * UNIT), uint128(0), uint128(UNIT)));
    }

    function test_balances_revertsOnWhatDoesNotFit(uint256 amount) public {
        amount = _bound(amount, 1 << 128, type(uint256).max);
        cash.mint(bob, amount);
        vm.expectRevert(abi.encodeWithSelector(Lens.Lens__DoesNotFit.selector, amount));
        lens.balances(cash, _three());
    }

    function test_lists_revertOnACutAddress(uint256 length) public {
        length = _bound(length, 1, 200);
        if (length % 20 == 0) ++length;
        bytes memory list = new bytes(length);
        bytes memory reason = abi.encodeWithSelector(Lens.Lens__BadLength.selector, length);
        vm.expectRevert(reason);
        lens.balances(cash, list);
        vm.expectRevert(reason);
        lens.supplies(list);
        vm.expectRevert(reason);
        lens.incomes(income, address(house), list);
        vm.expectRevert(reason);
        lens.verified(IIdentityRegistry(address(registry)), list);
        vm.expectRevert(reason);
        lens.reserves(list);
        vm.expectRevert(reason);
        lens.positions(IMorpho(address(1)), 0, list);
        vm.expectRevert(reason);
        lens.rounds(list);
    }

    function test_emptyLists() public view {
        vm.assertEq(lens.balances(cash, ""), "");
        vm.assertEq(lens.rounds(""), "");
        vm.assertEq(lens.verified(IIdentityRegistry(address(registry)), ""), "");
        vm.assertEq(lens.markets(IMorpho(address(1)), new bytes32[](0)), "");
    }

    function test_supplies(uint128 minted) public {
        vm.assume(minted != 0);
        cash.mint(alice, minted);
        house.mint(alice, UNIT);
        vm.assertEq(lens.supplies(abi.encodePacked(cash, house)), abi.encodePacked(uint128(minted), uint128(UNIT)));
    }

    function test_incomes(uint256 amount) public {
        amount = _bound(amount, 1, 1e15);
        house.mint(alice, UNIT);
        house.mint(carol, 2 * UNIT);
        _distribute(house, amount);
        bytes memory packed = lens.incomes(income, address(house), _three());
        vm.assertEq(_number(packed, 0), income.accrued(address(house), alice));
        vm.assertEq(_number(packed, 1), 0);
        vm.assertEq(_number(packed, 2), income.accrued(address(house), carol));
        vm.assertEq(packed.length, 48);
    }

    function test_verified() public {
        address stranger = _actor("stranger");
        vm.assertEq(
            lens.verified(IIdentityRegistry(address(registry)), abi.encodePacked(alice, stranger, bob)), hex"010001"
        );
    }

    function test_reserves() public {
        ITrexToken farm = _token("FARM");
        address first = _pool(house, 100 * UNIT, 1000 * DOLLAR);
        address second = factory.createPair(address(farm), address(cash));
        bytes memory packed = lens.reserves(abi.encodePacked(second, first));
        vm.assertEq(packed.length, 6 * 16);
        (uint112 r0, uint112 r1,) = IUniswapPair(first).getReserves();
        vm.assertEq(
            packed,
            abi.encodePacked(
                uint128(0), uint128(0), uint128(0), uint128(r0), uint128(r1), uint128(IUniswapPair(first).totalSupply())
            )
        );
        vm.assertGt(r0, 0);
    }

    function test_positionsAndMarkets() public {
        MarketParams memory params = _lending(house, 100e8, 0);
        bytes32 id = _id(params);
        house.mint(alice, 10 * UNIT);
        cash.mint(bob, 5000 * DOLLAR);
        vm.startPrank(bob);
        cash.approve(address(morpho), 5000 * DOLLAR);
        morpho.supply(params, 5000 * DOLLAR, 0, bob, "");
        vm.stopPrank();
        vm.startPrank(alice);
        house.approve(address(morpho), 10 * UNIT);
        morpho.supplyCollateral(params, 10 * UNIT, alice, "");
        morpho.borrow(params, 500 * DOLLAR, 0, alice, alice);
        vm.stopPrank();

        bytes memory packed = lens.positions(IMorpho(address(morpho)), id, _three());
        vm.assertEq(packed.length, 9 * 16);
        address[3] memory accounts = [alice, bob, carol];
        for (uint256 i; i < 3; ++i) {
            (uint256 supplied, uint128 borrowed, uint128 collateral) = morpho.position(id, accounts[i]);
            vm.assertEq(_number(packed, 3 * i), supplied);
            vm.assertEq(_number(packed, 3 * i + 1), borrowed);
            vm.assertEq(_number(packed, 3 * i + 2), collateral);
        }
        vm.assertEq(_number(packed, 2), 10 * UNIT);
        vm.assertEq(_number(packed, 3), 5000 * DOLLAR * 1e6);

        bytes32[] memory ids = new bytes32[](2);
        (ids[0], ids[1]) = (bytes32(0), id);
        packed = lens.markets(IMorpho(address(morpho)), ids);
        vm.assertEq(packed.length, 12 * 16);
        Market memory market = morpho.market(id);
        vm.assertEq(_number(packed, 0), 0);
        vm.assertEq(_number(packed, 6), market.totalSupplyAssets);
        vm.assertEq(_number(packed, 7), market.totalSupplyShares);
        vm.assertEq(_number(packed, 8), market.totalBorrowAssets);
        vm.assertEq(_number(packed, 9), market.totalBorrowShares);
        vm.assertEq(_number(packed, 10), GENESIS);
        vm.assertEq(_number(packed, 11), 0);
        vm.assertEq(market.totalBorrowAssets, 500 * DOLLAR);
    }

    function test_rounds(uint120 answer) public {
        vm.assume(answer != 0);
        Feed quiet = new Feed(address(this), "", _list(address(this)), 1, 1 hours, 0, 0);
        Feed loud = new Feed(address(this), "", _list(address(this)), 1, 1 hours, 0, 0);
        loud.submit(1);
        vm.warp(GENESIS + 60);
        loud.submit(int256(uint256(answer)));
        bytes memory packed = lens.rounds(abi.encodePacked(quiet, loud));
        vm.assertEq(packed.length, 8 * 16);
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(_number(packed, i), 0);
        }
        vm.assertEq(_number(packed, 4), 2);
        vm.assertEq(_number(packed, 5), answer);
        vm.assertEq(_number(packed, 6), GENESIS + 60);
        vm.assertEq(_number(packed, 7), GENESIS + 60);
    }

    function test_rounds_revertsOnANegativeAnswer(int256 answer) public {
        answer = answer < 0 ? answer : -1 - answer;
        bytes memory feeds = abi.encodePacked(new AnyFeed(8, answer));
        vm.expectRevert(abi.encodeWithSelector(Lens.Lens__DoesNotFit.selector, uint256(answer)));
        lens.rounds(feeds);
    }
}
