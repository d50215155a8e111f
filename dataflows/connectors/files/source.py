"""Records from files, as an input: one stream of them, or two that are merged by event time."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from dataflows.connectors.batch import Batch
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.find import InputFile, find_files, total_size
from dataflows.connectors.files.format import FileFormat, OpenFile
from dataflows.connectors.files.merge import Merged, take
from dataflows.connectors.files.stream import Position, Stream
from dataflows.connectors.files.text import TEXT
from dataflows.lifecycle.progress import Reading
from engine.errors import InputError

Snapshot = dict[str, Position]
"""Where each stream stands, `examples` and `labels`. Plain values, since it outlives the code."""

_LONGEST_WAIT = 0.01
"""Seconds between two looks at a file that is followed; fewer while it has just grown."""

_LOOK = 1.0
"""Seconds between two looks whether it is still the same file."""


class FileSource:
    """Files with records; see `RecordSource`.

    Nothing is guaranteed when files change while they are read, other than growing at their end.

    Args:
        config: What to read.
        base: The folder that relative paths begin at.
        formats: How files may be written, by the name that the configuration uses.
        time_field: The field with the event time, by which labels are merged.
    """

    name = "files"

    def __init__(
        self,
        config: InputConfig,
        base: Path,
        formats: Mapping[str, FileFormat] = TEXT,
        *,
        time_field: str | None = None,
    ) -> None:
        """Finds the files.

        Raises:
            InputError: A file is missing or is not what it should be, labels come without a time field, or
                what is to be followed cannot be.
            ConfigError: Reading one needs a library that is not installed.
        """
        self._config = config
        self._formats = formats
        self._time_field = time_field
        suffixes = {suffix: name for name, known in formats.items() for suffix in known.suffixes}
        if config.path is None:
            raise InputError("input.path: expected files to read, got none")
        self._streams = {"examples": find_files(config.path, base, suffixes, config.format)}
        if config.labels is not None:
            if not time_field:
                raise InputError(
                    "input: labels in files of their own are merged by event time, and no time field is "
                    "configured; name it, or put the labels into the records"
                )
            self._streams["labels"] = find_files(config.labels, base, suffixes, config.format)
        if config.follow:
            _check_followed(self.files())
        for file in self.files():
            formats[file.format].check(file, config)

    def files(self) -> list[InputFile]:
        """All files, in reading order, those of the labels last."""
        return [file for files in self._streams.values() for file in files]

    def open(self, snapshot: Snapshot | None, *, to_end: bool = False) -> "FileReader":
        """Opens the files, at the place that a snapshot names or at the beginning.

        Raises:
            InputError: The files are not those of the snapshot any more.
        """
        begin: Snapshot = snapshot or {}
        if snapshot is not None and set(begin) != set(self._streams):
            raise InputError(
                f"input: the run to be resumed was reading {' and '.join(begin)}, now it is "
                f"{' and '.join(self._streams)}; configure the streams as they were, or start a new run"
            )
        config = self._config.model_copy(update={"follow": self._config.follow and not to_end})
        open_file = partial(self._open_file, config)
        streams: dict[str, Stream] = {}
        try:
            for name, files in self._streams.items():
                streams[name] = Stream(files, open_file, begin.get(name), follow=config.follow)
        except InputError:
            for stream in streams.values():
                stream.close()
            raise
        return FileReader(streams, config, self._time_field, total_size(self.files()))

    def _open_file(self, config: InputConfig, file: InputFile, offset: int) -> OpenFile:
        return self._formats[file.format].open(file, offset, config)


def _check_followed(files: list[InputFile]) -> None:
    if len(files) != 1:
        raise InputError(f"input.follow: expected one file, since each would have an end; got {len(files)}")
    (file,) = files
    if not isinstance(file.location, Path):
        raise InputError(f"input.follow: expected a file on a local disk, got {file.name}")
    if file.format != "jsonl" or file.compression != "plain":
        kind = file.format if file.compression == "plain" else file.compression
        raise InputError(
            f"input.follow: expected a file of JSON lines that is not packed, since only of these it can be "
            f"told what is whole; {file.name} is {kind}"
        )


class FileReader:
    """Reads all files of a source, from where it was opened on; see `Reader`."""

    def __init__(
        self, streams: dict[str, Stream], config: InputConfig, time_field: str | None, total: int
    ) -> None:
        self._follow = config.follow
        self._came = self._looked = time.monotonic()
        self._quiet = False
        self._streams = streams
        self._batch = config.batch
        self._total = total
        self._records = 0
        self._merged: Merged | None = None
        if "labels" in streams and time_field:
            self._merged = Merged(streams["examples"], streams["labels"], time_field)

    def take(self) -> Sequence[Batch] | None:
        """One batch; none when a file that is followed has no more, `None` when all files are read.

        Raises:
            InputError: A file cannot be read on.
        """
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
        if batch is None:
            self._quiet = True
            return [] if self._follow else None
        self._quiet = False
        self._records += len(batch)
        return [batch]

    def pause(self) -> timedelta | None:
        """Until the next look at a file that is followed: short when it has just grown, then longer."""
        if not self._quiet:
            return None
        waited = time.monotonic() - self._came
        return timedelta(seconds=min(_LONGEST_WAIT, waited / 10))

    def _wait(self) -> None:
        """Nothing has come; now and then, whether the file is still the same."""
        now = time.monotonic()
        if not self._quiet:
            self._came = now
        if now - self._looked >= _LOOK:
            self._looked = now
            self._streams["examples"].check_grown()

    def reading(self) -> Reading:
        """How far reading has come, in bytes on disk."""
        done = sum(stream.bytes_read() for stream in self._streams.values())
        return Reading(self._records, done, max(self._total, done), "bytes", self._places)

    def _places(self) -> dict[str, int]:
        return {stream.source: stream.position()[2] for stream in self._streams.values()}

    def snapshot(self) -> Snapshot:
        """Where the next record of each stream stands."""
        return {name: stream.position() for name, stream in self._streams.items()}

    def close(self) -> None:
        """Closes the files."""
        for stream in self._streams.values():
            stream.close()
