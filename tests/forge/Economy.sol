// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Cash} from "../../contracts/cash/Cash.sol";
import {HaltModule} from "../../contracts/compliance/HaltModule.sol";
import {IncomeModule} from "../../contracts/compliance/IncomeModule.sol";
import {Feed} from "../../contracts/feeds/Feed.sol";
import {FeedOracle} from "../../contracts/feeds/FeedOracle.sol";
import {IAggregatorV3} from "../../contracts/interfaces/IChainlink.sol";
import {MarketParams} from "../../contracts/interfaces/IMorpho.sol";
import {KinkedRate} from "../../contracts/lending/KinkedRate.sol";
import {Base} from "./Base.sol";
import {
    IMorphoBlue,
    ITrexCompliance,
    ITrexInit,
    ITrexRegistry,
    ITrexStorage,
    ITrexToken,
    IUniswapFactory,
    IUniswapRouter
} from "./Outside.sol";

/// @title Economy
/// @notice The real thing in small: T-REX tokens with both our modules, and on demand a Uniswap pair and a Morpho market.
/// @dev The test contract is every admin and T-REX agent.
abstract contract Economy is Base {
    uint256 internal constant UNIT = 1e6;
    uint256 internal constant DOLLAR = 1e6;
    uint256 internal constant LLTV = 0.77e18;

    Cash internal cash;
    IncomeModule internal income;
    HaltModule internal halts;
    ITrexRegistry internal registry;

    address internal alice = _actor("alice");
    address internal bob = _actor("bob");
    address internal carol = _actor("carol");
    address internal guardian = _actor("guardian");

    IUniswapFactory internal factory;
    IUniswapRouter internal router;
    IMorphoBlue internal morpho;
    Feed internal feed;
    KinkedRate internal irm;

    function setUp() public virtual {
        vm.warp(GENESIS);
        cash = new Cash(address(this));
        income = new IncomeModule(address(this), cash);
        halts = new HaltModule(address(this), guardian);

        ITrexStorage store = ITrexStorage(_create("IdentityRegistryStorage", ""));
        address topics = _create("ClaimTopicsRegistry", "");
        address issuers = _create("TrustedIssuersRegistry", "");
        registry = ITrexRegistry(_create("IdentityRegistry", ""));
        store.init();
        ITrexInit(topics).init();
        ITrexInit(issuers).init();
        registry.init(issuers, topics, address(store));
        store.bindIdentityRegistry(address(registry));
        registry.addAgent(address(this));
        _register(alice);
        _register(bob);
        _register(carol);
    }

    /// @dev Gives `account` an ONCHAINID and enters it in the registry.
    function _register(address account) internal {
        registry.registerIdentity(account, _create("Identity", abi.encode(account, false)), 756);
    }

    /// @dev A T-REX token with its own compliance, and no module yet.
    function _bareToken(string memory symbol) internal returns (ITrexToken token) {
        address compliance = _create("ModularCompliance", "");
        ITrexCompliance(compliance).init();
        token = ITrexToken(_create("Token", ""));
        token.init(address(registry), compliance, symbol, symbol, 6, address(0));
        token.addAgent(address(this));
        token.unpause();
        vm.label(address(token), symbol);
    }

    /// @dev A T-REX token with both modules.
    function _token(string memory symbol) internal returns (ITrexToken token) {
        token = _bareToken(symbol);
        ITrexCompliance(token.compliance()).addModule(address(income));
        ITrexCompliance(token.compliance()).addModule(address(halts));
    }

    function _distribute(ITrexToken token, uint256 amount) internal {
        cash.mint(address(this), amount);
        cash.approve(address(income), amount);
        income.distribute(address(token), amount);
    }

    function _claim(ITrexToken token, address holder) internal returns (uint256) {
        return income.claimFor(address(token), _list(holder));
    }

    function _list(address account) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }

    /// @dev A Uniswap pair of `token` and cash with liquidity of this contract's.
    function _pool(ITrexToken token, uint256 units, uint256 dollars) internal returns (address pair) {
        factory = IUniswapFactory(_create("UniswapV2Factory", abi.encode(address(this))));
        router = IUniswapRouter(_create("UniswapV2Router02", abi.encode(factory, _create("WETH9", ""))));
        pair = factory.createPair(address(token), address(cash));
        vm.label(pair, "pair");
        _register(pair);
        _register(address(this));
        token.mint(address(this), units);
        cash.mint(address(this), dollars);
        token.approve(address(router), units);
        cash.approve(address(router), dollars);
        router.addLiquidity(address(token), address(cash), units, dollars, 0, 0, address(this), block.timestamp);
    }

    /// @dev A Morpho market that lends cash on `token`, priced by a feed of one reporter (this contract), at `answer`.
    function _lending(ITrexToken token, int256 answer, uint256 maxAge) internal returns (MarketParams memory params) {
        morpho = IMorphoBlue(_create("Morpho", abi.encode(address(this))));
        irm = new KinkedRate(0.02e18, 0.05e18, 1e18, 0.8e18);
        feed = new Feed(address(this), "price", _list(address(this)), 1, 1 hours, 0, maxAge);
        feed.submit(answer);
        FeedOracle oracle = new FeedOracle(IAggregatorV3(address(feed)), IERC20Metadata(address(token)), cash, maxAge);
        params = MarketParams(address(cash), address(token), address(oracle), address(irm), LLTV);
        morpho.enableIrm(address(irm));
        morpho.enableLltv(LLTV);
        morpho.createMarket(params);
        _register(address(morpho));
    }

    function _id(MarketParams memory params) internal pure returns (bytes32) {
        return keccak256(abi.encode(params));
    }
}
