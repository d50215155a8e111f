"""A run's reports as a workspace that `evidently ui` opens, and opens still after thousands of windows.

A model key is a project. Each file is written whole, and none of Evidently's is written over, so the
workspace may be open while a run goes on, and a dashboard that somebody has changed stays as it is.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dataflows.connectors.files.blobs import move_blob, remove_blob, write_blob
from dataflows.escape import typed
from dataflows.run_reader import read_rows
from engine.errors import InputError
from engine.monitoring.evidently import workspace
from engine.rows import ReportRow

WORKSPACE = "workspace"
_OUTSIDE = ".workspace"
NEWEST, EARLIER = 300, 200
"""Of each key's windows the newest are in the workspace, and of those before them an even choice."""

_MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in a workspace.

    Attributes:
        folder: Where it is.
        reports: Reports in it.
        left_out: Windows that are not: thinned out, unjudged, or no longer kept.
        keys_left_out: Model keys that are not.
    """

    folder: Path
    reports: int
    left_out: int
    keys_left_out: int


def export(run: Path) -> Exported:
    """Writes what is missing of a run's workspace, and removes what is too much.

    Raises:
        InputError: When this is not the folder of a run, or it has no report.
        OutputError: When the disk refuses.
    """
    rows: dict[str, dict[int, ReportRow]] = {}
    for row in read_rows(run, ReportRow):
        rows.setdefault(row.key, {})[row.window] = row
    keys = sorted(rows)[:_MOST_KEYS]
    reports = sum(_export_key(run, key, rows[key]) for key in keys)
    if not reports:
        raise InputError(f"{run}: none of its windows has a report of Evidently's")
    left_out = sum(len(rows[key]) for key in keys) - reports
    return Exported(run / WORKSPACE, reports, left_out, len(rows) - len(keys))


def chosen(windows: list[int]) -> set[int]:
    """Which windows are in the workspace; one that was left out never comes back.

    >>> sorted(chosen(list(range(1000))))[:3], len(chosen(list(range(1000))))
    ([0, 4, 8], 475)
    """
    earlier = sorted(windows)[:-NEWEST]
    step = 1
    while sum(window % step == 0 for window in earlier) > EARLIER:
        step *= 2
    return {window for window in earlier if window % step == 0} | set(sorted(windows)[-NEWEST:])


def _export_key(run: Path, key: str, rows: dict[int, ReportRow]) -> int:
    name = f"{run.name} {key}"
    project = workspace.project_id(name)
    folder = f"{WORKSPACE}/{project}"
    there = {path.stem for path in (run / folder / "snapshots").glob("*.json")}
    kept = chosen([window for window, row in rows.items() if row.evidently is not None])
    kinds: set[str] = set()
    wanted = set()
    for window in kept:
        report = workspace.report_id(project, window)
        path = run / str(rows[window].evidently)
        if report not in there:
            if not path.is_file():
                continue  # no longer kept
            row = rows[window]
            hint = typed("reports", run, window, "--html", key=key)
            content, found = workspace.stripped(path.read_bytes(), row.end, row.status, hint)
            kinds |= found
            _put(run, f"{folder}/snapshots/{report}.json", content)
        wanted.add(report)
    for report in there - wanted:
        remove_blob(run, f"{folder}/snapshots/{report}.json")
    if not (run / folder / "dashboard.json").is_file() and wanted:
        about = f"Windows of {run}, key {key}: {NEWEST} newest, {EARLIER} before them."
        for file, content in workspace.project_files(name, about, kinds).items():
            _put(run, f"{folder}/{file}", content)
    return len(wanted)


def _put(run: Path, name: str, content: bytes) -> None:
    """Evidently's server sees a file that comes from outside, and none that is renamed within."""
    write_blob(run, f"{_OUTSIDE}/file", content)
    move_blob(run, f"{_OUTSIDE}/file", name)


def refuse_taken(port: int) -> None:
    """Says that a port of this machine is taken before anything is written.

    Raises:
        InputError: When it is, or must not be used.
    """
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"port {port} cannot be used: {error.strerror}; choose another with --port"
            ) from error


@contextmanager
def served(folder: Path, port: int) -> Iterator[Callable[[], bool]]:
    """Has Evidently serve a workspace on this machine alone, with its telemetry off.

    Gives a function that says whether it answers yet.

    Raises:
        InputError: From that function, when the server has ended by itself.
    """
    command = [sys.executable, "-m", "evidently.cli", "ui", "--host", "127.0.0.1", "--port", str(port)]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [*command, "--workspace", str(folder)],
            env=os.environ | {"DO_NOT_TRACK": "1"},
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as server,
    ):

        def answers() -> bool:
            if server.poll() is not None:
                said.seek(0)
                last = said.read().decode(errors="replace").strip().splitlines()
                raise InputError(f"evidently ui on port {port} has ended: {last[-1] if last else 'silently'}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False

        try:
            yield answers
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ends a process, however often Ctrl-C is pressed meanwhile."""
    server.terminate()
    for _ in range(5):
        with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
            server.wait(timeout=2)
            return
    server.kill()
