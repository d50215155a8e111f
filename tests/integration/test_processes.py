"""A flow in several processes: the results of one, whatever is killed, and a stop that loses nothing."""

import os
import signal
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.support.flows import FAILING, lines, riverkeeper, write_flow
from tests.support.forks import Fork, children_of, running

pytestmark = pytest.mark.integration

STREAMS = ("predictions", "decisions", "reports", "alerts", "dead_letters", "summary")


def by_key(flow: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The rows of each stream, by model key: between keys the order is free."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for stream in STREAMS:
        found[stream] = defaultdict(list)
        for row in lines(flow, stream):
            found[stream][row["key"]].append(row)
    return found


def wait_for(path: Path, size: int, process: Fork) -> None:
    until = time.monotonic() + 60
    while not path.exists() or path.stat().st_size < size:
        assert process.poll() is None, "the run was over before anything could be done to it"
        assert time.monotonic() < until
        time.sleep(0.02)


def test_two_processes_write_what_one_writes_though_one_is_killed_and_all_are_stopped(tmp_path: Path) -> None:
    one = write_flow(tmp_path / "one", extra=FAILING, keyed=True)
    two = write_flow(tmp_path / "two", extra=FAILING, keyed=True, run="resident_keys = 1")
    assert riverkeeper("run", one).returncode == 0
    options = ("-p", "2", "--recovery", str(tmp_path / "store"))
    run = tmp_path / "two/runs/test"
    predictions = run / "predictions.jsonl"

    with running("run", two, *options) as process:
        wait_for(predictions, 50_000, process)
        second = riverkeeper("run", two, "--overwrite")
        assert second.returncode == 2
        assert f"runs/test is in use by process {process.pid} on " in second.stderr
        first = {*children_of(process.pid)}
        os.kill(children_of(process.pid)[1], signal.SIGKILL)
        while len({*children_of(process.pid)} - first) < 2:  # until then process 0 goes on
            assert process.poll() is None
            time.sleep(0.02)
        restarted = time.time()
        while predictions.stat().st_mtime < restarted:  # and until they are connected none can be stopped
            assert process.poll() is None
            time.sleep(0.02)
        wait_for(predictions, 200_000, process)
        process.send_signal(signal.SIGTERM)
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == 0, said
    assert "process 1 has died (SIGKILL); all start again from the last snapshot" in said
    assert said.count("stopped") == said.count("stopped; the same command goes on") == 1
    assert not (run / "summary.jsonl").exists() or not (run / "summary.jsonl").read_bytes()

    ended = riverkeeper("run", two, *options)
    assert ended.returncode == 0, ended.stderr
    expected = by_key(one)
    assert all(expected[stream] for stream in STREAMS)
    assert by_key(two) == expected
    # One process goes on with what two have left, and finds nothing to do.
    again = riverkeeper("run", two, *options[2:])
    assert again.returncode == 0, again.stderr
    assert by_key(two) == expected


def test_a_mistake_is_told_once_and_nothing_is_started_again(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, rows=10, keyed=True)
    (tmp_path / "events.jsonl").unlink()
    found = riverkeeper("run", flow, "-p", "2", "--recovery", tmp_path / "store")
    assert found.returncode == 2
    assert found.stderr.count("error:") == 1
    assert "events.jsonl" in found.stderr
    assert "Traceback" not in found.stderr
    both = riverkeeper("run", flow, "-p", "2", "--addresses", "a:1,b:2")
    assert both.returncode == 2
    assert "expected one of them, got both" in both.stderr
    wrong = riverkeeper("run", flow, "--addresses", "127.0.0.1:1,127.0.0.1:2", "--process", "2")
    assert wrong.returncode == 2
    assert "expected 0 to 1 for 2 addresses, got 2" in wrong.stderr
    beyond = riverkeeper("run", flow, "--addresses", "a:1,b:2")
    assert beyond.returncode == 2
    assert beyond.stderr.startswith("error: --addresses: expected 127.0.0.1 or localhost, got a:1")
    assert beyond.stderr.count("\n") == 1
    alone = riverkeeper("run", flow, "--trust-network")
    assert alone.returncode == 2
    assert "expected --addresses too" in alone.stderr


def test_what_processes_log_is_shown(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, extra="reports = false" + FAILING, keyed=True)
    found = riverkeeper("run", flow, "-p", "2")
    assert found.returncode == 0, found.stderr
    rows = lines(flow, "alerts")
    assert rows
    assert len(found.stderr.splitlines()) == len(rows)


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, rows=20_000, keyed=True)
    with running("run", flow, "-p", "2") as process:
        wait_for(tmp_path / "runs/test/status.json", 1, process)
        left = children_of(process.pid)
        process.kill()
        process.communicate(timeout=60)
    until = time.monotonic() + 60
    while any(Path(f"/proc/{child}/cmdline").exists() and _runs(child) for child in left):
        assert time.monotonic() < until, "a process has outlived the one that started it"
        time.sleep(0.1)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
