"""Label files: their own field names, and how their labels are joined into the stream of records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

from dataflows.connectors.batch import Chunk, Fields
from dataflows.connectors.decoding import time_of
from dataflows.connectors.files.config import LabelsConfig
from dataflows.connectors.files.format import OpenFile
from dataflows.connectors.files.held_labels import HeldLabels, HeldPosition, SortedLabels
from dataflows.connectors.files.stream import Position, Stream
from engine.errors import InputError
from engine.records.config import RecordConfig
from engine.records.keys import fields_of
from engine.records.times import time_reader

MOST_HELD = 2_000_000
"""Labels that are held in memory: some 200 bytes each, as lines of JSON."""

_MOST_NAMES = 20
"""Field names in a message."""


@dataclass(frozen=True, slots=True)
class LabelScan:
    """What a look at all labels has shown.

    Attributes:
        count: How many there are.
        timed: Whether any has the field with the event time.
        behind: The longest time that a label stands behind a later one, in seconds; 0 when they are sorted.
    """

    count: int
    timed: bool
    behind: float


@dataclass(frozen=True, slots=True)
class LabelFields:
    """The fields of label files, and those of the records that they stand for.

    Attributes:
        id: The label file's own field with the id.
        label: With the label.
        time: With the event time; `None` when labels have none.
        named: Those that the configuration names for label files.
        record: How records name theirs.
    """

    id: str
    label: str
    time: str | None
    named: tuple[str, ...]
    record: RecordConfig

    @classmethod
    def of(cls, config: LabelsConfig, record: RecordConfig) -> "LabelFields":
        """The fields as a configuration names them.

        Raises:
            InputError: Records have no id to join labels by, or no time to compare that of labels with.
        """
        if record.id is None:
            raise InputError(
                "input.labels: labels in files of their own are joined by id, and record.id is empty; name "
                "the field, or put the labels into the records"
            )
        if config.time and record.time is None:
            raise InputError(
                "input.labels.time: the time of labels is compared with that of records, and record.time is "
                'empty; name that field, or write time = "" here'
            )
        time = record.time if config.time is None else config.time
        named = tuple(name for name in (config.id, config.label, config.time) if name)
        return cls(config.id or record.id, config.label or record.label, time or None, named, record)

    def renamed(self, file: OpenFile) -> OpenFile:
        """The file with the labels' fields as records name them."""
        record = self.record
        names = {record.id: self.id, record.label: self.label, record.time: self.time}
        if all(name == own for name, own in names.items()):
            return file
        as_they_are = (record.key, record.kind and record.kind.field)
        names |= {name: name for name in as_they_are if name}
        return _Renamed(file, {name: own for name, own in names.items() if name and own})


class _Renamed:
    """A file whose records have other names of fields."""

    def __init__(self, file: OpenFile, names: dict[str, str]) -> None:
        self._names = names
        self.chunks: Iterator[Chunk] = map(self._chunk, file.chunks)
        self.disk_position, self.check_grown, self.close = file.disk_position, file.check_grown, file.close

    def _chunk(self, chunk: Chunk) -> Chunk:
        """Lines become fields, and keep their bytes for dead letters."""
        contents = [
            content if index in chunk.errors else self._fields(content, fields_of(content))
            for index, content in enumerate(chunk.contents)
        ]
        return Chunk(contents, chunk.offsets, chunk.end, chunk.raws or list(chunk.contents), chunk.errors)  # type: ignore[arg-type]  # without raws they are bytes

    def _fields(self, content: bytes | Fields, fields: Fields | None) -> bytes | Fields:
        if fields is None:
            return content
        return {name: fields[own] for name, own in self._names.items() if own in fields}


def scan_labels(stream: Stream, fields: LabelFields) -> LabelScan:
    """Looks at all labels of a stream from where it stands, and closes it; their fields have their own names.

    Raises:
        InputError: A field that the configuration names is in none of them.
    """
    read, time_field = time_reader(fields.record), fields.time
    count, latest, behind = 0, -inf, 0.0
    seen: dict[str, None] = {}
    while stream.refill():
        for found in map(fields_of, stream.chunk.contents):
            if found is None:
                continue
            seen.update(dict.fromkeys(found))
            time = None if time_field is None else read(found.get(time_field))
            if time is not None:
                behind, latest = max(behind, latest - time), max(latest, time)
        stream.at = len(stream.chunk.contents)
        count += stream.at
    stream.close()
    for name in fields.named if seen else ():
        if name not in seen:
            raise InputError(
                f"input.labels: expected the field {name!r} in {stream.source}, and no label has it; "
                f"there are {', '.join([*seen][:_MOST_NAMES])}"
            )
    return LabelScan(count, not seen or time_field in seen, behind)


def open_labels(
    open_stream: Callable[[Position | None, LabelFields | None], Stream],
    begin: Position | HeldPosition | None,
    fields: LabelFields,
) -> Stream | SortedLabels | HeldLabels:
    """Opens labels: as a stream when they are in order of time, else in memory, sorted if they have one.

    Args:
        open_stream: Opens the files at a position, with their fields renamed or as they are.
        begin: Where a snapshot stood.
        fields: What their fields are called.

    Raises:
        InputError: They cannot be read, or are too many to be held in memory.
    """
    held = begin is not None and isinstance(begin[0], tuple)
    start: Position | None = begin[0] if held else begin  # type: ignore[index,assignment]  # held says which
    scan = scan_labels(open_stream(start, None), fields)
    if scan.timed and not scan.behind and not held:
        return open_stream(start, fields)
    if scan.count > MOST_HELD:
        why = "are not in order of time" if scan.timed else "have no time"
        raise InputError(
            f"input.labels: the {scan.count:,} labels {why}, and up to {MOST_HELD:,} such labels are held in "
            f"memory; {'sort the files by time' if scan.timed else 'give them their time and sort by it'}"
        )
    labels = HeldLabels(open_stream(start, fields), begin[1] if held else b"")  # type: ignore[index,arg-type]
    read = time_of(fields.record)
    return SortedLabels(labels, read) if scan.timed and read is not None else labels
