"""Records and labels without a time as one stream: each label right behind its example."""

from dataclasses import replace
from math import inf
from typing import Any

from dataflows.connectors.batch import Batch, Builder, Chunk, Fields, Source
from dataflows.connectors.decoding import time_of
from dataflows.connectors.files.held_labels import HeldLabels, HeldPosition
from dataflows.connectors.files.stream import Position, Stream
from engine.records.config import RecordConfig
from engine.records.decode import identifier
from engine.records.keys import fields_of


class Matched:
    """Puts each label behind the first example of its id, at the example's time: it counts as known at once.

    Labels without an example follow at the end, at the time of the last example.
    """

    def __init__(self, examples: Stream, labels: HeldLabels, record: RecordConfig, last: object) -> None:
        self._examples = examples
        self._labels = labels
        self._time_field, self._id_field = record.time, record.id or ""
        self._time_of = time_of(record)
        self._last = last
        self._of: Chunk | None = None
        self._ids: list[str | None] = []
        left = labels.left()
        self.source = labels.source(left[0]) if left else "labels"
        self._by_id = self._index(left)

    def take(self, limit: int) -> Batch | None:
        """The next records, about `limit`: an example and its labels stay together; `None` at the end."""
        builder = Builder()
        while builder.size < limit and self._examples.refill():
            self._look()
            if not self._add(builder, limit):
                break
        if builder.size < limit and not self._examples.refill():
            self._add_left(builder, limit - builder.size)
        return builder.build() if builder.size else None

    def position(self) -> Position | HeldPosition:
        """Which labels were taken."""
        return self._labels.position(self._last)

    def place(self) -> int:
        """How far the last file of labels was read."""
        return self._labels.place()

    def bytes_read(self) -> int:
        """Bytes on disk: all of them."""
        return self._labels.bytes_read()

    def close(self) -> None:
        """The files are closed already."""

    def _index(self, numbers: list[int]) -> dict[str, list[int]]:
        """The numbers of the labels of each id."""
        found: dict[str, list[int]] = {}
        for number in numbers:
            fields = fields_of(self._labels.content(number))
            name = None if fields is None else identifier(fields.get(self._id_field))
            if name is not None:
                found.setdefault(name, []).append(number)
        return found

    def _look(self) -> None:
        """Reads ids and the last event time of the examples at hand, which are parsed for them."""
        chunk = self._examples.chunk
        if chunk is self._of:
            return
        parsed = [*map(fields_of, chunk.contents)]
        self._of = self._examples.chunk = replace(chunk, parsed=parsed)
        self._ids = [None if fields is None else identifier(fields.get(self._id_field)) for fields in parsed]
        if self._time_of is not None and self._time_field is not None:
            timed = (one for one in reversed(parsed) if one is not None and self._is_timed(one))
            self._last = next((one[self._time_field] for one in timed), self._last)

    def _is_timed(self, fields: dict[str, object]) -> bool:
        return self._time_of is not None and self._time_of(fields) > -inf

    def _add(self, builder: Builder, limit: int) -> bool:
        """Adds examples up to the first that has labels, and those; false when the batch has no room."""
        stream, chunk, by_id = self._examples, self._examples.chunk, self._by_id
        stop, last = stream.at, min(len(chunk.contents), stream.at + limit - builder.size)
        numbers: list[int] = []
        while stop < last and not numbers:
            numbers = by_id.get(self._ids[stop] or "", [])
            stop += 1
        sources = [
            Source(stream.source),
            *(Source(self._labels.source(one), is_label=True) for one in numbers),
        ]
        if not builder.accepts(*sources):
            return False
        builder.add(chunk, stream.at, stop, sources[0])
        stream.at = stop
        if numbers:
            del by_id[self._ids[stop - 1] or ""]
            fields = chunk.parsed[stop - 1] or {}
            self._add_labels(builder, numbers, fields.get(self._time_field or ""))
        return True

    def _add_left(self, builder: Builder, limit: int) -> None:
        """Adds labels that no example has, in the order of the files."""
        self._add_labels(builder, self._labels.left()[:limit], self._last)

    def _add_labels(self, builder: Builder, numbers: list[int], time: object) -> None:
        for number in numbers:
            source = Source(self._labels.source(number), is_label=True)
            if not builder.accepts(source):
                return
            builder.add(self._timed(self._labels.chunk((number,)), time), 0, 1, source)
            self._labels.take((number,))

    def _timed(self, chunk: Chunk, time: object) -> Chunk:
        """A chunk of one label with its event time; its bytes stay, for a dead letter."""
        content: Any = chunk.contents[0]  # bytes, unless the chunk has raws
        fields = None if chunk.errors else fields_of(content)
        if fields is None or self._time_field is None:
            return replace(chunk, parsed=(fields,))
        timed: Fields = {**fields, self._time_field: time}
        return replace(chunk, contents=[timed], raws=chunk.raws or [content], parsed=(timed,))
