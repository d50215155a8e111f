"""Runs inputs in forks, and sees what a process cannot see of itself: that it crashes or hangs."""

import contextlib
import faulthandler
import gc
import logging
import mmap
import os
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from msgspec import Struct

from benchmarks.hostile.executions import watch
from engine.errors import RiverkeeperError

HANG = 30.0
"""Seconds after which an input hangs; nothing in the process itself can end it."""

_ENDLESS = 2.0
"""Seconds of CPU after which the use of what was read is told to stop."""

MOST_MEMORY = 1 << 30
"""Bytes that a process may take beyond what it has at its start."""

_MEMORY_FOLDER = next((folder for folder in ("/dev/shm",) if Path(folder).is_dir()), None)  # noqa: S108
"""Where what is written need not wait for a disk."""

FINDINGS = ("executions", "crashes", "hangs", "memory", "other")
"""What must not be. `executions`: operations that no file may bring about. `crashes`: the interpreter ended,
or was told to. `hangs`: nothing but killing the process could stop it. `memory`: reading took more than
`MOST_MEMORY`. `other`: an error that is not of the engine's tree."""

_NUMBER, _BEGUN, _MEMORY, _END = range(4)
"""Places in the memory that both processes see: the input, its beginning in nanoseconds, the most bytes that
the fork has taken, and whether it has come to its end."""


class Target(Struct, frozen=True):
    """A kind of file that may come from outside.

    Attributes:
        name: What it is called.
        make: Makes a hostile one.
        use: Reads it, and uses what was read; gets a folder to work in.
        share: Of the inputs.
    """

    name: str
    make: Callable[[Random], bytes]
    use: Callable[[bytes, Path], None]
    share: int = 1

    def input(self, seed: int, number: int) -> bytes:
        """The input of a number; the same for the same seed."""
        return self.make(Random(f"{seed}/{self.name}/{number}"))  # noqa: S311 - test data


class Tally(Struct):
    """What has become of inputs.

    Attributes:
        counts: How many were `used`, `refused`, `endless` (their use had to be stopped), and `FINDINGS`.
        memory: Most bytes that a process took beyond what it had.
        slowest: Seconds of CPU of the input that took longest, and its number.
        findings: What was seen, and on which input.
    """

    counts: Counter[str]
    memory: int = 0
    slowest: tuple[float, int] = (0.0, -1)
    findings: list[tuple[int, str]] = []

    @property
    def inputs(self) -> int:
        """How many were tried."""
        return self.counts.total() - self.counts["executions"]

    def add(self, number: int, kind: str, seconds: float = 0.0, said: str = "") -> None:
        """Counts what was seen on an input."""
        self.counts[kind] += 1
        self.slowest = max(self.slowest, (seconds, number))
        if kind in FINDINGS:
            self.findings.append((number, f"{kind}: {said}"))


class EndlessError(BaseException):
    """Stops the use of a model; no `Exception`, so that no engine takes it for a fault of the model."""


@contextlib.contextmanager
def used() -> Iterator[None]:
    """A block in which a model runs, which may loop for ever.

    Raises:
        EndlessError: It has.
    """
    signal.setitimer(signal.ITIMER_VIRTUAL, _ENDLESS, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def run(target: Target, seed: int, numbers: range, tally: Tally, hang: float = HANG) -> None:
    """Runs the inputs of these numbers, in as many forks as it takes."""
    gc.collect()
    gc.freeze()  # so that a fork need not look at, and copy, what is there already
    while numbers:
        numbers = _fork(target, seed, numbers, hang, tally)
    gc.unfreeze()


def _fork(target: Target, seed: int, numbers: range, hang: float, tally: Tally) -> range:
    """Runs inputs in one fork, until it ends; returns those that are left."""
    shared = memoryview(mmap.mmap(-1, 4096)).cast("q")
    with tempfile.TemporaryFile() as notes, tempfile.TemporaryDirectory(dir=_MEMORY_FOLDER) as folder:
        shared[_NUMBER], shared[_BEGUN] = numbers.start, time.monotonic_ns()
        process = os.fork()
        if not process:
            inputs = ((number, target.input(seed, number)) for number in numbers)
            _child(target, inputs, shared, notes.fileno(), Path(folder))
        ended = _wait(process, shared, hang)
        notes.seek(0)
        for line in notes.read().splitlines():
            at, kind, seconds, said = line.decode(errors="replace").split(" ", 3)
            tally.add(int(at), kind, float(seconds), said)
    tally.memory = max(tally.memory, shared[_MEMORY])
    if shared[_END]:
        return range(0)
    number = shared[_NUMBER]
    tally.add(number, *ended)
    return range(number + 1, numbers.stop)


def _wait(process: int, shared: Any, hang: float) -> tuple[str, float, str]:
    """Waits until the fork has ended, or kills it when it hangs; says what it ended of."""
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            said = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
            return "crashes", 0.0, said
        if time.monotonic_ns() - shared[_BEGUN] > hang * 1e9:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return "hangs", hang, f"more than {hang:g} s"
        time.sleep(0.005)


def _child(
    target: Target, inputs: Iterator[tuple[int, bytes]], shared: Any, notes: int, folder: Path
) -> None:
    """In the fork: runs the inputs, and ends the process."""
    try:
        _prepare()

        def note(kind: str, seconds: float, said: str) -> None:
            line = f"{shared[_NUMBER]} {kind} {seconds:.4f} {' '.join(said.split())}\n"
            os.write(notes, line.encode(errors="backslashreplace"))

        watch(folder, lambda said: note("executions", 0.0, said))
        began = _peak()
        for number, content in inputs:
            shared[_NUMBER], shared[_BEGUN] = number, time.monotonic_ns()
            start = time.process_time()
            kind, said = _tried(target, content, folder)
            gc.collect()  # what it has left dies now, and not while the next one is tried
            note(kind, time.process_time() - start, said)
            shared[_MEMORY] = max(0, _peak() - began)
        shared[_END] = 1
    finally:
        os._exit(0 if shared[_END] else 3)


def _tried(target: Target, content: bytes, folder: Path) -> tuple[str, str]:
    try:
        target.use(content, folder)
    except RiverkeeperError as error:
        if isinstance(error.__cause__, MemoryError):
            return "memory", str(error)
        return "refused", ""
    except EndlessError:
        return "endless", ""
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return "other", _told(error)
    except BaseException as error:  # noqa: BLE001 - whatever ends a process, or a panic of Rust
        return "crashes", _told(error)
    return "used", ""


def _told(error: BaseException) -> str:
    """What was raised, and the last line of ours on the way there."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/engine/" in frame.filename or "/dataflows/" in frame.filename]
    where = f"{Path((ours or frames)[-1].filename).name}:{(ours or frames)[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {str(error)[:200]} ({where})"


def _prepare() -> None:
    """Says nothing, takes no more memory than it may, and stops what runs without end."""
    faulthandler.disable()
    logging.disable()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGVTALRM, _stop)


def _stop(*_: object) -> None:
    raise EndlessError


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
