"""Batches from one stream, or from two merged by event time."""

from dataclasses import replace
from math import inf

from dataflows.connectors.batch import Batch, Builder, Chunk, Source
from dataflows.connectors.decoding import TimeOf
from dataflows.connectors.files.held_labels import SortedLabels
from dataflows.connectors.files.stream import Stream
from engine.records.keys import fields_of


def take(stream: Stream, limit: int) -> Batch | None:
    """The next records of a stream, at most `limit`; `None` at its end."""
    builder = Builder()
    while builder.size < limit and stream.refill() and builder.accepts(Source(stream.source)):
        stop = min(len(stream.chunk.contents), stream.at + limit - builder.size)
        builder.add(stream.chunk, stream.at, stop, Source(stream.source))
        stream.at = stop
    return builder.build() if builder.size else None


class Merged:
    """Two streams as one: of the two next records the earlier goes first, on a tie the example.

    Only the next record of each is looked at. Labels are in order of time (`labels`); examples come as their
    files have them.
    """

    def __init__(self, examples: Stream, labels: Stream | SortedLabels, time_of: TimeOf) -> None:
        self._examples = _Timed(examples, time_of)
        self._labels = _Timed(labels, time_of)

    def take(self, limit: int) -> Batch | None:
        """The next records, at most `limit`; `None` at the end of both streams."""
        builder = Builder()
        while builder.size < limit:
            examples, labels = self._examples.times(), self._labels.times()
            if not examples and not labels:
                break
            is_label = self._label_is_next(examples, labels)
            timed = self._labels if is_label else self._examples
            stream = timed.stream
            source = Source(stream.source, is_label)
            if not builder.accepts(source):
                break
            stop = self._end_of_run(examples, labels, is_label, limit - builder.size)
            builder.add(stream.chunk, stream.at, stop, source)
            stream.at = stop
        return builder.build() if builder.size else None

    def _label_is_next(self, examples: list[float], labels: list[float]) -> bool:
        if not examples or not labels:
            return not examples
        return labels[self._labels.stream.at] < examples[self._examples.stream.at]

    def _end_of_run(self, examples: list[float], labels: list[float], is_label: bool, room: int) -> int:
        """The index after the last record of the next stream that goes before the other stream's next."""
        own, stream = (labels, self._labels.stream) if is_label else (examples, self._examples.stream)
        last = min(len(own), stream.at + room)
        stop = stream.at + 1
        if is_label:
            other = examples[self._examples.stream.at] if examples else inf
            while stop < last and own[stop] < other:
                stop += 1
        else:
            other = labels[self._labels.stream.at] if labels else inf
            while stop < last and own[stop] <= other:
                stop += 1
        return stop


class _Timed:
    """A stream with the event times of the records at hand, which are parsed for them."""

    def __init__(self, stream: Stream | SortedLabels, time_of: TimeOf) -> None:
        self.stream = stream
        self._time_of = time_of
        self._of: Chunk | None = None
        self._times: list[float] = []

    def times(self) -> list[float]:
        """Times of the records in `stream.chunk`; empty at the end of the stream."""
        if not self.stream.refill():
            return []
        chunk = self.stream.chunk
        if chunk is not self._of:
            parsed = [*map(fields_of, chunk.contents)]
            self._of = self.stream.chunk = replace(chunk, parsed=parsed)
            self._times = [*map(self._time_of, parsed)]
        return self._times
