"""How far the process that reads may be ahead of those that learn.

Bytewax holds a source back when its own process is behind, and never for another process within an epoch: a
hot key would pile up there, and a stop would wait until all of it is learned. So every process of a cluster
writes down how many records it has learned, in a file of the run's folder, and the one that reads looks.
"""

import atexit
import os
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from dataflows.connectors.batch import Batch
from dataflows.lifecycle import shutdown
from engine.errors import OutputError
from engine.private_files import SHARED, open_new

LEAST = 20_000
"""Records that it may always be ahead."""

SECONDS = 5.0
"""And as many as are learned in so many seconds."""

_LOOK = 0.02
"""Seconds between looks."""

_STEP = 200
"""Records that a process learns between two counts that it writes: of many keys each has few at a time. A
hundred processes leave out no more than the reader may be ahead."""


class Learned:
    """How many records this process has learned; `open` it in a cluster."""

    def __init__(self) -> None:
        self._count = self._written = 0
        self._path: Path | None = None
        self._file: int | None = None

    def open(self, folder: Path, process: int) -> None:
        """From now on the count is in a file, until this process ends.

        The file is made with the first records: before, process 0 may put another folder in the place of this
        one, and the count would go where no one reads. What a process that was killed has left there only
        lets the reader go on for the moment.
        """
        self._path = folder / f"learned-{process}"
        self._count = self._written = 0
        self._file = None

    def add(self, count: int) -> None:
        """So many more.

        Raises:
            OutputError: When the file cannot be written.
        """
        self._count += count
        if self._path is not None and (self._file is None or self._count - self._written >= _STEP):
            self._written = self._count
            try:
                if self._file is None:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    self._path.unlink(missing_ok=True)  # a killed process has left it
                    self._file = open_new(self._path, SHARED)
                    atexit.register(self._path.unlink, missing_ok=True)
                os.pwrite(self._file, self._count.to_bytes(8, "big"), 0)
            except OSError as error:
                raise OutputError(
                    f"{self._path}: cannot be written: {error.strerror}; see to space and rights"
                ) from error


learned = Learned()
"""Of this process, for all its engines."""


class Pace:
    """Says when the reader is too far ahead.

    Args:
        folder: Where the counts are.
        processes: How many write one.
        clock: Seconds.
    """

    def __init__(self, folder: Path, processes: int, clock: Callable[[], float]) -> None:
        self._files = [folder / f"learned-{process}" for process in range(processes)]
        self._clock = clock
        self._sent = 0
        self._seen: deque[tuple[float, int]] = deque([(clock(), 0)])
        self._limit = LEAST

    def sent(self, count: int) -> None:
        """So many more were read."""
        self._sent += count

    def too_far(self) -> bool:
        """Whether to wait; it looks at the files when it seems so, and now and then to know the speed."""
        now = self._clock()
        if now - self._seen[-1][0] >= _LOOK:
            self._look(now)
        return self._sent > self._limit

    def _look(self, now: float) -> None:
        count = sum(map(_count_in, self._files))
        self._seen.append((now, count))
        while now - self._seen[0][0] > SECONDS and len(self._seen) > 1:
            self._seen.popleft()
        then, before = self._seen[0]
        rate = (count - before) / (now - then) if now > then else 0.0
        self._limit = count + max(LEAST, round(rate * SECONDS))


def _count_in(path: Path) -> int:
    # Opened anew each time: on a shared file system that asks the server.
    try:
        return int.from_bytes(path.read_bytes(), "big")
    except FileNotFoundError:
        return 0


class PacedSource(FixedPartitionedSource[Batch, Any]):
    """A source that waits when it is too far ahead."""

    def __init__(self, source: FixedPartitionedSource[Batch, Any], pace: Pace) -> None:
        self._source = source
        self._pace = pace

    def list_parts(self) -> list[str]:
        """Those of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "PacedPartition":
        """One of the source's."""
        return PacedPartition(self._source.build_part(step_id, for_part, resume_state), self._pace)


class PacedPartition(StatefulSourcePartition[Batch, Any]):
    """A partition that gives nothing for as long as it is too far ahead."""

    def __init__(self, part: StatefulSourcePartition[Batch, Any], pace: Pace) -> None:
        self._part = part
        self._pace = pace
        self._waits = False

    def next_batch(self) -> list[Batch]:
        """The partition's next; nothing when it is to wait. To stop it does not wait.

        Raises:
            StopIteration: The partition has ended.
        """
        self._waits = self._pace.too_far() and not shutdown.wanted()
        if self._waits:
            return []
        found = [*self._part.next_batch()]
        self._pace.sent(sum(map(len, found)))
        return found

    def next_awake(self) -> datetime | None:
        """After the next look, when it waits."""
        return datetime.now(UTC) + timedelta(seconds=_LOOK) if self._waits else self._part.next_awake()

    def snapshot(self) -> Any:
        """The partition's."""
        return self._part.snapshot()

    def close(self) -> None:
        """Closes the partition."""
        self._part.close()
