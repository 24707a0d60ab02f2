"""The command as its user meets it: what works, and what is answered to each mistake: a message and exit code 2."""

from __future__ import annotations

import http.server
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

import terrarium
from terrarium.cli import main

SMALL = ["--engine", "revm", "--ticks", "4", "--agents", "20", "--set", "shocks=[]"]


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Runs `terrarium …` in an empty folder; gives its exit code, and what it printed to both streams."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["terrarium", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as exit:
            code = int(exit.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small finished run."""
    path = tmp_path_factory.mktemp("runs") / "small"
    terrarium.run("property_crash", engine="revm", ticks=4, agents=20, overrides=["shocks=[]"], out=path)
    return path


def test_run_records_and_reports(command, tmp_path):
    code, out, err = command("run", "property_crash", *SMALL, "--seed", 9, "--report")
    assert code == 0, err
    assert "runs/property_crash-9" in out
    run = terrarium.open_run(tmp_path / "runs" / "property_crash-9")
    assert run.meta["status"] == "finished"
    assert run.meta["seed"] == 9
    assert len(run.table("agents")) == 20
    page = (tmp_path / "runs" / "property_crash-9" / "report.html").read_text()
    assert "property crash" in page
    assert 'src="http' not in page

    again, out, _ = command("run", "property_crash", *SMALL, "--seed", 9)
    assert again == 0
    assert "runs/property_crash-9.2" in out  # nothing is ever written over


def test_report_and_replay_of_a_finished_run(command, finished, tmp_path):
    assert command("report", finished, "--out", tmp_path / "page.html")[0] == 0
    assert (tmp_path / "page.html").stat().st_size > 1_000_000
    code, out, _ = command("replay", finished, "--engine", "revm")
    assert code == 0
    assert "MATCHES" in out


def test_list_shows_every_kind(command):
    code, out, _ = command("list")
    assert code == 0
    for name in ("property_crash", "leveraged_fund", "real_estate", "crash", "price_fall"):
        assert name in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "nope"], "no scenario 'nope'; there are"),
        (["run", "property_crash", "--agents", "-3"], "-3 is not in the range"),
        (["run", "property_crash", "--agents", "99999999"], "is not in the range"),
        (["run", "property_crash", "--agents", "2"], "agents: 2 is too few"),
        (["run", "property_crash", "--ticks", "0"], "0 is not in the range"),
        (["run", "property_crash", "--ticks", "50"], "shocks[0].tick: 100 is past the last tick (49)"),
        (["run", "property_crash", "--seed", "x"], "'x' is not a valid integer"),
        (["run", "property_crash", "--engine", "geth"], "'geth' is not one of"),
        (["run", "property_crash", "--set", "world.kapa=1"], "world.kapa: is not known; there are kappa"),
        (
            ["run", "property_crash", "--set", "agents.lender.strategy=whale"],
            "no strategy 'whale'; there are arbitrageur",
        ),
        (["run", "property_crash", "--set", "agents.lender.params.greed=1"], "lender has no such parameter; it takes"),
        (["run", "property_crash", "--set", "agents.lender.params.fear=7"], "fear"),
        (["run", "property_crash", "--set", "assets.WHEAT.process=alchemy"], "alchemy"),
        (["run", "property_crash", "--set", "assets.WHEAT.params.rain=1"], "rain"),
        (["run", "property_crash", "--set", "monitor.leverage.params.warning=-1"], "monitor.leverage.params"),
        (["run", "property_crash", "--set", "monitor.leverage.rule=gossip"], "no such rule; there are"),
        (["run", "property_crash", "--set", "shocks.crash.kind=meteor"], "meteor"),
        (["run", "property_crash", "--engine", "rpc"], "needs the URL of a node"),
        (["run", "property_crash", "--engine", "rpc", "--manifest", "none.json"], "there is no none.json"),
        (["run", "property_crash", "--manifest", "none.json"], "use --engine rpc with --manifest"),
        (["resume", "nowhere"], "no such run folder"),
        (["replay", "nowhere"], "no such run folder"),
        (["report", "nowhere"], "no such run folder"),
        (["deploy", "--chain", "http://127.0.0.1:1"], "this is no EVM node"),
        (["deploy", "--chain", "gopher://x"], "gopher"),
        (["run"], "Missing argument"),
        (["dance"], "No such command"),
    ],
)
def test_a_mistake_gets_a_message_and_exit_code_2(command, tmp_path, words, says):
    code, out, err = command(*words)
    assert code == 2
    assert says in err
    assert "Traceback" not in err + out
    assert not any(tmp_path.rglob("*")), "nothing may have been started"


def test_a_folder_with_something_in_it_is_left_alone(command, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("important")
    code, _, err = command("run", "property_crash", *SMALL, "--out", tmp_path / "full")
    assert code == 2
    assert "is not empty; give another one" in err
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_written(command, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = command("run", "property_crash", *SMALL, "--out", tmp_path / "file" / "run")
    assert code == 2
    assert "no run can be written to" in err


@pytest.mark.parametrize(("engine", "remedy"), [("anvil", "make setup"), ("hardhat", "Node")])
def test_a_missing_node_says_what_to_do(command, monkeypatch, tmp_path, engine, remedy):
    module = __import__(f"terrarium.chain.{engine}", fromlist=[engine])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "__file__", str(tmp_path / "terrarium.py"))  # away from this checkout's node_modules
    code, _, err = command("run", "property_crash", "--engine", engine, "--out", tmp_path / "run")
    assert code == 2
    assert remedy in err


def test_a_web_server_is_no_node(command):
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        code, _, err = command("deploy", "--chain", f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
    assert code == 2
    assert "no EVM node" in err


def test_a_chain_that_was_not_named_is_not_sent_to(command):
    from terrarium.chain.anvil import AnvilChain

    with AnvilChain(chain_id=424242) as chain:
        before = chain.height
        code, _, err = command("deploy", "--chain", chain.url)
        assert code == 2
        assert "424242" in err
        assert chain.height == before


def test_a_manifest_of_another_chain_is_refused(command, tmp_path):
    from terrarium.chain.anvil import AnvilChain

    with AnvilChain() as first, AnvilChain(genesis=1_800_000_000) as second:
        assert command("deploy", "--chain", first.url, "--manifest", "d.json")[0] == 0
        code, _, err = command("deploy", "--chain", second.url, "--manifest", "d.json")
    assert code == 2
    assert "genesis" in err


@pytest.mark.parametrize("name", ["run.json", "journal.sqlite", "transactions"])
def test_an_altered_or_cut_record_is_named(command, finished, tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    target = next(copy.glob(f"{name}/*.parquet")) if name == "transactions" else copy / name
    data = bytearray(target.read_bytes())
    # in the middle; of a journal whose blocks are all compacted the middle may be unused, so there the head
    start = 0 if name == "journal.sqlite" else len(data) // 2
    data[start : start + 16] = os.urandom(16)
    target.write_bytes(data)
    for verb in ("report", "replay"):
        code, _, err = command(verb, copy)
        assert code == 2, err
        assert "copy" in err
        assert "Traceback" not in err
    target.write_bytes(data[: len(data) // 2])
    assert command("report", copy)[0] == 2


def test_finished_runs_are_not_resumed(command, finished):
    code, _, err = command("resume", finished)
    assert code == 2
    assert "finished" in err


def test_importing_terrarium_is_light():
    """No Ape, no web3: the command answers at once."""
    import subprocess

    check = "import sys, terrarium, terrarium.cli; print([m for m in ('ape', 'web3', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names():
    """A guard: what users import does not change by accident."""
    assert sorted(terrarium.__all__) == ["__version__", "open_run", "replay", "resume", "run"]
    assert all(callable(getattr(terrarium, name)) for name in terrarium.__all__ if name != "__version__")
    assert Path(terrarium.__file__).name == "__init__.py"
