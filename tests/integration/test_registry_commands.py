"""The registry as a user meets it: a flow writes it, the command line reads, checks, tries and rebuilds."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from dataflows.cli.main import app
from tests.support.flows import riverkeeper, write_flow
from tests.support.forks import running

pytestmark = pytest.mark.integration

INLINE = 'mode = "inline"'
"""Judges windows in the process itself, which is forked with Evidently."""


def row(i: int, random: Random) -> bytes:
    x = random.gauss(0, 1)
    return orjson.dumps(
        {"id": i, "time": i, "x": x, "kind": "example", "label": x + random.gauss(0, 0.3) > 0}
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of ten windows whose labels can be learned."""
    flow = write_flow(tmp_path_factory.mktemp("registry") / "flow", rows=0, extra=INLINE)
    random = Random(3)  # noqa: S311 - test data
    (flow.parent / "events.jsonl").write_bytes(b"\n".join(row(i, random) for i in range(3000)))
    assert riverkeeper("run", flow).returncode == 0
    return flow


@pytest.fixture
def flow(done: Path, tmp_path: Path) -> Path:
    """The same, to change at will."""
    shutil.copytree(done.parent, tmp_path / "flow")
    return tmp_path / "flow" / done.name


def ok(*arguments: str | Path, registry: Path) -> str:
    """In this process: what is tested with a process of its own is what ends in an error."""
    given = ["registry", *map(str, arguments), "--registry", str(registry)]
    result = CliRunner().invoke(app, given, env={"COLUMNS": "120", "NO_COLOR": "1"}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def entries(flow: Path, kind: str) -> list[dict[str, Any]]:
    said = ok("audit", "--json", registry=flow)
    return [row for row in map(orjson.loads, said.splitlines()) if row["kind"] == kind]


def test_versions_are_listed_shown_compared_and_named_for_a_moment(done: Path) -> None:
    listed = ok("list", registry=done)
    assert "m0.start" in listed
    assert "m0.e" in listed
    shown = ok("show", "m0.w1", registry=done.parent / "runs" / "registry")
    assert "approved by      window 1: " in shown
    assert "libraries        numpy" in shown
    compared = ok("diff", "m0.start", "m0.w1", registry=done)
    assert "reason                   start → passed" in compared
    served = ok("who", "--at", "1970-01-01T00:20", registry=done)
    assert served.startswith("1970-01-01 00:20: m0 of test-1/main served from the beginning")
    assert "it had learned from" in served
    audit = ok("audit", registry=done)
    assert "test-1: began by " in audit
    assert "test-1/main: m0.w1 saved: passed, " in audit


def test_the_log_says_the_same_as_the_runs_own_lines(done: Path) -> None:
    run = done.parent / "runs" / "test"
    for kind, stream in (("decision", "decisions"), ("version", "versions")):
        if not (run / f"{stream}.jsonl").exists():
            assert not entries(done, kind)
            continue
        written = [orjson.loads(line) for line in (run / f"{stream}.jsonl").read_bytes().splitlines()]
        logged = [row["text"] for row in entries(done, kind)]
        assert logged
        assert [
            {name: row[name] for name in wrote} for row, wrote in zip(logged, written, strict=True)
        ] == written


def test_whatever_is_changed_verify_finds_it(flow: Path) -> None:
    said = ok("verify", registry=flow)
    seal = said.split("seal of the last: ")[1].split()[0]
    assert ok("verify", "--head", seal, registry=flow)
    model = next(path for path in (flow.parent / "runs/registry/models").rglob("*") if path.is_file())
    content = bytearray(model.read_bytes())
    content[40] ^= 1
    model.write_bytes(content)
    found = riverkeeper("registry", "verify", "--registry", flow)
    assert found.returncode == 1
    assert "damaged" in found.stdout
    unknown = riverkeeper("registry", "verify", "--head", "sha256:00", "--registry", flow)
    assert unknown.returncode == 1
    assert "entries were changed or cut off" in unknown.stdout


def test_a_version_is_exported_imported_and_a_flow_begins_from_it(flow: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "m.zip", tmp_path / "other"
    ok("export", "m0.w1", file, registry=flow)
    there = write_flow(other, rows=1000, extra=INLINE)
    assert riverkeeper("run", there).returncode == 0
    said = ok("import", file, registry=there)
    place = said.split()[0]
    there.write_text(f'{there.read_text()}\n[registry]\nstart = "{place}"\n')
    assert riverkeeper("run", there).returncode == 0
    shown = ok("show", "test-2/m0.start", registry=there)
    assert f"parent           {place}" in shown
    assert "learned from     0 events" not in shown
    assert [row["text"]["version"] for row in entries(there, "load")] == [place]


def holdout(folder: Path) -> Path:
    random = Random(4)  # noqa: S311 - test data
    path = folder / "holdout.jsonl"
    path.write_bytes(b"\n".join(row(i, random) for i in range(400)))
    return path


def test_a_version_is_tried_on_held_out_rows_and_the_exit_status_says_whether_it_passes(
    flow: Path, tmp_path: Path
) -> None:
    data = holdout(tmp_path)
    said = json.loads(ok("evaluate", "m0.w1", "--data", data, "--json", registry=flow))
    assert said["passed"]
    assert said["rows"] == 400
    assert said["scores"]["loss"]["low"] < said["scores"]["loss"]["value"] < said["scores"]["loss"]["high"]
    assert "passes: the upper end" in ok(
        "evaluate", "m0.w1", "--data", data, "--against", "m0.start", registry=flow
    )
    worse = riverkeeper(
        "registry", "evaluate", "m0.start", "--data", data, "--against", "m0.w1", "--registry", flow
    )
    assert worse.returncode == 1
    assert "does not pass" in worse.stdout
    bound = riverkeeper(
        "registry", "evaluate", "m0.w1", "--data", data, "--max-loss", "0", "--registry", flow
    )
    assert bound.returncode == 1
    assert len(entries(flow, "evaluated")) == 4


@pytest.mark.parametrize("version", ["m0.w1", "m0.start"])
def test_a_version_is_rebuilt_from_the_stream_with_the_same_scores(flow: Path, version: str) -> None:
    said = ok("rebuild", version, registry=flow)
    assert "all scores are the same" in said
    assert "-rebuilt-river-" in said
    assert ok("verify", registry=flow)


def test_a_replay_of_another_stream_is_not_taken_for_the_version(flow: Path) -> None:
    lines = (flow.parent / "events.jsonl").read_bytes().splitlines(keepends=True)
    (flow.parent / "events.jsonl").write_bytes(b"".join(lines[:200]))
    failed = riverkeeper("registry", "rebuild", "m0.w1", "--registry", flow)
    assert failed.returncode == 2
    assert "the input is not the one that it learned from" in failed.stderr


def test_what_need_not_stay_is_collected(flow: Path) -> None:
    assert "would be removed" in ok("gc", "--keep", "1", "--dry-run", registry=flow)
    ok("gc", "--keep", "1", registry=flow)
    assert "removed" in ok("list", "--all", registry=flow)
    gone = [row["name"] for row in entries(flow, "removed")]
    failed = riverkeeper("registry", "export", str(gone[0]), flow.parent / "x.zip", "--registry", flow)
    assert failed.returncode == 2
    assert "its bytes were removed to save space" in failed.stderr
    assert "all scores are the same" in ok("rebuild", f"test-1/{gone[0]}", registry=flow)


def test_with_a_key_in_the_environment_nobody_without_it_can_forge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIVERKEEPER_KEY", "a secret of more than 16 bytes")
    flow = write_flow(tmp_path / "flow", rows=1000, extra=INLINE)
    assert riverkeeper("run", flow).returncode == 0
    assert "seal of the last: hmac:" in ok("verify", registry=flow)
    monkeypatch.setenv("RIVERKEEPER_KEY", "a guess of more than 16 bytes")
    assert riverkeeper("registry", "verify", "--registry", flow).returncode == 1


def test_after_kill_9_and_going_on_it_is_one_run_with_the_versions_of_a_run_that_was_not_killed(
    tmp_path: Path,
) -> None:
    flow = write_flow(tmp_path / "flow", rows=6000, run='folder = "killed"', extra="reports = false")
    versions = tmp_path / "flow" / "killed" / "test" / "versions.jsonl"
    for size in (1, 2000):
        with running("run", flow, "--recovery", tmp_path / "recovery") as process:
            deadline = time.monotonic() + 60
            while not (versions.exists() and versions.stat().st_size > size) and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
    result = riverkeeper("run", flow, "--recovery", tmp_path / "recovery")
    assert result.returncode == 0, result.stderr
    ok("verify", registry=flow)
    whole = write_flow(tmp_path / "whole", rows=6000, extra="reports = false")
    assert riverkeeper("run", whole).returncode == 0

    def told(path: Path) -> list[object]:
        wanted = ("name", "parent", "reason", "records", "learned", "scores", "targets")
        last = max(str(row["run"]) for row in entries(path, "version"))
        return [
            [row["text"][name] for name in wanted] for row in entries(path, "version") if row["run"] == last
        ]

    assert told(flow) == told(whole)


def test_where_there_is_no_registry_it_is_one_clear_error(tmp_path: Path) -> None:
    failed = riverkeeper("registry", "list", "--registry", tmp_path / "nothing")
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: registry ")
    assert not (tmp_path / "nothing").exists()
    unknown = riverkeeper("registry", "who", "--at", "noon", cwd=tmp_path)
    assert "expected a year, month, day or moment (2013, 2013-05" in unknown.stderr


def test_what_runs_is_saved_on_request(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "flow", rows=12_000, extra="reports = false")
    flow.write_text(flow.read_text().replace("wait = 100", "wait = 100\nmax_remembered = 1000"))
    run = flow.parent / "runs" / "test"
    with running("run", flow) as process:
        deadline = time.monotonic() + 60
        while not (run / "predictions.jsonl").exists() or not (run / "predictions.jsonl").stat().st_size:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        saved = riverkeeper("save", run, "--why", "before the weekend", "--who", "ada")
        assert saved.returncode == 0, saved.stdout + saved.stderr
        assert process.wait(120) == 0
    [version] = [row for row in entries(flow, "version") if row["text"]["reason"] == "requested"]
    [command] = entries(flow, "command")
    assert command["who"] == f"ada (uid {os.getuid()})"
    assert command["text"]["records"] == version["text"]["records"]
    assert "all scores are the same" in ok("rebuild", str(version["name"]), registry=flow)


def test_a_registry_that_cannot_be_written_stops_the_flow_with_one_clear_error(tmp_path: Path) -> None:
    flow = write_flow(tmp_path / "flow", rows=500)
    (flow.parent / "runs").mkdir()
    (flow.parent / "runs" / "registry").write_text("in the way")
    failed = riverkeeper("run", flow)
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: registry ")
    assert "Traceback" not in failed.stderr
    assert (flow.parent / "runs" / "registry").is_file()
