"""Records from files, as an input: one stream of them, or two that are merged by event time."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from dataflows.connectors.batch import Batch
from dataflows.connectors.decoding import time_of
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.find import InputFile, find_files, total_size
from dataflows.connectors.files.format import FileFormat, OpenFile
from dataflows.connectors.files.held_labels import HeldLabels, HeldPosition, SortedLabels
from dataflows.connectors.files.labels import LabelFields, LabelScan, open_labels, scan_labels
from dataflows.connectors.files.match import Matched
from dataflows.connectors.files.merge import Merged, take
from dataflows.connectors.files.stream import Position, Stream
from dataflows.connectors.files.text import TEXT
from dataflows.lifecycle.progress import Reading
from engine.errors import InputError, SnapshotError
from engine.records.config import RecordConfig

Snapshot = dict[str, Position | HeldPosition]
"""Where each stream stands, `examples` and `labels`. Plain values, since it outlives the code."""

_LONGEST_WAIT = 0.01
"""Seconds between two looks at a file that is followed; fewer while it has just grown."""

_LOOK = 1.0
"""Seconds between two looks whether it is still the same file."""


class FileSource:
    """Files with records; see `RecordSource`.

    Nothing is guaranteed when files change while they are read, other than growing at their end. What changed
    between a stop and the resumed run is noticed by the last records before the place where it goes on.

    Args:
        config: What to read.
        base: The folder that relative paths begin at.
        formats: How files may be written, by the name that the configuration uses.
        record: Names the fields by which labels are joined; the defaults without.
    """

    name = "files"

    def __init__(
        self,
        config: InputConfig,
        base: Path,
        formats: Mapping[str, FileFormat] = TEXT,
        *,
        record: RecordConfig | None = None,
    ) -> None:
        """Finds the files.

        Raises:
            InputError: A file is missing or is not what it should be, labels cannot be joined, or what is to
                be followed cannot be.
            ConfigError: Reading one needs a library that is not installed.
        """
        self._config = config
        self._formats = formats
        self._record = record = record or RecordConfig()
        self._label_fields: LabelFields | None = None
        suffixes = {suffix: name for name, known in formats.items() for suffix in known.suffixes}
        if config.path is None:
            raise InputError("input.path: expected files to read, got none")
        self._streams = {"examples": find_files(config.path, base, suffixes, config.format)}
        if config.labels is not None:
            self._label_fields = LabelFields.of(config.labels, record)
            self._streams["labels"] = find_files(config.labels.path, base, suffixes, config.format)
        if config.follow:
            _check_followed(self.files())
        for file in self.files():
            formats[file.format].check(file, config)

    def files(self) -> list[InputFile]:
        """All files, in reading order, those of the labels last."""
        return [file for files in self._streams.values() for file in files]

    def snapshot_of(self, value: object) -> Snapshot:
        """A snapshot out of the value that was stored.

        Raises:
            SnapshotError: It is none of files.
        """
        try:
            found = msgspec.convert(value, dict[Literal["examples", "labels"], list[Any]])
            return {
                name: msgspec.convert(place, HeldPosition if len(place) == 3 else Position)
                for name, place in found.items()
            }
        except msgspec.ValidationError as error:
            raise SnapshotError(f"input: not where a run over files stood: {error}") from error

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
        place: Any = begin.get("examples")
        open_file = partial(self._open_file, config, None)
        examples = Stream(self._streams["examples"], open_file, place, follow=config.follow, named=True)
        reader = FileReader(examples, config, total_size(self.files()))
        try:
            if self._label_fields is not None:
                reader.join(self._join(examples, self._label_fields, begin.get("labels")))
        except InputError:
            examples.close()
            raise
        return reader

    def scan_labels(self) -> LabelScan | None:
        """A look at all labels; `None` when there are no files with labels.

        Raises:
            InputError: They cannot be read, or lack a field that the configuration names.
        """
        return (
            None
            if self._label_fields is None
            else scan_labels(self._open_labels(None, None), self._label_fields)
        )

    def _join(self, examples: Stream, fields: LabelFields, begin: Position | HeldPosition | None) -> "Joined":
        labels = open_labels(self._open_labels, begin, fields)
        if isinstance(labels, HeldLabels):
            last = begin[2] if begin is not None else None
            matched = Matched(examples, labels, self._record, last)
            return matched, matched
        read = time_of(self._record)
        if read is None:
            raise RuntimeError("labels are sorted by a time that records do not have")
        return Merged(examples, labels, read), labels

    def _open_labels(self, begin: Position | None, fields: LabelFields | None) -> Stream:
        """The files with labels, with their fields renamed or as they are."""
        return Stream(self._streams["labels"], partial(self._open_file, self._config, fields), begin)

    def _open_file(
        self, config: InputConfig, fields: LabelFields | None, file: InputFile, offset: int
    ) -> OpenFile:
        opened = self._formats[file.format].open(file, offset, config)
        return opened if fields is None else fields.renamed(opened)


Joined = tuple[Merged | Matched, Stream | SortedLabels | Matched]
"""What gives records and labels as one stream, and the labels in it."""


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

    def __init__(self, examples: Stream, config: InputConfig, total: int) -> None:
        self._follow = config.follow
        self._came = self._looked = time.monotonic()
        self._quiet = False
        self._examples = examples
        self._streams: dict[str, Stream | SortedLabels | Matched] = {"examples": examples}
        self._batch = config.batch
        self._total = total
        self._records = 0
        self._joined: Merged | Matched | None = None

    def join(self, joined: Joined) -> None:
        """Gives labels of their own to the records, before the first batch."""
        self._joined, self._streams["labels"] = joined

    def take(self) -> Sequence[Batch] | None:
        """One batch; none when a file that is followed has no more, `None` when all files are read.

        Raises:
            InputError: A file cannot be read on.
        """
        try:
            if self._joined is not None:
                batch = self._joined.take(self._batch)
            else:
                batch = take(self._examples, self._batch)
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
            self._examples.check_grown()

    def reading(self) -> Reading:
        """How far reading has come, in bytes on disk."""
        done = sum(stream.bytes_read() for stream in self._streams.values())
        return Reading(self._records, done, max(self._total, done), "bytes", self._places)

    def _places(self) -> dict[str, int]:
        return {stream.source: stream.place() for stream in self._streams.values()}

    def snapshot(self) -> Snapshot:
        """Where the next record of each stream stands."""
        return {name: stream.position() for name, stream in self._streams.items()}

    def close(self) -> None:
        """Closes the files."""
        for stream in self._streams.values():
            stream.close()
