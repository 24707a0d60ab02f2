// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {AlertBoard} from "../../contracts/alerts/AlertBoard.sol";
import {Base} from "./Base.sol";

contract AlertBoardTest is Base {
    address internal monitor = _actor("monitor");
    AlertBoard internal board = new AlertBoard(address(this), monitor);

    function test_post(bytes32 rule, address subject, uint8 severity, int256 value, int256 threshold) public {
        vm.expectEmit(address(board));
        emit AlertBoard.Posted(rule, subject, severity, value, threshold);
        vm.prank(monitor);
        board.post(rule, subject, severity, value, threshold);
    }

    function test_post_revertsUnlessMonitor(address other) public {
        vm.assume(other != monitor);
        bytes memory reason = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, other, board.MONITOR_ROLE()
        );
        vm.expectRevert(reason);
        vm.prank(other);
        board.post("price-fall", address(0), 1, 0, 0);
    }

    function test_adminNamesTheMonitorLater() public {
        AlertBoard later = new AlertBoard(address(this), address(0));
        vm.assertEq(later.hasRole(later.MONITOR_ROLE(), address(0)), false);
        later.grantRole(later.MONITOR_ROLE(), monitor);
        vm.prank(monitor);
        later.post("price-fall", address(0), 1, 0, 0);
    }
}
