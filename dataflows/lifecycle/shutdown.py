"""Graceful shutdown: signals (Ctrl-C, SIGTERM) are checked between batches.

Bytewax takes no last snapshot when it is interrupted. So the source ends instead, as if its input had ended,
but without the summary and the last version: nothing is lost, and the same command goes on without doing
anything twice. A second signal stops at once.

In a cluster one process reads, and another may receive the signal: a file in the run's folder passes it on.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from engine.private_files import SHARED, open_appending

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_INTERVAL = 0.5
"""Seconds between checks of the shared file."""


class _Request:
    """A request to stop, received by this process or by another that shares the file."""

    def __init__(self) -> None:
        self.received = False
        self.file: Path | None = None
        self._checked = 0.0

    def check(self) -> bool:
        """Whether a request was received."""
        if not self.received and self.file is not None:
            now = time.monotonic()
            if now - self._checked >= _INTERVAL:
                self._checked = now
                self.received = self.file.exists()
        return self.received

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Handles a signal."""
        if self.received:
            raise KeyboardInterrupt(signal.Signals(number).name)
        self.received = True
        if self.file is not None:
            with suppress(OSError):
                os.close(open_appending(self.file, SHARED))


_request = _Request()


def wanted() -> bool:
    """Whether the flow of this process must stop."""
    return _request.check()


@contextmanager
def listening(shared: Path | None = None) -> Iterator[None]:
    """Handles signals until the end of the block; only in the main thread.

    Args:
        shared: The file by which processes pass a request on.
    """
    _request.received, _request.file = False, shared
    before = {number: signal.signal(number, _request.receive) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
