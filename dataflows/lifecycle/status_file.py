"""How a run stands, in a file of its folder that is replaced about once a second."""

import os
import socket
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import orjson

from dataflows.lifecycle.progress import Reading

STATUS = "status.json"
_EVERY = 1.0
_OVER = 10
"""Readings that the rate is taken over."""


class StatusFile:
    """Written by the process that reads the input.

    Attributes:
        records: Records read so far in this execution.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.records = 0
        self._started = time.time()
        self._next = 0.0
        self._last: Reading | None = None
        self._seen: deque[tuple[float, int]] = deque(maxlen=_OVER)

    def __call__(self, reading: Reading) -> None:
        """Takes how far reading has come."""
        self.records, self._last = reading.records, reading
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY
            self._seen.append((now, reading.records))
            self._write("running")

    def end(self, state: Literal["stopped", "ended"]) -> None:
        """The last word of a run that was not cut off."""
        self._write(state)

    def _write(self, state: str) -> None:
        if self._last is None:
            return
        (first, before), (last, now) = self._seen[0], self._seen[-1]
        row = {
            "state": state,
            "host": socket.gethostname(),
            "process": os.getpid(),
            "started": self._started,
            "updated": time.time(),
            "records": self.records,
            "rate": (now - before) / (last - first) if last > first else None,
            "done": self._last.done,
            "total": self._last.total,
            "unit": self._last.unit,
            "places": self._last.places(),
        }
        partial = self._folder / f".{STATUS}.partial"
        with suppress(OSError):  # a run does not end for want of its status
            partial.write_bytes(orjson.dumps(row))
            partial.replace(self._folder / STATUS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._write("failed")
