"""Locks of the operating system: who uses a folder or a name.

A lock ends with the last process that has it, however that one ends, so none is ever stale. The file stays,
and says who had the lock last.
"""

import errno
import fcntl
import os
import shlex
import socket
import sys
import time
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from dataflows.format import moment
from engine.errors import OutputError
from engine.private_files import SHARED, open_changing, why_refused

FILE = ".lock"
"""The name of the lock of a folder, in it."""

_LINGERS = 5.0
"""Seconds in which the other processes of a run end when the one that started them has died."""

_LOOK = 0.1

_MOST_COMMAND = 200

_OURS = ("-c", "-m")
"""What Python calls the program when it was started otherwise than by its name."""

_STARTED = time.time()

_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What file systems without locks answer."""


class Holder(msgspec.Struct, frozen=True):
    """The process that has a lock.

    Attributes:
        process: Its id.
        host: The machine.
        since: When it took the lock, seconds since 1970.
        command: How it was started.
    """

    process: int
    host: str
    since: float
    command: str

    def __str__(self) -> str:
        return f"process {self.process} on {self.host} since {moment(self.since)} UTC ({self.command})"

    def has_died(self) -> bool:
        """Whether there is no such process any more, as far as this machine can tell."""
        if self.host != socket.gethostname():
            return False
        if self.process == os.getpid():
            return self.since < _STARTED  # the first process of a container has the same id each time
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def this_process() -> Holder:
    """This process, as the holder of a lock that it takes now."""
    program, *arguments = sys.argv
    program = "riverkeeper" if program in _OURS else program
    command = shlex.join([Path(program).name, *arguments])
    return Holder(os.getpid(), socket.gethostname(), time.time(), command[:_MOST_COMMAND])


class Locks:
    """Locks that are held until the end of a `with` block, all of them together."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._files: list[int] = []

    @property
    def handles(self) -> tuple[int, ...]:
        """File descriptors; a child process that inherits them has the locks too."""
        return tuple(self._files)

    def take_folder(self, folder: Path, what: str) -> None:
        """Locks a folder, which is made; see `take`."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{what}: the folder cannot be made: {error.strerror}; see to rights"
            ) from error
        self.take(folder / FILE, what)

    def take(self, file: Path, what: str) -> None:
        """Takes a lock; one that is held here already stays as it is.

        Args:
            file: The lock's file.
            what: What is locked, as a message begins with it.

        Raises:
            OutputError: Another process has it, or the file cannot be written.
        """
        until = time.monotonic() + _LINGERS
        try:
            while not self._try(file):
                holder = _holder(file)
                if holder is None or not holder.has_died() or time.monotonic() >= until:
                    who = "another process" if holder is None else holder
                    raise OutputError(
                        f"{what} is in use by {who}; wait until it has ended or stop it, or choose another"
                    )
                time.sleep(_LOOK)
        except OSError as error:
            raise OutputError(f"{what}: cannot be locked: {file}: {why_refused(error)}") from error

    def enter(self, lock: AbstractContextManager[None]) -> None:
        """Takes a lock of another kind, until the end of the block."""
        self._stack.enter_context(lock)

    def _try(self, file: Path) -> bool:
        """Whether this process has the lock now, or the file system knows no locks."""
        handle = open_changing(file, SHARED)
        try:
            opened = os.fstat(handle)
            if any(os.path.samestat(opened, os.fstat(held)) for held in self._files):
                return True
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is(opened, file):
                return self._try(file)  # it was moved away since it was opened
            os.truncate(handle, 0)
            os.pwrite(handle, msgspec.json.encode(this_process()) + b"\n", 0)
            self._files.append(handle)
            self._stack.callback(os.close, handle)
            handle = -1
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        finally:
            if handle >= 0:
                os.close(handle)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.clear()
        self._stack.close()


def _is(opened: os.stat_result, file: Path) -> bool:
    """Whether a file that was opened is still the one of this name."""
    try:
        return os.path.samestat(opened, file.stat())
    except FileNotFoundError:
        return False


def _holder(file: Path) -> Holder | None:
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(file.read_bytes(), type=Holder)
    return None
