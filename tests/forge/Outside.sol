// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Market, MarketParams} from "../../contracts/interfaces/IMorpho.sol";

/// @notice What the tests call on the real contracts of others, beyond what our contracts need.
interface ITrexToken {
    function addAgent(address agent) external;
    function allowance(address owner, address spender) external view returns (uint256);
    function approve(address spender, uint256 amount) external returns (bool);
    function balanceOf(address account) external view returns (uint256);
    function burn(address account, uint256 amount) external;
    function compliance() external view returns (address);
    function forcedTransfer(address from, address to, uint256 amount) external returns (bool);
    function init(
        address registry,
        address compliance,
        string calldata name,
        string calldata symbol,
        uint8 decimals,
        address onchainId
    ) external;
    function mint(address to, uint256 amount) external;
    function setCompliance(address compliance) external;
    function totalSupply() external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function unpause() external;
}

interface ITrexCompliance {
    function addModule(address module) external;
    function bindToken(address token) external;
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);
    function init() external;
    function removeModule(address module) external;
}

interface ITrexRegistry {
    function addAgent(address agent) external;
    function init(address issuers, address topics, address store) external;
    function isVerified(address account) external view returns (bool);
    function registerIdentity(address account, address identity, uint16 country) external;
}

interface ITrexStorage {
    function bindIdentityRegistry(address registry) external;
    function init() external;
}

interface ITrexInit {
    function init() external;
}

interface IUniswapFactory {
    function createPair(address a, address b) external returns (address);
}

interface IUniswapPair {
    function getReserves() external view returns (uint112, uint112, uint32);
    function skim(address to) external;
    function sync() external;
    function token0() external view returns (address);
    function totalSupply() external view returns (uint256);
}

interface IUniswapRouter {
    function addLiquidity(
        address a,
        address b,
        uint256 amountA,
        uint256 amountB,
        uint256 minA,
        uint256 minB,
        address to,
        uint256 deadline
    ) external returns (uint256, uint256, uint256);
    function swapExactTokensForTokens(
        uint256 amountIn,
        uint256 minOut,
        address[] calldata path,
        address to,
        uint256 deadline
    ) external returns (uint256[] memory);
}

interface IMorphoBlue {
    function accrueInterest(MarketParams calldata params) external;
    function borrow(MarketParams calldata params, uint256 assets, uint256 shares, address onBehalf, address receiver)
        external
        returns (uint256, uint256);
    function createMarket(MarketParams calldata params) external;
    function enableIrm(address irm) external;
    function enableLltv(uint256 lltv) external;
    function liquidate(
        MarketParams calldata params,
        address borrower,
        uint256 seized,
        uint256 repaidShares,
        bytes calldata data
    ) external returns (uint256, uint256);
    function market(bytes32 id) external view returns (Market memory);
    function position(bytes32 id, address account) external view returns (uint256, uint128, uint128);
    function supply(MarketParams calldata params, uint256 assets, uint256 shares, address onBehalf, bytes calldata data)
        external
        returns (uint256, uint256);
    function supplyCollateral(MarketParams calldata params, uint256 assets, address onBehalf, bytes calldata data)
        external;
    function withdrawCollateral(MarketParams calldata params, uint256 assets, address onBehalf, address receiver)
        external;
}
