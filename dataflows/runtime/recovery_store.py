"""Bytewax's recovery store: made on first use, and put right before a run goes on with it.

`store_check` comes first.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bytewax.recovery import init_db_dir

from dataflows.runtime.bytewax_errors import ours_only
from engine.errors import OutputError
from engine.private_files import PRIVATE, private_folder, write_whole

_READY = "partitions"
"""The file in a recovery folder that says how many parts the store has, written when all are there."""

_MAKING = "unfinished"
"""The file in a recovery folder that is there while the store is made."""

_OWNER = "run"
"""The file in a recovery folder with the identity of the run whose progress it keeps."""

_FILES = "part-*.sqlite3"

_LONGEST = 60.0
"""Seconds that a process waits for process 0."""

_BUSY = 30.0
"""Seconds to wait for a part that another process is opening."""


def exists(recovery: Path) -> bool:
    """Whether there is a store, so that a run goes on with it; one that is half made is none."""
    return any(recovery.glob(_FILES)) and not (recovery / _MAKING).exists()


def owner(recovery: Path) -> str | None:
    """The identity of the run whose progress is kept; `None` of a store that `bytewax.recovery` made."""
    try:
        return (recovery / _OWNER).read_text("utf-8").strip() or None
    except OSError:
        return None


def make_store(recovery: Path, parts: int, run: str) -> None:
    """Makes an empty store, in place of one that a killed process left unfinished.

    Args:
        recovery: The folder.
        parts: Of how many parts.
        run: The identity of the run.

    Raises:
        OutputError: When the folder cannot be written.
    """
    try:
        private_folder(recovery)
        recovery.chmod(0o700)
        write_whole(recovery / _MAKING, b"")
        for left in (*recovery.glob(f"{_FILES}*"), recovery / _READY):
            left.unlink(missing_ok=True)
        with ours_only():
            init_db_dir(recovery, parts)  # type: ignore[no-untyped-call]  # Bytewax leaves it untyped
        for part in recovery.glob(f"{_FILES}*"):
            part.chmod(PRIVATE)  # Bytewax makes them by the umask; what SQLite makes beside has their rights
        write_whole(recovery / _OWNER, f"{run}\n".encode())
        write_whole(recovery / _READY, f"{parts}\n".encode())
        (recovery / _MAKING).unlink()
    except OSError as error:
        raise OutputError(f"--recovery {recovery}: cannot be written: {error.strerror}") from error


def wait_for_store(recovery: Path) -> None:
    """Waits until process 0 has made it.

    Raises:
        OutputError: When it does not come.
    """
    until = time.monotonic() + _LONGEST
    while not (recovery / _READY).exists():
        if time.monotonic() >= until:
            raise OutputError(
                f"--recovery {recovery}: process 0 has not made it in {_LONGEST:g} s; does it run, and see "
                f"the same folder?"
            )
        time.sleep(0.1)


def forget_unfinished(recovery: Path) -> None:
    """Removes snapshots of an epoch that a killed process has not made whole.

    Bytewax goes on with the epoch of that number, and leaves them there. A key or a file that has nothing to
    write in that epoch the next time would keep the old one: a snapshot of records that come again.

    Raises:
        OutputError: When the store cannot be read or written.
    """
    epoch = _resumes_at(recovery)
    for part in recovery.glob(_FILES):
        with _opened(part) as database:
            database.execute("DELETE FROM snaps WHERE snap_epoch >= ?", (epoch,))


def _resumes_at(recovery: Path) -> int:
    """The epoch at which Bytewax will go on: the last that the slowest worker of the last start was in."""
    starts: list[tuple[int, int, int]] = []
    reached: dict[tuple[int, int], int] = {}
    for part in recovery.glob(_FILES):
        with _opened(part) as database:
            starts += database.execute("SELECT ex_num, worker_count, resume_epoch FROM exs").fetchall()
            for start, worker, epoch in database.execute(
                "SELECT ex_num, worker_index, worker_frontier FROM fronts"
            ):
                reached[start, worker] = max(epoch, reached.get((start, worker), 0))
    if not starts:
        return 0
    start, workers, begun = max(starts)
    return min(max(begun, reached.get((start, worker), begun)) for worker in range(workers))


@contextmanager
def _opened(part: Path) -> Iterator[sqlite3.Connection]:
    """A part of the store; what is done to it is done as a whole."""
    try:
        with closing(sqlite3.connect(part, timeout=_BUSY)) as database, database:
            yield database
    except sqlite3.Error as error:
        raise OutputError(f"--recovery {part}: cannot be used: {error}") from error
