// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Cash} from "../../contracts/cash/Cash.sol";
import {IncomeModule} from "../../contracts/compliance/IncomeModule.sol";
import {Base} from "./Base.sol";
import {Economy} from "./Economy.sol";
import {ITrexCompliance, ITrexToken} from "./Outside.sol";

/// @notice Does with two real T-REX tokens whatever can be done, and reckons in its own way what everybody is due.
contract IncomeHandler is Base {
    IncomeModule public immutable INCOME;
    Cash public immutable CASH;
    address public immutable ADMIN;
    ITrexToken[2] public tokens;
    address[4] public holders;

    /// @notice Fair share of all income so far, times 2**64, rounded down.
    mapping(ITrexToken token => mapping(address holder => uint256)) public due;
    /// @notice Cash a holder got.
    mapping(ITrexToken token => mapping(address holder => uint256)) public got;
    /// @notice Whether balances may have moved unseen by the module.
    mapping(ITrexToken token => bool) public unseen;
    /// @notice Bounds how often fractions were cut off.
    uint256 public settlements;

    constructor(
        IncomeModule income,
        Cash cash,
        address admin,
        ITrexToken[2] memory tokens_,
        address[4] memory holders_
    ) {
        (INCOME, CASH, ADMIN, tokens, holders) = (income, cash, admin, tokens_, holders_);
    }

    modifier counted(ITrexToken token) {
        settlements += 8;
        _;
        if (!bound(token)) unseen[token] = true;
    }

    function mint(uint256 t, uint256 to, uint256 units) external counted(tokens[t % 2]) {
        vm.prank(ADMIN);
        tokens[t % 2].mint(holders[to % 4], _bound(units, 1, 1e15));
    }

    function burn(uint256 t, uint256 from, uint256 units) external counted(tokens[t % 2]) {
        (ITrexToken token, address holder) = (tokens[t % 2], holders[from % 4]);
        if (token.balanceOf(holder) == 0) return;
        units = _bound(units, 1, token.balanceOf(holder));
        vm.prank(ADMIN);
        token.burn(holder, units);
    }

    function transfer(uint256 t, uint256 from, uint256 to, uint256 units, bool forced) external counted(tokens[t % 2]) {
        (ITrexToken token, address holder) = (tokens[t % 2], holders[from % 4]);
        if (token.balanceOf(holder) == 0) return;
        units = _bound(units, 1, token.balanceOf(holder));
        vm.prank(forced ? ADMIN : holder);
        if (forced) token.forcedTransfer(holder, holders[to % 4], units);
        else token.transfer(holders[to % 4], units);
    }

    function distribute(uint256 t, uint256 amount) external counted(tokens[t % 2]) {
        ITrexToken token = tokens[t % 2];
        if (!bound(token)) return;
        if (unseen[token]) {
            INCOME.record(address(token), _all());
            unseen[token] = false;
        }
        uint256 eligible = earning(token);
        if (eligible == 0) return;
        amount = _bound(amount, 1, 1e15);
        for (uint256 i; i < 4; ++i) {
            if (excluded(token, holders[i])) continue;
            due[token][holders[i]] += Math.mulDiv(amount << 64, token.balanceOf(holders[i]), eligible);
        }
        vm.prank(ADMIN);
        CASH.mint(address(this), amount);
        CASH.approve(address(INCOME), amount);
        INCOME.distribute(address(token), amount);
    }

    /// @dev Any two holders, perhaps the same twice.
    function claimFor(uint256 t, uint256 first, uint256 second) external counted(tokens[t % 2]) {
        address[] memory list = new address[](2);
        (list[0], list[1]) = (holders[first % 4], holders[second % 4]);
        uint256[4] memory before;
        for (uint256 i; i < 4; ++i) {
            before[i] = CASH.balanceOf(holders[i]);
        }
        INCOME.claimFor(address(tokens[t % 2]), list);
        for (uint256 i; i < 4; ++i) {
            got[tokens[t % 2]][holders[i]] += CASH.balanceOf(holders[i]) - before[i];
        }
    }

    function record(uint256 t) external counted(tokens[t % 2]) {
        INCOME.record(address(tokens[t % 2]), _all());
        unseen[tokens[t % 2]] = false;
    }

    function setExcluded(uint256 t, uint256 account, bool excluded_) external counted(tokens[t % 2]) {
        vm.prank(ADMIN);
        INCOME.setExcluded(address(tokens[t % 2]), holders[account % 4], excluded_);
    }

    /// @dev Rarely, so that most runs spend most of their time bound.
    function toggleModule(uint256 t, uint256 dice) external counted(tokens[t % 2]) {
        if (bound(tokens[t % 2]) && dice % 4 != 0) return;
        ITrexCompliance compliance = ITrexCompliance(tokens[t % 2].compliance());
        bool on = bound(tokens[t % 2]);
        vm.prank(ADMIN);
        if (on) compliance.removeModule(address(INCOME));
        else compliance.addModule(address(INCOME));
    }

    function bound(ITrexToken token) public view returns (bool) {
        return INCOME.isComplianceBound(token.compliance());
    }

    function excluded(ITrexToken token, address holder) public view returns (bool yes) {
        (, yes) = INCOME.holdings(address(token), holder);
    }

    /// @notice Total supply less what the excluded hold.
    function earning(ITrexToken token) public view returns (uint256 units) {
        units = token.totalSupply();
        for (uint256 i; i < 4; ++i) {
            if (excluded(token, holders[i])) units -= token.balanceOf(holders[i]);
        }
    }

    function _all() internal view returns (address[] memory list) {
        list = new address[](4);
        for (uint256 i; i < 4; ++i) {
            list[i] = holders[i];
        }
    }
}

contract IncomeInvariants is Economy {
    IncomeHandler internal handler;
    ITrexToken[2] internal tokens;
    address[4] internal holders;

    function setUp() public override {
        super.setUp();
        address dave = _actor("dave");
        _register(dave);
        tokens = [_token("HOUSE"), _token("FARM")];
        holders = [alice, bob, carol, dave];
        handler = new IncomeHandler(income, cash, address(this), tokens, holders);
    }

    /// @dev What forge calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice The module holds what was paid in and not yet out, to the wei.
    function invariant_cashIsDistributedLessPaid() public view {
        uint256 held;
        for (uint256 t; t < 2; ++t) {
            IncomeModule.Pot memory pot = income.pots(address(tokens[t]));
            held += pot.distributed - pot.paid;
        }
        vm.assertEq(cash.balanceOf(address(income)), held);
    }

    /// @notice Every token can pay all it owes, and what it does not owe is the carry and less than a unit for each holder.
    function invariant_everyTokenIsSolventAndLosesNothing() public view {
        for (uint256 t; t < 2; ++t) {
            IncomeModule.Pot memory pot = income.pots(address(tokens[t]));
            uint256 owed;
            for (uint256 i; i < 4; ++i) {
                owed += income.accrued(address(tokens[t]), holders[i]);
            }
            vm.assertLe(owed, pot.distributed - pot.paid);
            vm.assertLe(pot.distributed - pot.paid, owed + (pot.carry >> 128) + 4);
        }
    }

    /// @notice Nobody gets more than the fair share, nor less, but for fractions cut off on the way.
    function invariant_everybodyGetsTheFairShare() public view {
        for (uint256 t; t < 2; ++t) {
            for (uint256 i; i < 4; ++i) {
                uint256 due = handler.due(tokens[t], holders[i]) >> 64;
                uint256 has = handler.got(tokens[t], holders[i]) + income.accrued(address(tokens[t]), holders[i]);
                vm.assertLe(has, due + handler.settlements(), "more than the share");
                vm.assertGe(has + handler.settlements(), due, "less than the share");
            }
        }
    }

    /// @notice While the module sees every transfer, its record is the token's.
    function invariant_theRecordIsTheToken() public view {
        for (uint256 t; t < 2; ++t) {
            if (handler.unseen(tokens[t])) continue;
            IncomeModule.Pot memory pot = income.pots(address(tokens[t]));
            vm.assertEq(pot.recorded, tokens[t].totalSupply());
            vm.assertEq(pot.eligible, handler.earning(tokens[t]));
            for (uint256 i; i < 4; ++i) {
                (uint256 units,) = income.holdings(address(tokens[t]), holders[i]);
                vm.assertEq(units, tokens[t].balanceOf(holders[i]));
            }
        }
    }

    /// @notice Once all have claimed, what is left of each token is its carry, exactly.
    function afterInvariant() public {
        for (uint256 t; t < 2; ++t) {
            for (uint256 i; i < 4; ++i) {
                income.claimFor(address(tokens[t]), _list(holders[i]));
            }
            IncomeModule.Pot memory pot = income.pots(address(tokens[t]));
            vm.assertEq(uint256(pot.distributed - pot.paid) << 128, pot.carry);
        }
    }
}
