"""The status of a run: a file of its folder, replaced about once a second."""

import os
import socket
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import orjson
from msgspec import DecodeError, Struct, json, structs

from dataflows.lifecycle.progress import Reading
from engine.errors import InputError
from engine.private_files import SHARED, replacing

STATUS = "status.json"
_EVERY = 1.0

RATE_SECONDS = 10
"""Seconds over which the rate is measured."""

State = Literal["running", "stopped", "ended", "failed"]


class Status(Struct, frozen=True):
    """What `status.json` holds.

    Attributes:
        state: `running`, or how it came to its end.
        host: The machine.
        process: The process id there.
        started: When it was started, seconds since 1970.
        updated: When this was written.
        records: Records read in this execution.
        rate: Records per second over the last seconds; `None` before there are two readings.
        done: How far it has read, in `unit`.
        total: How much there is to read, as far as is known.
        unit: Bytes on disk, or records.
        places: Offset of the next record, by source.
    """

    state: State
    host: str
    process: int
    started: float
    updated: float
    records: int
    rate: float | None
    done: int
    total: int
    unit: str
    places: dict[str, int]


def read_status(run: Path) -> Status:
    """The status of a run.

    Raises:
        InputError: When this is not the folder of a run that has begun.
    """
    try:
        return json.decode((run / STATUS).read_bytes(), type=Status)
    except (OSError, DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{run}: expected the folder of a run, with {STATUS} in it, which a run writes from its first "
            f"second; got none"
        ) from error


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
        self._seen: deque[tuple[float, int]] = deque(maxlen=RATE_SECONDS)

    def __call__(self, reading: Reading) -> None:
        """Takes how far reading has come."""
        self.records, self._last = reading.records, reading
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY
            self._seen.append((now, reading.records))
            self._write("running")

    def end(self, state: Literal["stopped", "ended"]) -> None:
        """Writes how the run came to its end, also when there was nothing to read."""
        if self._last is None and not (self._folder / STATUS).exists():  # else another process reads
            self(Reading(0, 0, 0, "bytes", dict))
        self._write(state)

    def _write(self, state: State) -> None:
        if self._last is None:
            return
        (first, before), (last, now) = self._seen[0], self._seen[-1]
        status = Status(
            state=state,
            host=socket.gethostname(),
            process=os.getpid(),
            started=self._started,
            updated=time.time(),
            records=self.records,
            rate=(now - before) / (last - first) if last > first else None,
            done=self._last.done,
            total=self._last.total,
            unit=self._last.unit,
            places=self._last.places(),
        )
        # A run does not end for want of its status.
        with suppress(OSError), replacing(self._folder / STATUS, SHARED) as out:
            out.write(orjson.dumps(structs.asdict(status)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._write("failed")
