"""A wish to stop (Ctrl-C, or SIGTERM from whatever runs the process), heard between two batches.

Bytewax takes no last snapshot when it is interrupted. So the source ends instead, as if its input had, and
what ends an input (the summary, the last version) is left out: nothing is lost, and nothing is done twice
when the same command goes on. A second signal stops at once.

In a cluster one process reads, and the signal may come to another: the wish is a file in the run's folder.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_LOOK = 0.5
"""Seconds between looks for the wish of another process."""


class _Wish:
    """Of this process, or of any that shares the file."""

    def __init__(self) -> None:
        self.heard = False
        self.file: Path | None = None
        self._looked = 0.0

    def look(self) -> bool:
        """Whether somebody wishes to stop."""
        if not self.heard and self.file is not None:
            now = time.monotonic()
            if now - self._looked >= _LOOK:
                self._looked = now
                self.heard = self.file.exists()
        return self.heard

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Takes a signal."""
        if self.heard:
            raise KeyboardInterrupt(signal.Signals(number).name)
        self.heard = True
        if self.file is not None:
            with suppress(OSError):
                self.file.touch()


_wish = _Wish()


def wanted() -> bool:
    """Whether the flow of this process is to stop."""
    return _wish.look()


@contextmanager
def listening(shared: Path | None = None) -> Iterator[None]:
    """Hears signals until the end of the block; only in the main thread.

    Args:
        shared: The file by which processes tell one another.
    """
    _wish.heard, _wish.file = False, shared
    before = {number: signal.signal(number, _wish.hear) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
