"""A flow that runs is changed by hand, killed, and goes on; a replay does the same at the same records."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dataflows.lifecycle.commands import DONE, WANTED, Control
from engine.supervision.decisions import Command
from tests.support.flows import lines, results, riverkeeper, write_flow
from tests.support.forks import Fork, running

pytestmark = pytest.mark.integration

CHALLENGER = 'reports = false\n[challengers.bayes]\nmodel = "naive_bayes.GaussianNB"'


def until(path: Path, size: int, process: Fork) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and path.stat().st_size > size:
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} did not grow beyond {size} bytes")


def long_flow(folder: Path, *, keyed: bool) -> Path:
    """It runs for some seconds; with few ids to remember its snapshots stay small."""
    flow = write_flow(folder, rows=8000, extra=CHALLENGER, keyed=keyed, snapshots=0.5)
    flow.write_text(flow.read_text().replace("wait = 100", "wait = 100\nmax_remembered = 1000"))
    return flow


@pytest.mark.parametrize(
    "keyed",
    [pytest.param(False, id="one key", marks=pytest.mark.long), pytest.param(True, id="three keys")],
)
def test_commands_take_effect_on_a_running_flow_and_a_killed_one_repeats_them(
    tmp_path: Path, keyed: bool
) -> None:
    flow = long_flow(tmp_path / "live", keyed=keyed)
    run = flow.parent / "runs" / "test"
    with running("run", flow, "--recovery", tmp_path / "recovery") as process:
        until(run / "predictions.jsonl", 100_000, process)
        promoted = riverkeeper("promote", run, "bayes", "--why", "a try", "--who", "ada")
        assert promoted.returncode == 0, promoted.stdout + promoted.stderr
        assert "promotion at record" in promoted.stdout
        assert "m1 serves (by hand: a try)" in promoted.stdout
        refused = riverkeeper("rollback", run, "m77", "--why", "a try")
        assert refused.returncode == 1
        assert "rollback m77: no such thing; vetted checkpoints: " in refused.stdout
        process.send_signal(signal.SIGKILL)
    done = riverkeeper("run", flow, "--recovery", tmp_path / "recovery")
    assert done.returncode == 0, done.stdout + done.stderr
    asked = [decision for decision in lines(flow, "decisions") if decision["who"]]
    keys = 4 if keyed else 1  # with that of records without a key
    assert [d["action"] for d in asked if d["who"] == f"ada (uid {os.getuid()})"] == ["promotion"] * keys
    assert {prediction["model"] for prediction in lines(flow, "predictions")} >= {"m0", "m1"}
    # The same from the beginning, in other batches, with what was written down of the commands.
    other = long_flow(tmp_path / "other", keyed=keyed)
    other.write_text(other.read_text().replace("batch = 100", "batch = 777"))
    again = other.parent / "runs" / "test"
    again.mkdir(parents=True)
    for name in (WANTED, DONE):
        shutil.copy(run / name, again / name)
    replayed = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bytewax.run", f"dataflows.runtime.dataflow:flow('{other}')"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={"PYTHONHASHSEED": "0", "PATH": ""},
        cwd=Path(__file__).parents[2],
    )
    assert replayed.returncode == 0, replayed.stderr
    ours, theirs = results(flow), results(other)
    for name in (WANTED, DONE):
        assert ours.pop(name) == theirs.pop(name)
    assert {name: sorted(found.splitlines()) for name, found in ours.items()} == {
        name: sorted(found.splitlines()) for name, found in theirs.items()
    }


def test_a_command_to_a_flow_that_does_not_run_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflows.lifecycle.commands._LONGEST_WAIT", 0.2)
    from dataflows.lifecycle.commands import new_command, send  # noqa: PLC0415 - after the patch

    flow = write_flow(tmp_path, rows=400, extra="reports = false")
    assert riverkeeper("run", flow, "--recovery", tmp_path / "recovery").returncode == 0
    run = tmp_path / "runs" / "test"
    assert send(run, new_command("pin", "", "ada", "wait"), "*") == []
    with (tmp_path / "events.jsonl").open("ab") as out:
        out.write(b'{"id": "x", "time": 401, "x": 1.0, "kind": "example"}\n')
    assert riverkeeper("run", flow, "--recovery", tmp_path / "recovery").returncode == 0
    assert [(d["action"], d["who"]) for d in lines(flow, "decisions")][-1:] == [
        ("pin", f"ada (uid {os.getuid()})")
    ]


def test_what_is_not_a_run_cannot_be_told(tmp_path: Path) -> None:
    done = riverkeeper("pin", tmp_path, "--why", "a try")
    assert done.returncode == 2
    assert "expected the folder of a run" in done.stderr


def test_a_key_that_comes_up_later_is_not_told_what_all_others_were(tmp_path: Path) -> None:
    (tmp_path / WANTED).write_text(
        '{"id":"1","order":"pin","target":"","who":"a","why":"b","key":"*","time":0}\n'
        '{"id":"2","order":"unpin","target":"","who":"a","why":"b","key":"late","time":0}\n'
    )
    control = Control(tmp_path)
    assert control.look() == 2
    asked = [command.id for _, command in control.commands("late", 0, 0, late=True)]
    assert asked == ["2"]
    control.done("late", 0, Command("1", "pin", "", "a", "b"), {})
    assert [command.id for _, command in control.commands("late", 0, 0, late=True)] == ["1", "2"]
