"""Evidently's own server over a run's workspace: its dashboard has lines, and new windows come in."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from dataflows.views.evidently_ui import WORKSPACE
from tests.dataflows.views.test_evidently_ui import write_run
from tests.support.flows import RIVERKEEPER, riverkeeper, started

pytestmark = pytest.mark.integration


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def ask(url: str, body: Any = None) -> Any:
    """The answer, as soon as there is one."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{url}: {error.code} {error.read().decode()[:500]}") from error
        except OSError:
            assert time.monotonic() < deadline, f"{url} did not answer"
            time.sleep(0.1)


def series(base: str, dashboard: Any, project: str) -> dict[str, int]:
    """Points of the lines of each panel that has any."""
    found = {}
    for panel in dashboard["panels"]:
        filters = [
            {name: value[name] for name in ("tags", "metadata", "metric", "metric_labels")}
            for value in panel["values"]
        ]
        batch = {"series_filter": filters}
        answer = ask(f"{base}/api/v2/snapshots/{project}/data_series_batch", batch)
        found[panel["title"]] = sum(len(each["values"]) for each in answer["series"])
    return found


def test_the_dashboard_has_a_line_for_everything_and_new_windows_come_in(tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", 3)
    port, home = free_port(), tmp_path / "home"
    home.mkdir()
    base = f"http://127.0.0.1:{port}"
    command = [*RIVERKEEPER, "ui", str(run), "--port", str(port)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DO_NOT_"))}
    environment = kept | {"HOME": str(home)}
    with started(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment) as process:
        try:
            [project] = ask(f"{base}/api/projects")
            assert project["name"] == "demo main"
            dashboard = ask(f"{base}/api/v2/dashboards/{project['id']}")
            points = series(base, dashboard, project["id"])
            assert points["Drift from the reference, by column"] == 3 * 4, "no outputs to compare with"
            assert points["Missing values, share by column"] == 3 * 6
            assert points["Business metrics, sum of the window"] == 3
            assert min(points.values()) >= 3
            rows = (run / "reports.jsonl").read_text().splitlines()
            more = json.loads(rows[-1]) | {"window": 3, "end": 1.5e9}
            with (run / "reports.jsonl").open("a") as lines:
                lines.write(json.dumps(more) + "\n")
            deadline = time.monotonic() + 60
            while len(list((run / WORKSPACE).glob("*/snapshots/*.json"))) < 4:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            while series(base, dashboard, project["id"])["Rows that were judged"] < 4:
                assert time.monotonic() < deadline, "the server did not see the new file"
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert f"http://127.0.0.1:{port} shows it" in said
    assert list(home.rglob("*")) == [], "what telemetry leaves behind"


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = riverkeeper("ui", run, "--port", taken.getsockname()[1])
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert len(done.stderr.splitlines()) == 1
