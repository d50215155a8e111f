"""Flows run as a user runs them: the command line, Bytewax's own runner, a cluster, a killed process."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.support.flows import BYTEWAX, lines, results, riverkeeper, run_cluster, write_flow
from tests.support.forks import running

pytestmark = pytest.mark.integration

NO_REPORTS = "reports = false"


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run without reports writes."""
    flow = write_flow(tmp_path_factory.mktemp("expected"), extra=NO_REPORTS)
    done = riverkeeper("run", flow)
    assert done.returncode == 0, done.stderr
    return results(flow)


def test_the_flow_of_the_tests_is_worth_running(expected: dict[str, bytes]) -> None:
    assert expected["predictions.jsonl"].count(b"\n") == 6000
    assert expected["dead_letters.jsonl"].count(b"\n") == 62
    assert b'"add_up":true' in expected["summary.jsonl"]
    assert b'"action":"suspect"' in expected["decisions.jsonl"]


def test_reports_are_judged_in_the_background_as_they_are_inline(tmp_path: Path) -> None:
    inline = write_flow(tmp_path / "inline", rows=2400, extra='mode = "inline"')
    background = write_flow(tmp_path / "background", rows=2400)
    for flow in (inline, background):
        done = riverkeeper("run", flow)
        assert done.returncode == 0, done.stderr
    assert results(inline) == results(background)
    reports = lines(background, "reports")
    assert len(reports) == 7
    assert "fail" in {report["status"] for report in reports}, "the fault was not seen"
    decisions = [decision["action"] for decision in lines(background, "decisions")]
    assert decisions[0] == "suspect"


def test_a_run_that_is_killed_again_and_again_writes_what_an_undisturbed_one_writes(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    flow = write_flow(tmp_path, extra=NO_REPORTS)
    random = Random(1)  # noqa: S311 - test data
    command = ("run", flow, "--recovery", tmp_path / "recovery")
    predictions = tmp_path / "runs" / "test" / "predictions.jsonl"
    kills = 0
    for _ in range(2):  # many more, and at every step: test_kills.py
        grown = predictions.stat().st_size if predictions.exists() else 0
        with running(*command) as process:
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                if predictions.exists() and predictions.stat().st_size != grown:
                    break
                time.sleep(0.005)
            time.sleep(random.random() * 0.1)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
    assert kills, "the run was over before it could be killed"
    done = riverkeeper("run", flow, "--recovery", tmp_path / "recovery")
    assert done.returncode == 0, done.stderr
    assert results(flow) == expected


def test_of_the_reports_the_newest_are_kept_in_a_run_that_is_killed_as_well(tmp_path: Path) -> None:
    keep = "keep_reports = 3"
    undisturbed = write_flow(tmp_path / "undisturbed", rows=2400, extra='mode = "inline"', run=keep)
    assert riverkeeper("run", undisturbed).returncode == 0
    flow = write_flow(tmp_path / "killed", rows=2400, extra='mode = "inline"', run=keep)
    run = flow.parent / "runs" / "test"
    with running("run", flow, "--recovery", tmp_path / "recovery") as process:
        deadline = time.monotonic() + 60
        while not (run / "reports" / "main-000003.json").exists() and time.monotonic() < deadline:
            assert process.poll() is None, "the run was over before it could be killed"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert riverkeeper("run", flow, "--recovery", tmp_path / "recovery").returncode == 0
    assert sorted(path.name for path in (run / "reports").iterdir()) == [
        f"main-00000{window}.json" for window in (4, 5, 6)
    ]
    assert len(lines(flow, "reports")) == 7
    assert results(flow) == results(undisturbed)
    gone = riverkeeper("reports", run, "2", "--html")
    assert gone.returncode == 2
    assert "main-000002.json: the report is no longer kept (run.keep_reports)" in gone.stderr


def test_a_stream_that_is_left_out_has_no_file_and_all_else_is_the_same(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    flow = write_flow(tmp_path, extra=NO_REPORTS, run='leave_out = ["predictions"]')
    done = riverkeeper("run", flow)
    assert done.returncode == 0, done.stderr
    assert results(flow) == {name: found for name, found in expected.items() if name != "predictions.jsonl"}
    flow.write_text(flow.read_text().replace('["predictions"]', '["guesses"]'))
    wrong = riverkeeper("check", flow)
    assert wrong.returncode == 2
    assert "run.leave_out: expected some of predictions, " in wrong.stderr


def stopped(predictions: Path, number: signal.Signals, *command: str | Path) -> tuple[int | None, str]:
    """Starts a run, and stops it when it has written its first predictions; its exit status and its line."""
    with running(*command) as process:
        deadline = time.monotonic() + 60
        while not (predictions.exists() and predictions.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    return process.returncode, error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_is_whole_and_goes_on_with_nothing_done_twice(
    tmp_path: Path, expected: dict[str, bytes], number: signal.Signals
) -> None:
    flow = write_flow(tmp_path, extra=NO_REPORTS)
    predictions = tmp_path / "runs" / "test" / "predictions.jsonl"
    status, said = stopped(predictions, number, "run", flow, "--recovery", tmp_path / "recovery")
    assert status == 0
    found = re.fullmatch(r"stopped after ([\d,]+) records; the same command goes on\n", said)
    assert found, said
    assert lines(flow, "summary") == []
    before = int(found[1].replace(",", ""))
    asked = len(lines(flow, "predictions")) + len(lines(flow, "dead_letters"))
    assert asked <= before, "the rest are labels"
    rest = riverkeeper("run", flow, "--recovery", tmp_path / "recovery")
    assert rest.returncode == 0
    (total,) = re.findall(r"main: ([\d,]+) records:", rest.stdout)
    (now,) = re.findall(r"([\d,]+) records, [\d,]+/s", rest.stdout) or [""]
    if now:
        assert int(now.replace(",", "")) == int(total.replace(",", "")) - before
    assert results(flow) == expected


def test_without_recovery_a_run_that_is_stopped_says_that_it_begins_anew(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, extra=NO_REPORTS)
    predictions = tmp_path / "runs" / "test" / "predictions.jsonl"
    status, said = stopped(predictions, signal.SIGINT, "run", flow)
    assert status == 130
    assert re.fullmatch(r"stopped after [\d,]+ records; without --recovery it begins anew\n", said), said


def test_bytewax_own_runner_gives_the_same(tmp_path: Path, expected: dict[str, bytes]) -> None:
    flow = write_flow(tmp_path, extra=NO_REPORTS)
    subprocess.run(BYTEWAX, cwd=tmp_path, check=True, timeout=120)  # noqa: S603 - our own command
    assert results(flow) == expected


def test_bytewax_own_recovery_flags_work(tmp_path: Path, expected: dict[str, bytes]) -> None:
    flow = write_flow(tmp_path, extra=NO_REPORTS)
    (tmp_path / "store").mkdir()
    subprocess.run([sys.executable, "-m", "bytewax.recovery", "store", "1"], cwd=tmp_path, check=True)
    command = [*BYTEWAX, "-r", "store", "-s", "1", "-b", "0"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)  # noqa: S603
    # Resumed at the end of the input there is nothing left to do, and nothing may be written twice.
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)  # noqa: S603
    found = results(flow)
    assert found["predictions.jsonl"] == expected["predictions.jsonl"]
    assert found["decisions.jsonl"] == expected["decisions.jsonl"]


def test_a_cluster_of_two_processes_gives_the_same_for_every_key(tmp_path: Path) -> None:
    alone = write_flow(tmp_path / "alone", extra=NO_REPORTS, keyed=True)
    assert riverkeeper("run", alone).returncode == 0
    flow = write_flow(tmp_path / "cluster", extra=NO_REPORTS, keyed=True)
    run_cluster(flow)
    for stream in ("predictions", "decisions", "versions", "dead_letters"):
        for key in ("r0", "r1", "r2", "no-key"):
            mine = [line for line in lines(flow, stream) if line["key"] == key]
            assert mine == [line for line in lines(alone, stream) if line["key"] == key]
    assert {line["key"] for line in lines(flow, "predictions")} == {"r0", "r1", "r2"}
    everything = [line for line in lines(flow, "summary") if line["key"] == "*"]
    assert everything == [line for line in lines(alone, "summary") if line["key"] == "*"]
    assert [line["counts"]["predicted"] for line in everything] == [6000]


def test_running_again_keeps_the_earlier_results_aside_or_replaces_them(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    flow = write_flow(tmp_path, extra=NO_REPORTS)
    run = tmp_path / "runs" / "test"
    stale = run / "reports" / "main-000099.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("of an earlier run")
    again = riverkeeper("run", flow)
    assert again.returncode == 0, again.stderr
    assert "earlier results are kept in " in again.stdout
    assert (tmp_path / "runs/test.1/reports/main-000099.json").read_text() == "of an earlier run"
    assert results(flow) == expected
    kept = run / "notes.jsonl"
    kept.write_text("somebody's own")
    stale.parent.mkdir()
    stale.write_text("of an earlier run")
    assert riverkeeper("run", flow, "--overwrite").returncode == 0
    assert kept.read_text() == "somebody's own"
    kept.unlink()
    assert results(flow) == expected
    assert sorted(path.name for path in run.parent.iterdir()) == ["registry", "test", "test.1"]


def test_a_run_that_is_at_work_is_not_started_a_second_time(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, rows=300, extra=NO_REPORTS)
    flow.write_text(flow.read_text().replace("[input]", "[input]\nfollow = true"))
    predictions = tmp_path / "runs" / "test" / "predictions.jsonl"
    with running("run", flow, "--recovery", tmp_path / "recovery") as process:
        deadline = time.monotonic() + 60
        while not (predictions.exists() and predictions.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.005)
        second = riverkeeper("run", flow, "--overwrite")
        seen = riverkeeper("status", predictions.parent)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert second.returncode == 2
    assert f"runs/test is in use by process {process.pid} on " in second.stderr
    assert "Traceback" not in second.stderr
    assert seen.returncode == 0
    assert "records since its start" in seen.stdout
    assert predictions.stat().st_size
