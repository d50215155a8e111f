"""A link in the place of a file that a run writes leads nowhere, and the umask is honoured."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataflows.alerts.config import DestinationsConfig, WebhookConfig
from dataflows.alerts.sink import DELIVERED, AlertSink
from dataflows.commands.new_files import write_new
from dataflows.connectors.files.blobs import write_blob
from dataflows.connectors.files.sink import LinesPartition
from dataflows.connectors.kafka.order_log import Journal
from dataflows.demo.run import write_config
from dataflows.lifecycle.locks import Locks
from dataflows.lifecycle.progress import Reading
from dataflows.lifecycle.run_id import identity, note_store
from dataflows.lifecycle.status_file import STATUS, StatusFile
from dataflows.lifecycle.unwritten import Unwritten, note
from dataflows.runtime.backpressure import Learned
from engine.errors import OutputError


def lines(run: Path) -> None:
    part = LinesPartition(run / "predictions.jsonl", 0)
    part.write_batch([b"{}\n"])
    part.close()


def status(run: Path) -> None:
    with StatusFile(run) as file:
        file(Reading(1, 1, 1, "bytes", dict))


def lock(run: Path) -> None:
    with Locks() as locks:
        locks.take_folder(run, "run")


def learned(run: Path) -> None:
    count = Learned()
    count.open(run, 0)
    count.add(1)


def order(run: Path) -> None:
    journal = Journal(run)
    journal.append(0, [0], ["a"])
    journal.close()


def delivered(run: Path) -> None:
    config = DestinationsConfig(webhook=WebhookConfig(url_variable="HOOK"))
    AlertSink(config, run).build_part("step", "alerts", None).close()


WRITERS: dict[str, Callable[[Path], object]] = {
    "predictions.jsonl": lines,
    STATUS: status,
    ".lock": lock,
    "identity": identity,
    "recovery": lambda run: note_store(run, run.parent / "state"),
    "learned-0": learned,
    "order-start.json": lambda run: Journal(run).begin([], {}),
    "order-000000000000000.jsonl": order,
    DELIVERED: delivered,
    "unwritten.jsonl": lambda run: note(run, Unwritten("a", "b")),
    "report.html": lambda run: write_blob(run, "report.html", b"content"),
    "flow.toml": lambda run: write_new({run / "flow.toml": b"content"}),
    "demo.toml": lambda run: write_config(run, "demo"),
}
REFUSED = {"predictions.jsonl", ".lock", "unwritten.jsonl", "flow.toml"}
"""What is added to, or may not be there yet; in the place of all others comes the file."""


@pytest.fixture(autouse=True)
def hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:1/")


@pytest.fixture(params=[0o077, 0o022, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("name", WRITERS)
def test_a_link_in_the_place_of_a_file_leads_nowhere(tmp_path: Path, name: str, there: bool) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    run.mkdir()
    if there and name != "demo.toml":  # one that says something else is refused before
        elsewhere.write_bytes(b"theirs")
    (run / name).symlink_to(elsewhere)
    if name in REFUSED:
        with pytest.raises(OutputError, match=r"link|is there already|File exists"):
            WRITERS[name](run)
    else:
        WRITERS[name](run)
    assert (elsewhere.read_bytes() if elsewhere.exists() else b"theirs") == b"theirs"
    assert (run / name).is_symlink() == (name in REFUSED or (there and name == "identity"))
    assert not [*run.glob(".*.partial")]


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_has_the_rights_that_the_umask_leaves(tmp_path: Path, name: str, umask: int) -> None:
    run = tmp_path / "run"
    run.mkdir()
    WRITERS[name](run)
    assert (run / name).stat().st_mode & 0o777 == 0o666 & ~umask
