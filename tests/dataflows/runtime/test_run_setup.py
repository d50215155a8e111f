"""A run touches what an earlier one has left when nothing can be wrong any more."""

import os
import socket
import sys
from io import StringIO
from pathlib import Path

import pytest

from dataflows.cli.errors import one_line_errors
from dataflows.config import load_config
from dataflows.console import PlainConsole
from dataflows.lifecycle.run_id import known_identity, known_store
from dataflows.runtime import recovery_store
from dataflows.runtime.bytewax_errors import ours_only
from dataflows.runtime.prometheus import check_ports
from dataflows.runtime.run_setup import Place, member, prepare, reserved
from engine.errors import ConfigError, OutputError, RiverkeeperError
from engine.secrecy import remember
from tests.support.flows import write_flow
from tests.support.servers import free_port


def place(flow: Path, **options: object) -> Place:
    return Place(load_config(flow), **options)  # type: ignore[arg-type]  # as the tests say


def begin(given: Place) -> str:
    """Makes everything ready; what was printed."""
    out = StringIO()
    with reserved(given) as locks:
        prepare(given, locks, PlainConsole(file=out, width=400))
    return out.getvalue()


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A flow with results of an earlier run."""
    found = write_flow(tmp_path, rows=10)
    run = tmp_path / "runs" / "test"
    run.mkdir(parents=True)
    (run / "predictions.jsonl").write_bytes(b"{}\n")
    return found


MISTAKES = {
    "a missing file": ("events.jsonl", "eventz.jsonl"),
    "labels of another kind": ("[input]", '[input]\nlabels = "flow.toml"\nformat = "parquet"'),
    "a row that is none": ("[window]", '[window]\nreference = "pinned"\n[input]\nreference = "flow.toml"'),
    "a version that is none": ("[labels]", '[registry]\nstart = "m7.w7"\n[labels]'),
    "a secret that is none": ("[labels]", '[alerts.webhook]\nurl_variable = "NOT_SET"\n[labels]'),
    "a damaged file": ("events.jsonl", "damaged.jsonl.gz"),
}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_leaves_the_results_of_an_earlier_run(flow: Path, mistake: str, overwrite: bool) -> None:
    before, after = MISTAKES[mistake]
    text = flow.read_text()
    if "[input]" in after and before != "[input]":
        head, _, tail = after.partition("\n[input]")
        text, (before, after) = text.replace(before, head), ("[input]", f"[input]{tail}")
    flow.write_text(text.replace(before, after))
    (flow.parent / "damaged.jsonl.gz").write_bytes(b"\x1f\x8b\x08no more of it")
    with pytest.raises(RiverkeeperError):
        begin(place(flow, overwrite=overwrite))
    assert [path.name for path in (flow.parent / "runs").glob("test*")] == ["test"]
    assert (flow.parent / "runs/test/predictions.jsonl").read_bytes() == b"{}\n"


def test_earlier_results_are_kept_aside_or_replaced(flow: Path) -> None:
    runs = flow.parent / "runs"
    assert "earlier results are kept in" in begin(place(flow))
    assert not (runs / "test/predictions.jsonl").exists()
    assert (runs / "test.1/predictions.jsonl").read_bytes() == b"{}\n"
    (runs / "test/predictions.jsonl").write_bytes(b"{}\n")
    assert begin(place(flow, overwrite=True)) == ""
    assert not (runs / "test/predictions.jsonl").exists()
    assert sorted(path.name for path in runs.glob("test*")) == ["test", "test.1"]


@pytest.mark.parametrize("store", ["state", "runs/test/state"])
def test_a_store_is_that_of_the_run_and_both_are_locked(flow: Path, store: str) -> None:
    recovery = flow.parent / store
    given = place(flow, recovery=recovery)
    with reserved(given) as locks:
        prepare(given, locks, PlainConsole(file=StringIO()))
        assert recovery_store.owner(recovery) == known_identity(given.run)
        assert known_store(given.run) == recovery
        with pytest.raises(OutputError, match=f"in use by process {os.getpid()}"), reserved(given):
            pass
    mark = known_identity(given.run)
    (given.run / "predictions.jsonl").write_bytes(b"{}\n")
    (given.run / "waiting-1.sqlite").touch()
    assert begin(given) == "", "it goes on"
    assert (known_identity(given.run), (given.run / "waiting-1.sqlite").exists()) == (mark, False)
    assert (given.run / "predictions.jsonl").exists()


def test_a_name_is_locked_in_its_registry_whatever_the_folder(flow: Path, tmp_path: Path) -> None:
    one = place(flow)
    other = write_flow(tmp_path / "other", rows=10, run=f'[registry]\nfolder = "{tmp_path}/runs/registry"')
    with reserved(one):
        with (
            pytest.raises(OutputError, match="the run name 'test' is in use by process"),
            reserved(place(other)),
        ):
            pass
        other.write_text(other.read_text().replace('"test"', '"test2"'))
        with reserved(place(other)):
            pass


def test_ports_are_tried_before_anything_is_touched() -> None:
    check_ports(f"127.0.0.1:{free_port()}", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OutputError, match=rf"127\.0\.0\.1:{port}: cannot be served: Address already"):
            check_ports(f"127.0.0.1:{port - 1}", 2)
    with pytest.raises(OutputError, match=r"127\.0\.0\.1:65536: a port is at most 65535"):
        check_ports("127.0.0.1:65535", 2)
    with pytest.raises(ConfigError, match="expected host:port for each process, got 'a:99999'"):
        member("a:99999,b:1", 0)


def test_a_recovery_store_that_cannot_be_written_is_one_line() -> None:
    said = """called unwrap on SqliteFailure(Error { code: DiskFull }, Some("database or disk is full"))"""
    with (
        pytest.raises(OutputError, match="the store cannot be written: database or disk is full; see"),
        ours_only(),
    ):
        raise RuntimeError(said)
    with pytest.raises(RuntimeError, match="a defect"), ours_only():
        raise RuntimeError("a defect")


def test_what_bytewax_says_steers_no_terminal_and_shows_no_secret(capfd: pytest.CaptureFixture[str]) -> None:
    remember("hunter2-of-mine", "DB_PASSWORD")
    with ours_only():
        os.write(2, b"a panic\nat key \x1b[2J\xff, with hunter2-of-mine\n")
    assert capfd.readouterr().err == "a panic\nat key \\x1b[2J\\xff, with ${DB_PASSWORD}\n"


def test_a_traceback_steers_no_terminal_and_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    remember("hunter2-of-mine", "DB_PASSWORD")
    before = sys.excepthook
    try:
        with one_line_errors():
            sys.excepthook(ValueError, ValueError("key \x1b[2J, with hunter2-of-mine"), None)
    finally:
        sys.excepthook = before
    assert capsys.readouterr().err == "ValueError: key \\x1b[2J, with ${DB_PASSWORD}\n"
