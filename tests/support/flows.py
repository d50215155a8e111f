"""Whole flows in folders of their own, for tests that run them as a user would."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import orjson

from engine.models.serialization import load
from tests.support.forks import PLAIN, running

RIVERKEEPER = [sys.executable, "-W", "error", "-c", "from dataflows.cli.entry import main; main()"]
BYTEWAX = [sys.executable, "-m", "bytewax.run", "dataflows.runtime.dataflow:flow('flow.toml')"]
"""To be started in the flow's folder."""

FAILING = """
[business.calm]
expression = "-features['x'] * features['x']"
fail_below = -100
"""
"""For `extra`: the business metric fails in the middle of the stream; no report is needed to see it."""


def riverkeeper(
    *arguments: str | Path, cwd: Path | None = None, fresh: bool = False
) -> subprocess.CompletedProcess[str]:
    """Runs the command line to its end, in a process of its own.

    Args:
        arguments: The command and its arguments.
        cwd: The folder that it runs in.
        fresh: In a new interpreter, as from a shell, which takes three seconds longer (`forks`).
    """
    given = [str(argument) for argument in arguments]
    if fresh:
        command = [*RIVERKEEPER, *given]
        return subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, text=True, cwd=cwd, env=os.environ | PLAIN, timeout=120, check=False
        )
    with running(*given, cwd=cwd) as process:
        out, error = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.wait(), out, error)


@contextmanager
def started(command: list[str], **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """Starts a process; whatever becomes of the test, it does not outlive this."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **quiet | options) as process:  # noqa: S603 - our own command
        try:
            yield process
        finally:
            process.kill()


def write_flow(  # noqa: PLR0913 - what of a flow tests want otherwise
    folder: Path,
    rows: int = 6000,
    extra: str = "",
    *,
    run: str = "",
    keyed: bool = False,
    snapshots: float = 0.05,
) -> Path:
    """A flow with late labels, some broken records, a fault in the middle, and small windows."""
    random = Random(7)  # noqa: S311 - test data
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("wb") as out:
        for i in range(rows):
            x = random.gauss(0, 1)
            label = x + random.gauss(0, 0.3) > 0
            seen = x * 1000 if rows * 0.4 < i < rows * 0.5 else x
            record: dict[str, Any] = {"id": i, "time": i, "x": seen, "kind": "example"}
            if keyed:
                record["region"] = f"r{i % 3}"
            out.write(orjson.dumps(record) + b"\n")
            if i % 97 == 0:
                out.write(b'{"id": broken\n')
            if i >= 20 and i % 50 != 0:
                late = {"id": i - 20, "time": i, "kind": "label", "label": label}
                out.write(orjson.dumps(late | ({"region": f"r{(i - 20) % 3}"} if keyed else {})) + b"\n")
    path = folder / "flow.toml"
    path.write_text(
        f"""
[run]
name = "test"
snapshot_interval = {snapshots}
{run}
[input]
path = "events.jsonl"
batch = 100
[record]
time_unit = "s"
kind = {{ field = "kind" }}
{'key = "region"' if keyed else ""}
[labels]
wait = 100
[model]
task = "binary"
model = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
[window]
count = 300
sample = 50
[supervision]
min_events = 100
cooldown = 300
[monitoring]
{extra}
""",
        encoding="utf-8",
    )
    return path


def run_cluster(flow: Path) -> None:
    """Runs a flow in two processes of Bytewax's own runner, to its end."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = ";".join(f"127.0.0.1:{found.getsockname()[1]}" for found in sockets)
    for found in sockets:
        found.close()
    command = [*BYTEWAX, "-a", addresses, "-i"]
    with started([*command, "0"], cwd=flow.parent) as one, started([*command, "1"], cwd=flow.parent) as two:
        assert [process.wait(timeout=120) for process in (one, two)] == [0, 0]


def results(flow: Path) -> dict[str, bytes]:
    """What a run has written: streams, and the files beside them, by their name.

    Of a saved model, what it predicts: a pickle's bytes depend on which equal strings were one object.
    Left out are the status file and the registry's head, which say when the run was at work, and what says
    which run it was.
    """
    run = flow.parent / "runs" / "test"
    found = {str(p.relative_to(run)): p.read_bytes() for p in sorted(run.rglob("*")) if p.is_file()}
    for own in ("status.json", "identity", "recovery", "registry-head", ".lock"):
        found.pop(own, None)
    for name, content in found.items():
        if name.endswith(".model"):
            model = load(content, "model")
            found[name] = repr([model.predict_proba_one({"x": x / 10}) for x in range(-20, 20)]).encode()
    if "versions.jsonl" in found:
        found["versions.jsonl"] = re.sub(rb'"size":\d+,"sha256":"\w+"', b"", found["versions.jsonl"])
    return found


def lines(flow: Path, stream: str) -> list[dict[str, Any]]:
    """The lines of one output stream."""
    path = flow.parent / "runs" / "test" / f"{stream}.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
