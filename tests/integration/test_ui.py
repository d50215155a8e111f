"""Evidently's own server over a run's workspace: its dashboard has lines, and new windows come in."""

import json
import os
import re
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
from tests.support.browser import BROWSER, browsed
from tests.support.flows import RIVERKEEPER, riverkeeper, started

pytestmark = pytest.mark.integration


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Pages:
    """The pages of a server as a browser has them that was given the printed address.

    Attributes:
        base: Where they are served.
        printed: The address, with the token.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        said = ""
        while not said.endswith("until Ctrl-C\n"):
            line = process.stdout.readline()
            assert line, said
            said += line
        found = re.search(r"^open ((http://127\.0\.0\.1:\d+)/\?token=\w+)$", said, re.MULTILINE)
        assert found is not None, said
        self.printed, self.base = found.groups()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with self._opener.open(self.printed, timeout=60) as answer:
            assert answer.geturl() == f"{self.base}/", "without the token"

    def ask(self, path: str, body: Any = None) -> Any:
        """What an address answers."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"})  # noqa: S310
        with self._opener.open(asked, timeout=60) as answer:
            return json.load(answer)

    def status(self, path: str, method: str = "GET", **headers: str) -> int:
        """How an address answers, to a browser that has opened the pages."""
        body = b"" if method == "POST" else None
        asked = urllib.request.Request(self.base + path, body, headers, method=method)  # noqa: S310
        try:
            with self._opener.open(asked, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def series(self, dashboard: Any, project: str) -> dict[str, int]:
        """Points of the lines of each panel that has any."""
        found = {}
        for panel in dashboard["panels"]:
            filters = [
                {name: value[name] for name in ("tags", "metadata", "metric", "metric_labels")}
                for value in panel["values"]
            ]
            answer = self.ask(f"/api/v2/snapshots/{project}/data_series_batch", {"series_filter": filters})
            found[panel["title"]] = sum(len(each["values"]) for each in answer["series"])
        return found


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refuses_what_the_guard_refuses(pages: Pages, project: str, workspace: Path) -> None:
    """The rules of `tests/dataflows/views/test_ui_guard.py` hold before Evidently's own server."""
    before = files(workspace)
    [snapshot, *_] = sorted((workspace / project / "snapshots").glob("*.json"))
    own = f"/api/projects/{project}"
    assert pages.status(own + "/info") == 200
    assert pages.status(own, "DELETE") == 405
    assert pages.status(f"{own}/{snapshot.stem}", "DELETE") == 405
    assert pages.status("/api/projects", "POST") == 405
    assert pages.status(f"/api/v2/dashboards/{project}", "POST") == 405
    assert pages.status(f"{own}/{snapshot.stem}/data") == 200
    assert pages.status(f"{own}/{snapshot.stem}/download") == 403
    assert pages.status(own + "/info", Host="evil.example") == 421
    assert pages.status(own + "/info", Origin="http://evil.example") == 403
    for path in ("/", own + "/info", "/static/js/none.js"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(pages.base + path, timeout=60)  # noqa: S310 - loopback, and no cookie
    assert files(workspace) == before
    with pytest.raises(urllib.error.HTTPError, match="500") as raised:
        pages.ask(f"/api/v2/snapshots/{project}/data_series_batch?timestamp_start=x", {"series_filter": []})
    assert "Traceback" not in raised.value.read().decode(), "EVIDENTLY_DEBUG does not reach the server"


def draws_in_a_browser(pages: Pages, project: str, panels: set[str], folder: Path) -> None:
    """Under its policy, and by the printed token; the manifest alone is asked for without a cookie."""
    token = pages.printed.rpartition("?")[2]
    drawn, said = browsed(f"{pages.base}/projects/{project}?{token}", folder)
    assert [line for line in said if "Manifest fetch" not in line] == []
    assert {panel for panel in panels if panel not in drawn} == set()
    assert drawn.count("<circle") > len(panels), "points of lines"


def test_the_dashboard_has_a_line_for_everything_and_new_windows_come_in(tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", 3)
    port, home = free_port(), tmp_path / "home"
    home.mkdir()
    command = [*RIVERKEEPER, "ui", f"{home}/../demo", "--port", str(port)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DO_NOT_"))}
    environment = kept | {"HOME": str(home), "EVIDENTLY_DEBUG": "1"}
    cwd = tmp_path / "here"
    cwd.mkdir()
    (cwd / "uvicorn.py").write_text("raise SystemExit('run, as it lies where the command was started')")
    with started(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=cwd
    ) as process:
        try:
            pages = Pages(process)
            assert pages.base == f"http://127.0.0.1:{port}"
            [project] = pages.ask("/api/projects")
            assert project["name"] == "demo main"
            refuses_what_the_guard_refuses(pages, project["id"], run / WORKSPACE)
            dashboard = pages.ask(f"/api/v2/dashboards/{project['id']}")
            points = pages.series(dashboard, project["id"])
            assert points["Drift from the reference, by column"] == 3 * 4, "no outputs to compare with"
            assert points["Missing values, share by column"] == 3 * 6
            assert points["Business metrics, sum of the window"] == 3
            assert min(points.values()) >= 3
            if BROWSER is not None:
                draws_in_a_browser(pages, project["id"], set(points), tmp_path)
            rows = (run / "reports.jsonl").read_text().splitlines()
            more = json.loads(rows[-1]) | {"window": 3, "end": 1.5e9}
            with (run / "reports.jsonl").open("a") as lines:
                lines.write(json.dumps(more) + "\n")
            deadline = time.monotonic() + 60
            while len(list((run / WORKSPACE).glob("*/snapshots/*.json"))) < 4:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            while pages.series(dashboard, project["id"])["Rows that were judged"] < 4:
                assert time.monotonic() < deadline, "the server did not see the new file"
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert list(home.rglob("*")) == [], "what telemetry leaves behind"


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = riverkeeper("ui", run, "--port", taken.getsockname()[1])
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert len(done.stderr.splitlines()) == 1
