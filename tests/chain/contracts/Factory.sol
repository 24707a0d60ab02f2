// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract Child {
    uint256 public immutable NUMBER;

    constructor(uint256 number) payable {
        require(number != 13, "unlucky");
        NUMBER = number;
    }
}

contract Factory {
    event Made(address child, uint256 number);

    function make(uint256 number) external payable {
        emit Made(address(new Child{value: msg.value}(number)), number);
    }

    function makeAt(bytes32 salt, uint256 number) external {
        emit Made(address(new Child{salt: salt}(number)), number);
    }
}

/// A contract of just so many bytes of code.
contract Sized {
    constructor(uint256 size) {
        assembly ("memory-safe") {
            return(0, size)
        }
    }
}
