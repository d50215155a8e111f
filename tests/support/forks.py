"""Processes of the command line, forked from one that has imported everything.

A fresh `riverkeeper` process imports River, Bytewax and pandas for three seconds before it does anything. A
fork is as much a process of its own, with its own number, signals, exit status and streams, and starts in
some milliseconds. Tests in which the interpreter's start matters ask for a fresh process (`flows`).
"""

import atexit
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, get_context
from pathlib import Path
from typing import IO, Any

context = get_context("forkserver")
context.set_forkserver_preload(["tests.support.preloaded"])

PLAIN = {"COLUMNS": "120", "NO_COLOR": "1", "BROWSER": "true"}
"""Environment: what the command line prints does not depend on the terminal, and no browser opens."""

_AS_FRESH = {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "error", "OPENBLAS_NUM_THREADS": "1"}
"""Environment of the process that is forked: hashes as in `dataflows.cli.entry`, and no threads."""


def start_server() -> None:
    """Starts the process that is forked, once for each process that runs tests."""
    before = dict(os.environ)
    os.environ.update(PLAIN | _AS_FRESH)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


class Fork:
    """A process of the command line, with the methods of `subprocess.Popen` that tests use."""

    def __init__(
        self, arguments: list[str], cwd: Path | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        start_server()
        self.args = ["riverkeeper", *arguments]
        self._out, self._error = (tempfile.TemporaryFile("w+") for _ in range(2))  # noqa: SIM115 - see close()
        streams = [f"/proc/{os.getpid()}/fd/{stream.fileno()}" for stream in (self._out, self._error)]
        given = (arguments, str(cwd or Path.cwd()), dict(environment) | PLAIN, streams)
        self._process = context.Process(target=_run, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """The exit status, or the negative number of the signal that ended it; `None` while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit status, or `None` while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once there is one.

        Raises:
            subprocess.TimeoutExpired: It still runs after `timeout` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Standard output and standard error, once the process has ended."""
        self.wait(timeout)
        return _whole(self._out), _whole(self._error)

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless the process has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills it."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Kills it, and forgets what it has printed."""
        self.kill()
        self.wait(60)
        self._out.close()
        self._error.close()


@contextmanager
def running(*arguments: str | Path, **options: Any) -> Iterator[Fork]:
    """Starts a command; whatever becomes of the test, it does not outlive this."""
    process = Fork([str(argument) for argument in arguments], **options)
    try:
        yield process
    finally:
        process.close()


def _whole(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


def _run(arguments: list[str], cwd: str, environment: dict[str, str], streams: list[str]) -> None:
    """In the fork: becomes what a fresh process would be, and runs the command."""
    for number, stream in enumerate(streams, 1):
        descriptor = os.open(stream, os.O_RDWR | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update({"PYTHONHASHSEED": "0"} | environment)
    sys.argv = ["riverkeeper", *arguments]
    sys.orig_argv = [sys.executable, "-m", "dataflows.cli.entry", *arguments]
    atexit._clear()  # of the process that was forked; multiprocessing would not run those of ours
    from dataflows.cli.entry import main  # noqa: PLC0415 - in the fork

    try:
        main()
    finally:
        atexit._run_exitfuncs()


def children_of(process: int | str) -> list[int]:
    """The processes that one has started and not waited for: one by its number, or `self`."""
    found: list[int] = []
    for thread in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended may be gone a moment later
            found += map(int, (thread / "children").read_text().split())
    return found
