"""The Bytewax source of records from files."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from dataflows import stopping
from dataflows.files.batch import Batch
from dataflows.files.config import InputConfig
from dataflows.files.find import InputFile, find_files, total_size
from dataflows.files.merge import Merged, take, time_of
from dataflows.files.stream import Position, Stream, header_of
from dataflows.progress import Progress, Reading
from engine.errors import InputError

Snapshot = dict[str, Position]
"""Where each stream stands, `examples` and `labels`. Plain values, since it outlives the code."""

_PART = "files"


class FileSource(FixedPartitionedSource[Batch, Snapshot]):
    """Records from files, in batches of bytes.

    There is one partition, so one worker reads it all: only a single reader makes the order of records,
    and with it every prediction, the same each time. It is not what limits speed.

    Nothing is guaranteed when files change while they are read, other than growing at their end.
    """

    def __init__(
        self,
        config: InputConfig,
        base: Path,
        *,
        time_field: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Finds the files; `base` is the folder that relative paths begin at.

        Raises:
            InputError: A file is missing or is not what it should be, or labels come without a time field.
        """
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
            if file.format == "csv":
                header_of(file)

    def files(self) -> list[InputFile]:
        """All files, in reading order, those of the labels last."""
        return [file for files in self._streams.values() for file in files]

    def batches(self) -> Generator[Batch, None, None]:
        """All batches, outside of a dataflow.

        Raises:
            InputError: A file cannot be read on.
        """
        yield from drained(self.build_part("", _PART, None))

    def list_parts(self) -> list[str]:
        """One partition."""
        return [_PART]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "FilePartition":  # noqa: ARG002
        """Opens the files, at the place that a snapshot names or at the beginning.

        Raises:
            InputError: The files are not those of the snapshot any more.
        """
        begin: Snapshot = resume_state or {}
        if resume_state is not None and set(begin) != set(self._streams):
            raise InputError(
                f"input: the run to be resumed was reading {' and '.join(begin)}, now it is "
                f"{' and '.join(self._streams)}; configure the streams as they were, or start a new run"
            )
        streams: dict[str, Stream] = {}
        try:
            for name, files in self._streams.items():
                streams[name] = Stream(files, self._config.text_columns, begin.get(name))
        except InputError:
            for stream in streams.values():
                stream.close()
            raise
        total = total_size(self.files())
        return FilePartition(streams, self._config.batch, self._time_field, self._progress, total)


class FilePartition(StatefulSourcePartition[Batch, Snapshot]):
    """Reads all files of a source, from where it was built to begin."""

    def __init__(
        self,
        streams: dict[str, Stream],
        batch: int,
        time_field: str | None,
        progress: Progress | None,
        total: int,
    ) -> None:
        self._streams = streams
        self._batch = batch
        self._progress = progress
        self._total = total
        self._records = 0
        self._merged: Merged | None = None
        if "labels" in streams and time_field:
            self._merged = Merged(streams["examples"], streams["labels"], time_of(time_field))

    def next_batch(self) -> list[Batch]:
        """One batch, in a list as Bytewax wants it.

        Raises:
            StopIteration: All files are read, or the process is to stop.
            InputError: A file cannot be read on.
        """
        if stopping.wanted():
            raise StopIteration
        try:
            if self._merged is not None:
                batch = self._merged.take(self._batch)
            else:
                batch = take(self._streams["examples"], self._batch)
        except InputError:
            self.close()  # Bytewax does not after an error
            raise
        if batch is None:
            raise StopIteration
        self._records += len(batch)
        if self._progress is not None:
            done = sum(stream.bytes_read() for stream in self._streams.values())
            self._progress(Reading(self._records, done, self._total, "bytes", self._places))
        return [batch]

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
