"""Several processes on this machine for one flow: starts them, and starts all again when one dies.

Keys spread over the processes; one of them reads the input. They are a cluster whose addresses are on this
machine, so what holds here holds there.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from dataflows.alerts.terminal import write_line
from dataflows.console import PlainConsole
from dataflows.lifecycle import shutdown
from dataflows.lifecycle.progress import Reading
from dataflows.lifecycle.status_file import read_status
from dataflows.runtime import prometheus
from dataflows.runtime.progress_bar import Bar, progress_bar
from dataflows.runtime.run_setup import Place, prepare, reserved
from engine import child_process
from engine.errors import InputError, RunError, StoppedError

_LOOK = 0.2
"""Seconds between looks at the processes."""

_STARTS, _WITHIN = 5, 600.0
"""All are started again at most so often in so many seconds."""

_LEAVE = 60.0
"""Seconds in which all processes must end after one has ended, or after they were asked to."""

_MISTAKE = 2
"""What the command exits with when it is the user who can mend it: starting again would not."""

PARENT = "RIVERKEEPER_PARENT"
"""The environment variable by which a process knows who started it: it ends when that one has."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start.

    Attributes:
        file: The flow's configuration file.
        place: Where the run writes, and how many processes it has.
    """

    file: Path
    place: Place


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    shown: int = 0

    def new_lines(self) -> list[str]:
        """Complete lines written since the last call, without those that give the reason of its end."""
        size = os.fstat(self.output.fileno()).st_size
        new = os.pread(self.output.fileno(), size - self.shown, self.shown)
        whole = new[: new.rfind(b"\n") + 1]
        self.shown += len(whole)
        lines = whole.decode(errors="replace").splitlines()
        return [line for line in lines if not line.startswith(("error: ", "stopped "))]


def run_processes(launch: Launch, console: PlainConsole) -> None:
    """Runs a flow in several processes, to the end of its input.

    Raises:
        RunError: When one of them has met a mistake of the user's, or they die again and again.
        StoppedError: When it was stopped.
    """
    starts: list[float] = []
    place = launch.place
    with shutdown.listening(), reserved(place) as locks:
        if place.config.run.metrics is not None:
            prometheus.check_ports(place.config.run.metrics, place.processes)
        while True:
            now = time.monotonic()
            starts = [*(at for at in starts if now - at < _WITHIN), now]
            prepare(place, locks, console)
            with progress_bar(console) as bar:
                failed = _run_once(launch, locks.handles, console, bar)
            if failed is None or shutdown.wanted():
                break
            if place.recovery is None:
                raise RunError(f"{failed}; without --recovery it cannot go on")
            if len(starts) > _STARTS:
                raise RunError(
                    f"{failed}; {len(starts)} times in {_WITHIN / 60:g} minutes: not started again"
                )
            console.print(f"{failed}; all start again from the last snapshot")
    if shutdown.wanted():
        whole = place.recovery is not None and failed is None
        how = "the same command goes on" if place.recovery else "without --recovery it begins anew"
        raise StoppedError(f"stopped; {how}", whole=whole)


def _run_once(launch: Launch, locks: tuple[int, ...], console: PlainConsole, bar: Bar) -> str | None:
    """Runs all until they end, and shows what they log; says who died, if one did.

    Raises:
        RunError: When one has met a mistake of the user's.
    """
    with _children(launch, locks) as children:
        asked = False
        while all(child.process.poll() is None for child in children):
            time.sleep(_LOOK)
            _show(launch.place.run, bar)
            _pass_on(children, console)
            if shutdown.wanted() and not asked:
                asked = True
                for child in children:
                    child.process.send_signal(signal.SIGTERM)
        statuses = _wait(children)
        if not any(statuses):
            _pass_on(children, console)
        for child, status in zip(children, statuses, strict=True):
            if status == _MISTAKE:
                raise RunError(_last_words(child).removeprefix("error: "))
        dead = next((number for number, status in enumerate(statuses) if status), None)
        # The others end because one has: name the one that was killed, if any was.
        dead = next((number for number, status in enumerate(statuses) if status < 0), dead)
        return None if dead is None else f"process {dead} has died ({_why(children[dead], statuses[dead])})"


def _pass_on(children: list[_Child], console: PlainConsole) -> None:
    for child in children:
        for line in child.new_lines():
            write_line(console, line)


@contextmanager
def _children(launch: Launch, locks: tuple[int, ...]) -> Iterator[list[_Child]]:
    """The processes, until the end of the block: then none is left. They hold the locks too."""
    addresses = ",".join(f"127.0.0.1:{port}" for port in _free_ports(launch.place.processes))
    entry = child_process.command("dataflows.cli.entry")
    command = [*entry, "run", str(launch.file), "--addresses", addresses]
    if launch.place.recovery is not None:
        command += ["--recovery", str(launch.place.recovery)]
    environment = child_process.environment() | {PARENT: str(os.getpid())}
    with ExitStack() as stack:
        children: list[_Child] = []
        try:
            for number in range(launch.place.processes):
                output = stack.enter_context(tempfile.TemporaryFile())
                process = subprocess.Popen(  # noqa: S603 - our own interpreter
                    [*command, "--process", str(number)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=output,
                    env=environment,
                    start_new_session=True,  # Ctrl-C comes to us, and we tell them
                    pass_fds=locks,  # until the last of them has ended, nobody else may write
                )
                children.append(_Child(process, output))
            yield children
        finally:
            for child in children:
                child.process.kill()
                child.process.wait()


def _wait(children: list[_Child]) -> list[int]:
    """Exit statuses of all; one that does not end in time is killed."""
    until = time.monotonic() + _LEAVE
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, until - time.monotonic()))
    for child in children:
        if child.process.poll() is None:
            child.process.kill()
    return [child.process.wait() for child in children]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _show(run: Path, bar: Bar) -> None:
    """Moves the bar to what the process that reads has written down."""
    with suppress(InputError):
        status = read_status(run)
        bar(Reading(status.records, status.done, status.total, status.unit, dict))


def _why(child: _Child, status: int) -> str:
    if status < 0:
        return signal.Signals(-status).name
    return _last_words(child) or f"exit status {status}"


def _last_words(child: _Child) -> str:
    child.output.seek(0)
    lines = child.output.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def is_child() -> bool:
    """Whether this is one of several processes that `run_processes` started."""
    return PARENT in os.environ


def end_with_parent() -> None:
    """Ends this process when its parent has ended, killed or not; does nothing without a parent."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(1.0)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
