"""An economy on somebody else's node is lived in by one run after the other."""

from __future__ import annotations

from pathlib import Path

from terrarium.devnet import deploy_to
from terrarium.market.manifest import Manifest
from terrarium.sim.simulation import simulate
from tests.chain.engines import FREE, stranger

TOML = Path(__file__).parent / "town.toml"


def test_a_second_run_goes_on_where_the_first_ended(tmp_path):
    path = tmp_path / "manifest.json"
    with stranger(*FREE) as url:
        deploy_to(url, str(TOML), (), path, lambda said: None)
        written = path.read_bytes()
        first, second = (
            simulate(str(TOML), engine="rpc", manifest=path, out=tmp_path / name, seed=seed)
            for seed, name in ((1, "first"), (2, "second"))
        )
        # who is in is in: no identity is made again, and cash is only topped up
        made = [run.table("transactions")["verb"].size for run in (first, second)]
        assert made[1] < made[0]
        assert second.table("blocks")["number"].min() > first.table("blocks")["number"].max()
        ends, begins = first.prices.iloc[-1]["OAK"], second.prices.iloc[0]["OAK"]
        assert abs(begins / ends - 1) < 0.05
        assert path.read_bytes() == written
        assert Manifest.load(path).url == url
