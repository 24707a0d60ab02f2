// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// Does one of everything an engine could get wrong.
contract Probe {
    error Probe__Refused(address who, uint256 amount);

    event Plain();
    event One(uint256 indexed a, bytes data);
    event Two(uint256 indexed a, address indexed b, int256 c);
    event Three(uint256 indexed a, address indexed b, bytes32 indexed c, bool d);
    event Hidden() anonymous;
    event HiddenFour(uint256 indexed a, uint256 indexed b, uint256 indexed c, uint256 indexed d, uint256 e, uint256 f) anonymous;
    event Text(string indexed key, string text);
    event Stored(address indexed by, uint256 value);
    event Locked(uint256 before);
    event Caught(bytes reason);
    event Received(address indexed from, uint256 value);
    event Environment(uint256 number, uint256 timestamp, uint256 chain, address coinbase, uint256 fee, uint256 limit);
    event Origin(address origin, address sender, uint256 price, uint256 balance);

    uint256 public stored;
    uint256 transient lock;

    receive() external payable {
        emit Received(msg.sender, msg.value);
    }

    function store(uint256 value) external payable returns (uint256 before) {
        before = stored;
        stored = value;
        emit Stored(msg.sender, value);
    }

    function add(uint256 value) external {
        stored += value;
    }

    function silent() external {
        stored = 7;
    }

    function refuse(uint256 amount) external view {
        revert Probe__Refused(msg.sender, amount);
    }

    function refuseInWords() external pure {
        revert("not today");
    }

    function refuseBare() external pure {
        // solhint-disable-next-line reason-string, gas-custom-errors
        revert();
    }

    function panic(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }

    function invalid() external pure {
        assembly ("memory-safe") {
            invalid()
        }
    }

    function spin() external pure {
        while (true) {}
    }

    function logs(bytes calldata data) external {
        emit Plain();
        emit One(1, data);
        emit Two(type(uint256).max, msg.sender, type(int256).min);
        emit Three(3, address(this), keccak256(data), true);
        emit Hidden();
        emit HiddenFour(1, 2, 3, 4, 5, 6);
        emit Text("key", unicode"café");
    }

    /// The second call in one transaction sees what the first left, the first in the next one does not.
    function lockTwice() external {
        emit Locked(lock);
        lock += 1;
        this.lockAgain();
    }

    function lockAgain() external {
        emit Locked(lock);
        lock += 1;
    }

    function viaSelf(uint256 value) external {
        this.store(value);
        emit Plain();
    }

    function swallow(uint256 amount) external {
        emit Plain();
        try this.storeThenRefuse(amount) {}
        catch (bytes memory reason) {
            emit Caught(reason);
        }
    }

    function storeThenRefuse(uint256 amount) external {
        stored = amount;
        emit Stored(msg.sender, amount);
        revert Probe__Refused(msg.sender, amount);
    }

    function pay(address payable to) external payable {
        (bool ok,) = to.call{value: msg.value}("");
        require(ok, "unpaid");
    }

    function environment() external {
        emit Environment(
            block.number, block.timestamp, block.chainid, block.coinbase, block.basefee, block.gaslimit
        );
        emit Origin(tx.origin, msg.sender, tx.gasprice, address(this).balance);
    }

    function now_() external view returns (uint256 number, uint256 timestamp) {
        return (block.number, block.timestamp);
    }

    function sender() external view returns (address, address) {
        return (tx.origin, msg.sender);
    }
}
