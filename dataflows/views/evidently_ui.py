"""A run's reports as a workspace that `evidently ui` opens, and opens still after thousands of windows.

A model key is a project. Each file is written whole, and none of Evidently's is written over, so the
workspace may be open while a run goes on, and a dashboard that somebody has changed stays as it is.
"""

import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from dataflows.connectors.files.blobs import move_blob, remove_blob, write_blob
from dataflows.escape import typed
from dataflows.run_reader import read_rows
from engine import child_process
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


def listening(port: int) -> socket.socket:
    """A port of this machine alone, held from before anything is written until the server has it.

    Raises:
        InputError: When it is taken, or must not be used.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise InputError(
            f"port {port} cannot be used: {error.strerror}; choose another with --port"
        ) from error
    return listener


@contextmanager
def served(folder: Path, listener: socket.socket, token: str) -> Iterator[Callable[[], None]]:
    """Has Evidently serve a workspace to who has the token (`ui_server`); begins when the pages are there.

    Gives a function that fails when they no longer are.

    Raises:
        InputError: At the beginning and from that function, when the server has ended by itself.
    """
    with tempfile.TemporaryFile() as said, _start(folder, listener, said) as server:
        try:
            with suppress(BrokenPipeError):
                _pipe(server.stdin).write(f"{token}\n".encode())
            if not _pipe(server.stdout).readline():
                server.wait()
            refuse_ended = partial(_refuse_ended, server, said)
            refuse_ended()
            yield refuse_ended
        finally:
            _end(server)


def _start(folder: Path, listener: socket.socket, said: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts the server; nothing in the environment configures Evidently, and its telemetry is off."""
    handle = listener.fileno()
    environment = child_process.environment()
    kept = {name: value for name, value in environment.items() if not name.startswith("EVIDENTLY_")}
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [*child_process.command("dataflows.views.ui_server"), str(folder), str(handle)],
        env=kept | {"DO_NOT_TRACK": "1"},
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        pass_fds=(handle,),
    )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - narrows the type; both were asked for in _start
    return stream


def _refuse_ended(server: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    """Fails with the last line that a server has written, when it has ended."""
    status = server.poll()
    if status is None:
        return
    said.seek(0)
    last = said.read().decode(errors="replace").strip().splitlines()
    raise InputError(f"Evidently's server has ended: {last[-1] if last else f'status {status}'}")


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ends a process, however often Ctrl-C is pressed meanwhile."""
    server.terminate()
    for _ in range(5):
        with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
            server.wait(timeout=2)
            return
    server.kill()
