"""A run with reports opens no connection outside loopback and leaves the home folder alone.

Evidently reports its use to its makers, unless it is told not to before it is imported.
"""

import sys
from pathlib import Path

import pytest

from tests.dataflows.views.test_evidently_ui import write_run
from tests.integration.test_ui import free_port
from tests.support.flows import RIVERKEEPER, lines, write_flow
from tests.support.watched import PYTHON, Watched, can_trace

pytestmark = pytest.mark.integration

TRACE = [False, pytest.param(True, marks=pytest.mark.skipif(not can_trace(), reason="needs strace"))]

TELL = """
from evidently.telemetry import event_logger
event_logger.send_event("service", "startup")
"""
"""What its own service does at its start: it makes a file in the home folder and a process that posts."""

OURS = """
from engine.monitoring.evidently.library import library
library()
"""

CALLER = """
import subprocess, sys
subprocess.run([sys.executable, "-c", '''
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    out.connect(("192.0.2.1", 9))
'''], check=True)
"""
"""Connects, in a process of its own, to an address that nobody has; as it is UDP, nothing is sent."""


def test_a_run_with_reports_and_their_pages_opens_no_connection(tmp_path: Path) -> None:
    trace = can_trace()  # beside the audit, where it can be
    flow = write_flow(tmp_path / "flow", rows=1500, extra="full_every = 2")
    ran = Watched([*RIVERKEEPER, "run", str(flow)], tmp_path / "run", {}, trace=trace)
    assert ran.done.returncode == 0, ran.done.stderr
    assert {report["status"] for report in lines(flow, "reports")} & {"pass", "warn", "fail"}
    assert any("engine.monitoring.worker" in command for command in ran.processes), "not in the background"
    shown = [*RIVERKEEPER, "reports", str(flow.parent / "runs" / "test"), "2", "--html"]
    page = Watched(shown, tmp_path / "page", {"BROWSER": "true"}, trace=trace)
    assert page.done.returncode == 0, page.done.stderr
    assert (flow.parent / "runs" / "test" / "reports" / "main-000002.html").stat().st_size > 1_000_000
    assert ran.outside + page.outside == []
    assert ran.home + page.home == []


UNTIL_IT_SERVES = """
import signal, subprocess, sys, time
ui = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
for line in ui.stdout:
    print(line, end="")
    if "token=" in line:
        time.sleep(3)  # Whatever it reports of itself, it does at its start.
        ui.send_signal(signal.SIGINT)
"""


@pytest.mark.long
def test_evidently_serves_its_pages_without_a_connection(tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", 1)
    command = ["timeout", "200", sys.executable, "-c", UNTIL_IT_SERVES, *RIVERKEEPER, "ui", str(run)]
    ui = Watched([*command, "--port", str(free_port())], tmp_path / "ui", {}, trace=False)
    assert "token=" in ui.done.stdout, ui.done.stderr
    assert any("dataflows.views.ui_server" in command for command in ui.processes)
    token = ui.done.stdout.partition("token=")[2].splitlines()[0]
    assert not any(token in command for command in ui.processes), "other users can read arguments"
    assert (ui.outside, ui.home) == ([], [])


@pytest.mark.parametrize("trace", TRACE, ids=["audited", "traced"])
def test_a_connection_of_any_process_would_have_been_seen(tmp_path: Path, *, trace: bool) -> None:
    seen = Watched([*PYTHON, CALLER], tmp_path / "seen", {}, trace=trace)
    assert seen.done.returncode == 0, seen.done.stderr
    assert any("192.0.2.1" in line for line in seen.outside)


@pytest.mark.long
def test_with_our_switch_evidently_tells_nobody_and_without_it_would(tmp_path: Path) -> None:
    """Here too nothing leaves this machine: what it sends goes through a proxy that is not there."""
    nowhere = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "", "NO_PROXY": ""}
    ours = Watched([*PYTHON, OURS + TELL], tmp_path / "ours", nowhere, trace=False)
    bare = Watched([*PYTHON, TELL], tmp_path / "bare", nowhere, trace=False)
    assert (ours.done.returncode, bare.done.returncode) == (0, 0), ours.done.stderr + bare.done.stderr
    assert (len(ours.processes), ours.home) == (1, [])
    assert len(bare.processes) == 2
    assert ".config/evidentlyai/telemetry" in bare.home
