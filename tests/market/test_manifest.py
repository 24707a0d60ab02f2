"""A manifest that was cut, altered, or is of something else is refused by name."""

from __future__ import annotations

import json

import pytest

from terrarium.chain.revm import RevmChain
from terrarium.chain.types import Tx
from terrarium.devnet import deploy_to
from terrarium.errors import ManifestError
from terrarium.market.deploy import deploy
from terrarium.market.economy import Economy
from terrarium.market.manifest import Manifest
from tests.chain.engines import open_engine
from tests.market.town import REPORTERS, scenario

GONE = object()


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    chain, path = RevmChain(), tmp_path_factory.mktemp("town") / "manifest.json"
    deploy(chain, scenario(), REPORTERS, path)
    return chain, path.read_bytes()


def altered(content, where, value):
    """The manifest with one field set, or taken out."""
    data = entry = json.loads(content)
    *path, last = where
    for key in path:
        entry = entry[key]
    if value is GONE:
        del entry[last]
    else:
        entry[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (["format"], 2, "no manifest of format 1"),
        (["format"], GONE, "no manifest of format 1"),
        (["chain_id"], GONE, "chain_id is missing"),
        (["chain_id"], "31337", "chain_id must be a whole number, got '31337'"),
        (["nonce0"], True, "nonce0 must be a whole number, got True"),
        (["nonce0"], None, "nonce0 must be a whole number, got None"),
        (["done"], 1, "done must be true or false, got 1"),
        (["deployer"], "0x12", "deployer must be an address, 0x and 40 hex digits, got '0x12'"),
        (["reporters"], "all", "reporters must be a list"),
        (["settings"], [], "settings must be an object"),
        (["url"], 8545, "url must be a string or null"),
        (["assets"], {}, "assets must be a list"),
        (["contracts"], [], "contracts must be an object"),
        (["contracts", "Cash"], 7, "contracts.Cash must be an object, got 7"),
        (["contracts", "Cash", "address"], GONE, "contracts.Cash.address is missing"),
        (["contracts", "Lens", "address"], 7, "contracts.Lens.address must be an address"),
        (["contracts", "Lens", "abi"], "x", "contracts.Lens.abi must be a list"),
        (["contracts", "Lens", "owner"], "x", "contracts.Lens.owner is no field of a manifest"),
        (["colour"], "green", "colour is no field of a manifest"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_field(town, tmp_path, where, value, message):
    chain, content = town
    path = tmp_path / "manifest.json"
    path.write_text(altered(content, where, value))
    height = chain.height
    for use in (lambda: Manifest.load(path), lambda: deploy(chain, scenario(), REPORTERS, path)):
        with pytest.raises(ManifestError) as caught:
            use()
        assert str(caught.value).startswith(f"manifest: {path}")
        assert message in str(caught.value)
    assert chain.height == height


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"manifest"'])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=r"manifest: .*manifest.json (cannot be read|is no manifest of format)"):
        Manifest.load(path)


def test_any_cut_is_noticed(town, tmp_path):
    path = tmp_path / "manifest.json"
    for size in range(0, len(town[1]) - 1, 9_973):
        path.write_bytes(town[1][:size])
        with pytest.raises(ManifestError, match="cannot be read"):
            Manifest.load(path)


def test_no_manifest(tmp_path):
    with pytest.raises(ManifestError, match=r"there is no .*none.json; run `terrarium deploy --manifest"):
        Manifest.load(tmp_path / "none.json")
    with pytest.raises(ManifestError, match="cannot be read"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (["chain_id"], 5, "another deployment: its chain_id differ"),
        (["genesis"], "0x11", "another deployment: its genesis differ"),
        (["settings", "tick_seconds"], 5, "another deployment: its settings differ"),
        (["contracts", "Cash", "runtime_hash"], "0x11", "contracts.Cash.runtime_hash is 0x11, the code at 0x"),
        (["contracts", "Cash", "address"], "0x" + "11" * 20, "contracts.Cash: there is no code at 0x1111"),
        (["assets"], [], "missing or malformed"),
        (["assets", 0, "loan_market"], "zz", "assets: loan_market of OAK is 'zz', by its contracts it is 0x"),
        (["assets", 1, "feed"], "0x" + "11" * 20, "assets: feed of ELM is '0x1111"),
        (["assets", 0, "oracle"], "0x" + "11" * 20, "assets: oracle of OAK is '0x1111"),
        (["assets", 0, "cash_first"], GONE, "'cash_first'.* missing or malformed"),
        (["assets", 1, "pair"], GONE, "'pair'.* missing or malformed"),
        (["contracts", "Lens"], GONE, "contracts.Lens is missing"),
    ],
)
def test_what_does_not_match_the_chain_is_refused(town, tmp_path, where, value, message):
    chain, content = town
    path = tmp_path / "manifest.json"
    path.write_text(altered(content, where, value))
    with pytest.raises(ManifestError, match=message):
        Economy.of(deploy(chain, scenario(), REPORTERS, path), "")


def test_other_settings_and_other_people(town, tmp_path):
    chain, content = town
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=r"settings differ .*give another --manifest, or remove the file"):
        deploy(chain, scenario(market={"accreditation": True}), REPORTERS, path)
    assert deploy(chain, scenario(seed=9, ticks=3), REPORTERS, path).done  # what does not matter to it may differ
    half = altered(altered(content, ["done"], False), ["deployer"], "0x" + "22" * 20)
    path.write_text(half)
    with pytest.raises(ManifestError, match="its deployer differ"):
        deploy(chain, scenario(), REPORTERS, path)
    path.write_text(altered(content, ["done"], False))
    with pytest.raises(ManifestError, match="its reporters differ"):
        deploy(chain, scenario(), REPORTERS + 1, path)


def test_another_node(town, tmp_path):
    """The same chain id, another genesis; or our own, which are all alike at block 0, but with nothing on it."""
    path = tmp_path / "manifest.json"
    path.write_bytes(town[1])
    with open_engine("rpc") as chain:
        with pytest.raises(ManifestError, match="another deployment: its genesis differ"):
            deploy(chain, scenario(), REPORTERS, path)
        with pytest.raises(ManifestError, match=r"genesis is , the node's is 0x.*another chain, or restarted"):
            Manifest.load(path).check(chain)
        assert chain.height == 0
    with RevmChain() as chain, pytest.raises(ManifestError, match=r"contracts\.Cash: there is no code at"):
        deploy(chain, scenario(), REPORTERS, path)
    with RevmChain(chain_id=99) as chain, pytest.raises(ManifestError, match="chain_id is 31337, the node's is 99"):
        Manifest.load(path).check(chain)


def test_a_manifest_of_somebody_elses_is_not_thrown_away(tmp_path):
    """`terrarium deploy --chain anvil` replaces manifests of its own devnets that are gone, and nothing else."""
    path = tmp_path / "manifest.json"
    with RevmChain() as chain:
        made = deploy(chain, scenario(), REPORTERS, path)
    with pytest.raises(ManifestError, match="not of a devnet that Terrarium started; give another --manifest"):
        deploy_to("anvil", "property_crash", (), path, print)
    made.url, made.deployer = "http://127.0.0.1:1", "0x" + "33" * 20
    made.save(path)
    with pytest.raises(ManifestError, match="not of a devnet that Terrarium started"):
        deploy_to("anvil", "property_crash", (), path, print)
    assert Manifest.load(path) == made


def test_what_stands_already(tmp_path):
    path, said = tmp_path / "manifest.json", []
    with open_engine("anvil") as chain:
        made = deploy(chain, scenario(), REPORTERS, path, url=chain.url)
        sent = chain.height
        with pytest.raises(ManifestError, match=r"settings in .* are of another economy, which stands at http"):
            deploy_to("anvil", "property_crash", (), path, said.append)
        toml = tmp_path / "town.toml"
        toml.write_text(TOML)
        assert deploy_to("anvil", str(toml), (), path, said.append) == made
        assert said == [f"already deployed: {path} describes the devnet at {chain.url}, which is up"]
        chain.submit([Tx(made.deployer, made.deployer, b"")])
        assert chain.height == sent + 1


TOML = """
name = "town"
ticks = 10
feeds = { quorum = 2 }
[[assets]]
name = "OAK"
process = "real_estate"
value = 100.0
supply = 1_000_000
pool_share = 0.01
lltv = 0.77
[[assets]]
name = "ELM"
process = "real_estate"
value = 7.0
supply = 1_000_000
pool_share = 0.01
lltv = 0.86
oracle = "pool"
[[agents]]
strategy = "feed_reporter"
count = 2
"""
