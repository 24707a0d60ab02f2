"""A deployment stands as its manifest says, is done once, and is finished wherever it was cut."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from terrarium.chain import artifacts
from terrarium.chain.jsonrpc import connect
from terrarium.chain.remote import created_address
from terrarium.chain.revm import RevmChain
from terrarium.chain.rpc import RpcChain
from terrarium.chain.types import Call, Tx
from terrarium.devnet import deploy_to
from terrarium.errors import ChainError, ManifestError
from terrarium.market.deploy import ACCREDITED, deploy
from terrarium.market.identity import VENUE_COUNTRY, claim_data
from terrarium.market.manifest import Manifest
from terrarium.market.onboard import onboard
from tests.chain.engines import FREE, open_engine, stranger
from tests.market.town import REPORTERS, Town, fn, people, scenario

ZERO = "0x" + "00" * 20
ACCREDITING = {"accreditation": True}


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """A chain whose user dies after so many transactions, in the middle of a block if need be."""

    def __init__(self, chain, left):
        self.inner, self.left = chain, left

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def submit(self, txs):
        if len(txs) > self.left:
            self.inner.submit(txs[: self.left])
            raise Killed
        self.left -= len(txs)
        return self.inner.submit(txs)


def same(one, other):
    """Equal in everything but the block at which it was done, which blocks that were cut move."""
    ours, theirs = json.loads(one.json()), json.loads(other.json())
    ours.pop("block"), theirs.pop("block")
    return ours == theirs


def read(chain, to, artifact, function, *args):
    f = artifacts.load(artifact).fn(function)
    return f.decode(chain.call([Call(to, f(*args))])[0])[0]


@pytest.mark.parametrize("engine", ["revm", "anvil"])
@pytest.mark.parametrize("accreditation", [False, True])
def test_everything_stands_as_the_manifest_says(engine, accreditation, tmp_path):
    path, blocks = tmp_path / "manifest.json", []
    settings = scenario(market={"accreditation": accreditation})
    with open_engine(engine) as chain:
        manifest = deploy(chain, settings, REPORTERS, path, mined=blocks.append)
        assert manifest.done
        assert manifest.block == chain.height == blocks[-1].number
        assert Manifest.load(path) == manifest
        assert chain.nonce(manifest.deployer) == sum(len(block.ok) for block in blocks)
        for name, contract in manifest.contracts.items():
            code = chain.code(contract.address)
            assert contract.name == name
            assert contract.runtime_hash == "0x" + keccak(code).hex()
            assert contract.abi == artifacts.load(contract.artifact).abi
        created = {a for block in blocks for a in block.created.values()}
        assert {c.address for c in manifest.contracts.values() if ":" not in c.name} <= created
        for name, artifact, arguments in (
            ("Cash", "Cash", [manifest.deployer]),
            ("UniswapV2Router02", "UniswapV2Router02", [manifest.address(n) for n in ("UniswapV2Factory", "WETH9")]),
        ):
            assert manifest.contracts[name].artifact == artifact
            assert manifest.contracts[name].arguments == arguments
        # the venues, and the issuer, have an ONCHAINID, a country, and what claims there must be
        ids, registry = manifest.address("IdFactory"), manifest.address("IdentityRegistry:OAK")
        holders = [manifest.address("Morpho"), chain.accounts.address("issuer"), *(a["pair"] for a in manifest.assets)]
        for holder in holders:
            identity = read(chain, ids, "IdFactory", "getIdentity", holder)
            assert identity != ZERO
            assert chain.code(identity)
            assert read(chain, registry, "IdentityRegistry", "identity", holder) == identity
            assert read(chain, registry, "IdentityRegistry", "isVerified", holder)
            assert read(chain, registry, "IdentityRegistry", "investorCountry", holder) == VENUE_COUNTRY
        for entry, asset in zip(manifest.assets, settings.assets, strict=True):
            identity = read(chain, entry["token"], "Token", "onchainID")
            assert read(chain, ids, "IdFactory", "getIdentity", entry["token"]) == identity != ZERO
            assert read(chain, entry["token"], "Token", "totalSupply") == asset.supply * 10**6
            assert read(chain, entry["feed"], "Feed", "latestRoundData") == 1
            assert read(chain, entry["oracle"], "FeedOracle", "price") == pytest.approx(asset.value * 1e36)
            assert set(read(chain, entry["feed"], "Feed", "reporters")) == set(manifest.reporters)
        # again: nothing is sent, nothing is written
        before, written = chain.height, path.stat().st_mtime_ns
        assert deploy(chain, settings, REPORTERS, path) == manifest
        assert (chain.height, path.stat().st_mtime_ns) == (before, written)


def test_who_is_not_accredited_cannot_hold():
    town = Town(RevmChain(), scenario(market=ACCREDITING), people(2))
    chain, economy = town.chain, town.economy
    accounts, late = chain.accounts, chain.accounts.address("agent:9")
    made = chain.submit([Tx(town.manifest.deployer, economy.ids, fn("IdFactory", "createIdentity", late, "agent:9"))])
    identity = read(chain, economy.ids, "IdFactory", "getIdentity", late)
    register = fn("IdentityRegistry", "batchRegisterIdentity", [late], [identity], [276])
    assert made.ok.all()
    assert chain.submit([Tx(town.manifest.deployer, economy.registry, register, gas=10**7)]).ok.all()
    give = Tx(town.who[0], economy.assets[1].token, fn("Token", "transfer", late, 5))

    def claim(signature):
        return chain.submit([Tx(late, identity, claim_data(economy.claims, ACCREDITED, signature))])

    assert not chain.submit([give]).ok[0]  # registered, but without the claim
    forged = accounts.sign("agent:9", keccak(b"I accredit myself"))
    refused = claim(forged)
    assert artifacts.errors().reason(refused.output[0]) == "Error: invalid claim"
    assert not chain.submit([give]).ok[0]
    onboard(chain, economy, people(10)[9:], lambda block: None, [*town.blocks, made])  # as for everybody: now with it
    assert chain.submit([give]).ok[0]
    assert read(chain, economy.assets[1].token, "Token", "balanceOf", late) == 20_000_000_005


def test_cut_after_any_transaction_it_is_finished(tmp_path):
    settings = scenario(market=ACCREDITING)
    whole, blocks = RevmChain(), []
    expected = deploy(whole, settings, REPORTERS, tmp_path / "whole.json", mined=blocks.append)
    steps = sum(len(block.ok) for block in blocks)
    assert steps > 60
    for k in range(steps):
        chain, path = RevmChain(), tmp_path / f"{k}.json"
        with pytest.raises(Killed):
            deploy(Mortal(chain, k), settings, REPORTERS, path)
        assert chain.nonce(expected.deployer) == k
        assert not Manifest.load(path).done
        with pytest.raises(ManifestError, match="not finished; run `terrarium deploy` again"):
            Manifest.load(path).check(chain)
        assert same(deploy(chain, settings, REPORTERS, path), expected), k
        assert chain.nonce(expected.deployer) == steps
        assert same(Manifest.load(path), expected)


def test_cut_again_and_again(tmp_path):
    settings, chain, path = scenario(), RevmChain(), tmp_path / "manifest.json"
    for _ in range(200):
        try:
            made = deploy(Mortal(chain, 3), settings, REPORTERS, path)
            break
        except Killed:
            continue
    assert same(made, deploy(RevmChain(), settings, REPORTERS, tmp_path / "other.json"))


def test_killed_for_real(tmp_path):
    """`terrarium deploy` of a stranger's node, killed with signal 9 in the middle; the node stays up."""
    path = tmp_path / "manifest.json"
    toml = Path(__file__).parent / "town.toml"
    with stranger(*FREE) as url, RpcChain(url) as chain:
        command = [str(Path(sys.executable).with_name("terrarium")), "deploy", "--chain", url, "--scenario", str(toml)]
        command += ["--manifest", str(path)]
        deployer, rpc = chain.accounts.address("deployer"), connect(url)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
            while (sent := int(rpc.ask("eth_getTransactionCount", deployer, "latest"), 16)) < 7:
                assert child.poll() is None, child.stderr.read()
                time.sleep(0.005)
            os.kill(child.pid, signal.SIGKILL)
            child.stderr.read()
        sent = chain.nonce(deployer)
        half = Manifest.load(path)
        assert sent >= 7
        assert not half.done
        assert half.url == url
        said: list[str] = []
        made = deploy_to(url, str(toml), (), path, said.append)
        made.check(chain)
        assert made == Manifest.load(path)
        assert made.nonce0 == half.nonce0 == 0
        assert made.address("Cash") == created_address(deployer, 0)
        total = chain.nonce(deployer)
        assert f"in {total - sent} transactions" in said[0]
        said.clear()
        assert deploy_to(url, str(toml), (), path, said.append) == made
        assert "nothing was sent" in said[0]
        assert chain.nonce(deployer) == total
        rpc.close()


def test_a_full_disk_loses_nothing(tmp_path):
    chain, path = RevmChain(), tmp_path / "manifest.json"
    full = resource.getrlimit(resource.RLIMIT_FSIZE)

    def with_room_for(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, full[1]))
        try:
            return deploy(chain, scenario(), REPORTERS, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, full)

    with pytest.raises(ManifestError, match=r"manifest.json cannot be written \(File too large\)"):
        with_room_for(100)
    assert (chain.height, list(tmp_path.iterdir())) == (0, [])  # before anything was sent
    with pytest.raises(ManifestError, match="cannot be written"):
        with_room_for(20_000)  # enough to begin with
    sent = chain.nonce(chain.accounts.address("deployer"))
    assert sent > 60
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]
    made = deploy(chain, scenario(), REPORTERS, path)
    assert chain.nonce(made.deployer) == sent
    assert same(made, deploy(RevmChain(), scenario(), REPORTERS))


def test_no_place_for_the_manifest(tmp_path):
    chain = RevmChain()
    with pytest.raises(ManifestError, match=r"cannot be written \(No such file or directory\); give another path"):
        deploy(chain, scenario(), REPORTERS, tmp_path / "nowhere" / "manifest.json")
    assert chain.height == 0


def test_a_step_that_fails_ends_the_deployment(tmp_path):
    chain, path = RevmChain(), tmp_path / "manifest.json"
    good = scenario()
    bad = good.model_copy(update={"market": good.market.model_copy(update={"kink": 1.0})})  # past all validation
    with pytest.raises(ChainError, match="deploy: create KinkedRate failed: KinkedRate__BadKink"):
        deploy(chain, bad, REPORTERS, path)
    sent = chain.height
    for settings in (bad, scenario()):
        with pytest.raises(ManifestError, match=r"deployment that failed \(create KinkedRate .*remove the file"):
            deploy(chain, settings, REPORTERS, path)
    assert chain.height == sent
    path.unlink()
    made = deploy(chain, scenario(), REPORTERS, path)
    assert made.done
    assert made.nonce0 > 0
    made.check(chain)


def test_a_deployer_who_did_something_else_meanwhile(tmp_path):
    chain, path = RevmChain(), tmp_path / "manifest.json"
    with pytest.raises(Killed):
        deploy(Mortal(chain, 4), scenario(), REPORTERS, path)
    chain.submit([Tx(chain.accounts.address("deployer"), ZERO, b"")] * 3)
    with pytest.raises(
        ManifestError, match=r"nonce0 is 0, but AlertBoard is not at 0x.*remove the file to deploy anew"
    ):
        deploy(chain, scenario(), REPORTERS, path)


def test_a_chain_that_went_back(tmp_path):
    chain, path = RevmChain(), tmp_path / "manifest.json"
    point = chain.snapshot()
    chain.submit([Tx(chain.accounts.address("deployer"), ZERO, b"")] * 3)
    with pytest.raises(Killed):
        deploy(Mortal(chain, 4), scenario(), REPORTERS, path)
    chain.revert(point)
    with pytest.raises(ManifestError, match="nonce0 is 3, but the deployer has sent 0 transactions"):
        deploy(chain, scenario(), REPORTERS, path)
