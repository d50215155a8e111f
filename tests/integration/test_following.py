"""A followed file and a real process: lines are appended, predictions appear, and a stop loses nothing."""

import signal
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.flows import lines, results, riverkeeper, write_flow
from tests.support.forks import Fork, running

pytestmark = pytest.mark.integration

NO_REPORTS = "reports = false"


def following(flow: Path) -> AbstractContextManager[Fork]:
    return running("run", flow, "--recovery", flow.parent / "recovery")


def wait_for(flow: Path, predictions: int, process: Fork) -> None:
    """Until so many predictions can be read."""
    path = flow.parent / "runs" / "test" / "predictions.jsonl"
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < predictions:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the predictions did not appear"
        time.sleep(0.02)


def test_predictions_appear_while_the_file_grows_and_a_stopped_run_goes_on(tmp_path: Path) -> None:
    whole = write_flow(tmp_path / "whole", rows=2000, extra=NO_REPORTS)
    assert riverkeeper("run", whole).returncode == 0
    # Longer than the test: what is seen was not written by a snapshot.
    flow = write_flow(tmp_path / "followed", rows=2000, extra=NO_REPORTS, snapshots=600)
    flow.write_text(flow.read_text().replace("batch = 100", "batch = 100\nfollow = true"))
    events = flow.parent / "events.jsonl"
    content = events.read_bytes()
    events.write_bytes(b"")
    parts = content.splitlines(keepends=True)
    half = len(parts) // 2

    with following(flow) as process, events.open("ab", buffering=0) as growing:
        for line in parts[:300]:
            growing.write(line)
        growing.write(parts[300][:5])
        wait_for(flow, b"".join(parts[:300]).count(b'"example"'), process)
        growing.write(parts[300][5:] + b"".join(parts[301:half]))
        wait_for(flow, b"".join(parts[:half]).count(b'"example"'), process)
        process.send_signal(signal.SIGTERM)
        said = "".join(process.communicate(timeout=60))
        assert process.returncode == 0, said
        assert "the same command goes on" in " ".join(said.split())
    with events.open("ab") as growing:
        growing.write(b"".join(parts[half:]))
    with following(flow) as process:
        wait_for(flow, 2000, process)
        process.send_signal(signal.SIGTERM)
        said = "".join(process.communicate(timeout=60))
        assert process.returncode == 0, said

    expected = results(whole)["predictions.jsonl"]
    assert results(flow)["predictions.jsonl"] == expected
    assert lines(flow, "dead_letters") == lines(whole, "dead_letters")
    assert lines(flow, "summary") == [], "a file that is followed has no end"


def test_a_run_that_is_killed_while_it_waits_predicts_nothing_twice(tmp_path: Path) -> None:
    whole = write_flow(tmp_path / "whole", rows=600, extra=NO_REPORTS)
    assert riverkeeper("run", whole).returncode == 0
    flow = write_flow(tmp_path / "followed", rows=600, extra=NO_REPORTS)
    flow.write_text(flow.read_text().replace("batch = 100", "batch = 100\nfollow = true"))
    for number in (signal.SIGKILL, signal.SIGTERM):
        with following(flow) as process:
            wait_for(flow, 600, process)
            process.send_signal(number)
            process.wait(timeout=60)
    assert results(flow)["predictions.jsonl"] == results(whole)["predictions.jsonl"]
