import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.types import Cell, EvaluationJob, Table, Verdict
from engine.monitoring.worker.evaluator import BackgroundEvaluator, InlineEvaluator
from engine.monitoring.worker.protocol import Packer, RecentlyUsed, decoded_table, encoded_table
from tests.support.traps import trap

pytestmark = pytest.mark.integration

ROOT = str(Path(__file__).resolve().parents[2])
CONFIG = MonitoringConfig(full_on="never")


def table(seed: int, rows: int = 200, shift: float = 0.0) -> Table:
    random = Random(seed)  # noqa: S311
    columns: dict[str, list[Cell]] = {
        "temp": [random.gauss(shift, 1) for _ in range(rows)],
        "carrier": [random.choice(["AA", "UA", "B6", "DL", "WN", "AS", "HA", "F9"]) for _ in range(rows)],
        "label": [random.random() < 0.3 for _ in range(rows)],
        "prediction": [random.random() < 0.3 for _ in range(rows)],
        "probability": [random.random() for _ in range(rows)],
    }
    return Table(columns)


def job(key: str, window: int, shift: float = 0.0) -> EvaluationJob:
    return EvaluationJob(key, window, table(window, shift=shift), table(99), "pinned")


def trapped(line: str, **options: Any) -> BackgroundEvaluator:
    """An evaluator whose process runs a line of Python with its first report."""
    config = MonitoringConfig(full_on="never", extra=[trap(line)], **options)
    return BackgroundEvaluator(config, "binary", time.monotonic)


def empty(window: int) -> EvaluationJob:
    return EvaluationJob("a", window, Table({}), None, "none")


@pytest.fixture(scope="module")
def shared() -> Iterator[BackgroundEvaluator]:
    """One whose process nobody stops: it takes seconds to start."""
    judge = BackgroundEvaluator(CONFIG, "binary")
    yield judge
    judge.close()


@pytest.fixture
def background() -> Iterator[BackgroundEvaluator]:
    judge = BackgroundEvaluator(CONFIG, "binary")
    yield judge
    judge.close()


def inline(jobs: list[EvaluationJob]) -> list[Verdict]:
    judge = InlineEvaluator(CONFIG, "binary")
    for one in jobs:
        judge.submit(one)
    return [judge.collect(one.key, one.window) for one in jobs]


def started(judge: BackgroundEvaluator) -> "subprocess.Popen[bytes]":
    deadline = time.monotonic() + 60
    while judge._carrier._process._process is None:
        assert time.monotonic() < deadline, "no process was started"
        time.sleep(0.01)
    return judge._carrier._process._process


def test_background_and_inline_give_equal_verdicts(shared: BackgroundEvaluator) -> None:
    jobs = [job("a", 0), job("b", 0, 0.7), job("a", 1, 5.0), EvaluationJob("b", 1, Table({}), None, "none")]
    for one in jobs:
        shared.submit(one)
    expected = inline(jobs)
    assert [verdict.status for verdict in expected] == ["pass", "warn", "fail", "unjudged"]
    assert [shared.collect(one.key, one.window) for one in jobs] == expected


@pytest.mark.long
def test_the_verdict_does_not_depend_on_the_process_s_hash_seed(
    background: BackgroundEvaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    background.submit(job("a", 3))
    assert background.collect("a", 3) == inline([job("a", 3)])[0]


def test_a_killed_process_changes_no_verdict(background: BackgroundEvaluator) -> None:
    jobs = [job("a", window) for window in range(3)]
    for one in jobs:
        background.submit(one)
    first = started(background)
    first.kill()
    got = [background.collect("a", 0)]
    second = started(background)
    assert second.pid != first.pid
    second.kill()
    got += [background.collect("a", 1), background.collect("a", 2)]
    assert got == inline(jobs)
    assert first.returncode == second.returncode == -signal.SIGKILL


@pytest.mark.long
def test_a_job_that_kills_every_process_is_given_up_and_the_next_is_judged(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    judge = trapped(f"open({str(tries)!r}, 'a').write('x'); __import__('os')._exit(7)")
    try:
        judge.submit(job("a", 0))
        judge.submit(empty(1))
        verdict = judge.collect("a", 0)
        assert (verdict.window, verdict.status) == (0, "unjudged")
        assert verdict.reason == (
            "the process that judges failed 3 times on this window: EOFError, exit status 7"
        )
        assert tries.read_text() == "xxx"
        assert judge.collect("a", 1).reason == "the window has no rows"
    finally:
        judge.close()


@pytest.mark.long
def test_what_a_library_prints_does_not_disturb_the_verdicts() -> None:
    noise = "print('noise', flush=True), __import__('os').write(1, b'noise')"
    judge = trapped(f"{noise}, __import__('sys').stdin.read()")
    try:
        judge.submit(job("a", 0))
        assert judge.collect("a", 0).status == "pass"
    finally:
        judge.close()


@pytest.mark.long
def test_jobs_and_verdicts_larger_than_a_pipe_do_not_block() -> None:
    judge = BackgroundEvaluator(MonitoringConfig(queue_limit=1, max_columns=1), "binary")
    wide = Table({f"c{number}": ["x" * 1000] * 300 for number in range(10)})
    try:
        for window in range(4):
            judge.submit(EvaluationJob("a", window, wide, None, "none"))
        assert {judge.collect("a", window).status for window in range(4)} == {"pass"}
    finally:
        judge.close()


def test_closing_ends_the_process_even_while_it_judges() -> None:
    judge = trapped("__import__('time').sleep(600)")
    judge.submit(job("a", 0))
    process = started(judge)
    before = time.monotonic()
    judge.close()
    assert time.monotonic() - before < 10
    assert process.returncode == -signal.SIGKILL


def test_a_report_that_hangs_is_tried_twice_and_given_up() -> None:
    judge = trapped("__import__('time').sleep(600)", timeout=3.0)
    try:
        judge.submit(job("a", 0))
        judge.submit(empty(1))
        verdict = judge.collect("a", 0)
        assert (verdict.status, verdict.reason) == (
            "unjudged",
            "no report within 3 s (monitoring.timeout), tried twice",
        )
        assert judge.collect("a", 1).reason == "the window has no rows"
        assert judge.waited > 3
    finally:
        judge.close()


def test_a_judge_that_was_made_ready_gives_the_same_verdicts(background: BackgroundEvaluator) -> None:
    background.warm()
    background.warm()
    background.submit(job("a", 0))
    assert background.collect("a", 0) == inline([job("a", 0)])[0]


def test_the_reference_goes_through_the_pipe_once() -> None:
    packer, sent, kept = Packer(), RecentlyUsed[None](), RecentlyUsed[Table]()
    reference = table(99)
    for window in range(3):
        whole = EvaluationJob("a", window, table(window), reference, "pinned")
        packed = packer.pack(whole).without(sent)
        assert packed.reference is not None
        assert (packed.reference.content is None) == (window > 0)
        assert packed.current.content is not None
        assert packed.unpacked(kept) == whole


@pytest.mark.parametrize("cell", [2**64, -(2**70), "\ud800", "\0i1", "=", None, True, 0.5])
def test_a_table_comes_through_as_it_is(cell: Cell) -> None:
    whole = Table({"a": [cell, 1.0, None], "\ud801": [2**65, cell, "x"], "b": [cell]})
    assert decoded_table(encoded_table(whole)) == whole


def test_more_tables_than_are_kept_come_through_all_the_same(shared: BackgroundEvaluator) -> None:
    jobs = [
        EvaluationJob(str(number % 20), number // 20, table(number, 20), table(number % 20), "pinned")
        for number in range(60)
    ]
    verdicts = []
    for one in jobs:
        shared.submit(one)
        verdicts.append(shared.collect(one.key, one.window))
    assert verdicts == inline(jobs)


SCRIPT = """
import sys, time
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.worker.evaluator import BackgroundEvaluator
from engine.monitoring.types import EvaluationJob, Table
judge = BackgroundEvaluator(MonitoringConfig(), "binary")
judge.submit(EvaluationJob("a", 0, Table({"x": [1.0, 2.0, 3.0]}), None, "none"))
print(judge.collect("a", 0).status, judge._carrier._process._process.pid, flush=True)
"""


def script(tmp_path: Path, more: str) -> "subprocess.Popen[str]":
    """A script without a guard, in a directory of its own that also holds a misleading module."""
    (tmp_path / "script.py").write_text(SCRIPT + more)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pandas.py").write_text("raise ImportError('the wrong pandas')")
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-W", "error", str(tmp_path / "script.py")],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.long
def test_a_script_without_a_guard_runs_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with script(tmp_path, "") as parent:
        out, errors = parent.communicate(timeout=60)
    assert parent.returncode == 0
    assert errors == ""
    (line,) = out.splitlines()
    status, pid = line.split()
    assert status == "pass"
    assert gone(int(pid))


def test_the_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with script(tmp_path, "time.sleep(600)\n") as parent:
        assert parent.stdout is not None
        status, pid = parent.stdout.readline().split()
        assert status == "pass"
        assert not gone(int(pid))
        parent.kill()
        deadline = time.monotonic() + 60
        while not gone(int(pid)):
            assert time.monotonic() < deadline, "the process outlived its parent"
            time.sleep(0.05)
