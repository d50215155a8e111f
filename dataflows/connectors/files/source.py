"""The Bytewax source of records from files."""

import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from dataflows.connectors.batch import Batch
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.find import InputFile, find_files, total_size
from dataflows.connectors.files.merge import Merged, take, time_of
from dataflows.connectors.files.stream import Position, Stream, header_of
from dataflows.lifecycle import shutdown
from dataflows.lifecycle.progress import Progress, Reading
from engine.errors import InputError

Snapshot = dict[str, Position]
"""Where each stream stands, `examples` and `labels`. Plain values, since it outlives the code."""

_PART = "files"

_LONGEST_WAIT = 0.01
"""Seconds between two looks at a file that is followed; fewer while it has just grown."""

_LOOK = 1.0
"""Seconds between two looks whether it is still the same file."""


class FileSource(FixedPartitionedSource[Batch, Snapshot]):
    """Records from files, in batches of bytes.

    There is one partition, so one worker reads it all: only a single reader makes the order of records,
    and with it every prediction, the same each time. It is not what limits speed.

    Nothing is guaranteed when files change while they are read, other than growing at their end.

    Args:
        config: What to read.
        base: The folder that relative paths begin at.
        time_field: The field with the event time, by which labels are merged.
        progress: It is told how far reading has come.
        follow: Whether the dataflow waits for more at the end of the file; `batches` never does.
    """

    def __init__(
        self,
        config: InputConfig,
        base: Path,
        *,
        time_field: str | None = None,
        progress: Progress | None = None,
        follow: bool = False,
    ) -> None:
        """Finds the files.

        Raises:
            InputError: A file is missing or is not what it should be, labels come without a time field, or
                what is to be followed cannot be.
        """
        self._follow = follow
        self._config = config
        self._time_field = time_field
        self._progress = progress
        if config.path is None:
            raise InputError("input.path: expected files to read, got none")
        self._streams = {"examples": find_files(config.path, base, config.format)}
        if config.labels is not None:
            if not time_field:
                raise InputError(
                    "input: labels in files of their own are merged by event time, and no time field is "
                    "configured; name it, or put the labels into the records"
                )
            self._streams["labels"] = find_files(config.labels, base, config.format)
        for file in self.files():
            if file.format == "csv" and not follow:
                header_of(file)
        if follow:
            _check_followed(self.files())

    def files(self) -> list[InputFile]:
        """All files, in reading order, those of the labels last."""
        return [file for files in self._streams.values() for file in files]

    def batches(self) -> Generator[Batch, None, None]:
        """All batches, outside of a dataflow.

        Raises:
            InputError: A file cannot be read on.
        """
        yield from drained(self._open(None, follow=False))

    def list_parts(self) -> list[str]:
        """One partition."""
        return [_PART]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "FilePartition":  # noqa: ARG002
        """Opens the files, at the place that a snapshot names or at the beginning.

        Raises:
            InputError: The files are not those of the snapshot any more.
        """
        return self._open(resume_state, follow=self._follow)

    def _open(self, resume_state: Snapshot | None, *, follow: bool) -> "FilePartition":
        begin: Snapshot = resume_state or {}
        if resume_state is not None and set(begin) != set(self._streams):
            raise InputError(
                f"input: the run to be resumed was reading {' and '.join(begin)}, now it is "
                f"{' and '.join(self._streams)}; configure the streams as they were, or start a new run"
            )
        streams: dict[str, Stream] = {}
        try:
            for name, files in self._streams.items():
                streams[name] = Stream(files, self._config.text_columns, begin.get(name), follow=follow)
        except InputError:
            for stream in streams.values():
                stream.close()
            raise
        total = total_size(self.files())
        return FilePartition(
            streams, self._config.batch, self._time_field, self._progress, total, follow=follow
        )


def _check_followed(files: list[InputFile]) -> None:
    if len(files) != 1:
        raise InputError(f"input.follow: expected one file, since each would have an end; got {len(files)}")
    (file,) = files
    if file.format != "jsonl" or file.compression != "plain":
        kind = file.format if file.compression == "plain" else file.compression
        raise InputError(
            f"input.follow: expected a file of JSON lines that is not packed, since only of these it can be "
            f"told what is whole; {file.name} is {kind}"
        )


class FilePartition(StatefulSourcePartition[Batch, Snapshot]):
    """Reads all files of a source, from where it was built to begin."""

    def __init__(  # noqa: PLR0913 - what to read, and how
        self,
        streams: dict[str, Stream],
        batch: int,
        time_field: str | None,
        progress: Progress | None,
        total: int,
        *,
        follow: bool = False,
    ) -> None:
        self._follow = follow
        self._came = self._looked = time.monotonic()
        self._quiet = False
        self._streams = streams
        self._batch = batch
        self._progress = progress
        self._total = total
        self._records = 0
        self._merged: Merged | None = None
        if "labels" in streams and time_field:
            self._merged = Merged(streams["examples"], streams["labels"], time_of(time_field))

    def next_batch(self) -> list[Batch]:
        """One batch, in a list as Bytewax wants it; none when a file that is followed has no more.

        Raises:
            StopIteration: All files are read, or the process is to stop.
            InputError: A file cannot be read on.
        """
        if shutdown.wanted():
            raise StopIteration
        try:
            if self._merged is not None:
                batch = self._merged.take(self._batch)
            else:
                batch = take(self._streams["examples"], self._batch)
            if batch is None and self._follow:
                self._wait()
        except InputError:
            self.close()  # Bytewax does not after an error
            raise
        if batch is None and not self._follow:
            raise StopIteration
        self._quiet = batch is None
        if batch is not None:
            self._records += len(batch)
        self._tell()
        return [] if batch is None else [batch]

    def next_awake(self) -> datetime | None:
        """When to look again at a file that is followed: soon when it has just grown, then less often."""
        if not self._quiet:
            return None
        waited = time.monotonic() - self._came
        return datetime.now(UTC) + timedelta(seconds=min(_LONGEST_WAIT, waited / 10))

    def _wait(self) -> None:
        """Nothing has come; now and then, whether the file is still the same."""
        now = time.monotonic()
        if not self._quiet:
            self._came = now
        if now - self._looked >= _LOOK:
            self._looked = now
            self._streams["examples"].check_grown()

    def _tell(self) -> None:
        if self._progress is not None:
            done = sum(stream.bytes_read() for stream in self._streams.values())
            self._progress(Reading(self._records, done, max(self._total, done), "bytes", self._places))

    def _places(self) -> dict[str, int]:
        return {stream.source: stream.position()[2] for stream in self._streams.values()}

    def snapshot(self) -> Snapshot:
        """Where the next record of each stream stands."""
        return {name: stream.position() for name, stream in self._streams.items()}

    def close(self) -> None:
        """Closes the files."""
        for stream in self._streams.values():
            stream.close()


def drained(part: StatefulSourcePartition[Batch, Any]) -> Generator[Batch, None, None]:
    """All batches of a partition to its end, outside of a dataflow; closes it."""
    try:
        while True:
            yield from part.next_batch()
    except StopIteration:
        return
    finally:
        part.close()
