"""A host's process: started, watched, and killed with all that it has started."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 90.0
"""Seconds without a new prediction until a host counts as stuck."""


class HostError(Exception):
    """A host did not do what it should; the message holds the end of what it said."""


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(stat.parent.name))
    return found


def kill(pid: int) -> None:
    """SIGKILL to a process and all that it has started, sessions of their own included."""
    children = _children()
    doomed = [pid]
    for parent in doomed:
        doomed += children.get(parent, [])
    for number in doomed:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


class Process:
    """One start of a host.

    Args:
        command: The program and its arguments.
        work: The folder that it runs in; what it says is added to `log` there.
    """

    def __init__(self, command: Sequence[str], work: Path) -> None:
        self._log = work / "log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, cwd=work, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def ended(self) -> bool:
        """Whether it has come to its end.

        Raises:
            HostError: It has failed.
        """
        status = self._process.poll()
        if status:
            raise HostError(f"ended with status {status}\n{self.said()}")
        return status is not None

    def dead(self) -> bool:
        """Whether it has ended, however."""
        return self._process.poll() is not None

    def said(self) -> str:
        """The end of what it has said."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-30:])

    def kill(self) -> None:
        """Kills it."""
        kill(self._process.pid)
        self._process.wait(30)

    def wait(self, enough: Callable[[], bool], every: float = 0.01) -> bool:
        """Waits until there is enough, or it has ended; whether there was enough before.

        Raises:
            HostError: It has failed, or is stuck.
        """
        until = time.monotonic() + PATIENCE
        while not enough():
            if self.ended():
                return enough()
            if time.monotonic() > until:
                raise HostError(f"nothing for {PATIENCE:.0f} seconds\n{self.said()}")
            time.sleep(every)
        return True


@contextmanager
def started(command: Sequence[str], work: Path) -> Iterator[Process]:
    """A process that does not outlive this."""
    process = Process(command, work)
    try:
        yield process
    finally:
        process.kill()
