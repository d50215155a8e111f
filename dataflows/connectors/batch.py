"""The unit that travels downstream: many records, not decoded yet, with where each came from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, NamedTuple, cast

Fields = dict[str, Any]
"""Names and values of a record, as JSON has them."""

Content = bytes | Fields
"""A record before it is decoded: the bytes of a JSON object, or its fields when they are known already.

Lines of JSON are bytes, which are the cheapest to hold and to send. Rows of a table (CSV, Avro, Parquet) are
fields from the beginning.
"""

MessageName = tuple[bytes | None, list[tuple[str, bytes | None]]]
"""What a message of Kafka has besides its value: its key, and its headers in order."""


class RawRecord(NamedTuple):
    """One record of a batch.

    Attributes:
        content: The record, as fields where they are known; when there is an `error`, the bytes as they came.
        source: The file's name as the configuration writes it; of Kafka, topic and partition.
        offset: Where the record begins, in bytes of the decompressed file; the row's number in Parquet; the
            message's offset in Kafka.
        is_label: Whether it comes from the stream of labels.
        raw: The bytes as they stood in the file, without the line's end. For CSV this is the row; for
            Parquet, which has no bytes of a row, the row as JSON.
        error: Why this cannot be a record; `None` when only a decoder can tell.
    """

    content: Content
    source: str
    offset: int
    is_label: bool
    raw: bytes
    error: str | None


class Source(NamedTuple):
    """Where records of a batch come from: a file, or a partition of a topic."""

    name: str
    is_label: bool = False


MOST_SOURCES = 256
"""In one batch, since one byte a record says which."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in the order they are to be processed; columns instead of objects, since it is cheap.

    Nobody may change the lists or what is in them.

    Attributes:
        contents: One a record; the bytes as they came where `errors` has an entry.
        offsets: One a record: where it stands in its source.
        sources: Where records come from.
        origins: One byte a record: which of `sources`. Empty: all come from the first.
        raws: One a record: the bytes as they came. Empty: they are `contents`.
        errors: Index to the reason why this cannot be a record, where reading already shows it.
        parsed: One a record: its fields, when someone needed one of them; `None` where it has none. Empty:
            nobody did. They stay behind when a batch goes to another process, where bytes are parsed anew:
            that costs less than to send them.
        messages: One a record: key and headers of its message, for dead letters. Empty: there are none.
    """

    contents: Sequence[Content]
    offsets: list[int]
    sources: tuple[Source, ...] = (Source(""),)
    origins: bytes = b""
    raws: list[bytes] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    parsed: Sequence[Fields | None] = field(default=(), compare=False)
    messages: Sequence[MessageName | None] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        columns = self.contents, self.offsets, self.sources, self.origins, self.raws, self.errors
        return Batch, (*columns, (), self.messages)

    def __len__(self) -> int:
        return len(self.contents)

    def records(self) -> Iterator[RawRecord]:
        """Each record with all that is known of it: about 0.3 µs a record."""
        names, labels = zip(*self.sources, strict=True)
        origins = self.origins or bytes(len(self.contents))
        contents = self.contents
        if self.parsed:
            contents = [fields or content for fields, content in zip(self.parsed, contents, strict=True)]
        return map(
            RawRecord._make,
            zip(
                contents,
                map(names.__getitem__, origins),
                self.offsets,
                map(labels.__getitem__, origins),
                self.raws or self.contents,
                map(self.errors.get, range(len(self.contents))) if self.errors else repeat(None),
                strict=False,  # the last column may be endless
            ),
        )

    def record(self, index: int) -> RawRecord:
        """One of the records, as `records` gives it."""
        origin = self.origins[index] if self.origins else 0
        content, source = self.contents[index], self.sources[origin]
        fields = self.parsed[index] if self.parsed else None
        raw = self.raws[index] if self.raws else content
        place = self.offsets[index]
        return RawRecord(
            fields or content, source.name, place, source.is_label, cast("bytes", raw), self.errors.get(index)
        )

    def plain(self, longest: int) -> Sequence[Content | None]:
        """The records as an engine takes them; `None` where one is unreadable, or has too many bytes."""
        wrong = {*self.errors}
        if self.raws and max(map(len, self.raws)) > longest:
            wrong |= {index for index, raw in enumerate(self.raws) if len(raw) > longest}
        if not wrong:
            return self.contents
        return [None if index in wrong else content for index, content in enumerate(self.contents)]

    def lines(self) -> list[bytes] | None:
        """The records as lines of JSON; `None` when they are none, or one is known to be unreadable."""
        contents = self.contents
        if self.raws or self.errors or type(contents) is not list or not contents:
            return None
        if not isinstance(contents[0], bytes):
            return None
        return contents

    def select(self, chosen: Sequence[int]) -> "Batch":
        """Some of the records, in this order: about 0.3 µs a record."""
        return Batch(
            [*map(self.contents.__getitem__, chosen)],
            [*map(self.offsets.__getitem__, chosen)],
            self.sources,
            bytes(map(self.origins.__getitem__, chosen)) if self.origins else b"",
            [*map(self.raws.__getitem__, chosen)] if self.raws else [],
            {at: self.errors[i] for at, i in enumerate(chosen) if i in self.errors} if self.errors else {},
            [*map(self.parsed.__getitem__, chosen)] if self.parsed else (),
            [*map(self.messages.__getitem__, chosen)] if self.messages else (),
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one file, as many as one read gave; columns as in `Batch`.

    Attributes:
        contents: One a record.
        offsets: One a record.
        end: The offset of what follows.
        raws: One a record, or empty.
        errors: By index.
        parsed: One a record, or empty.
    """

    contents: Sequence[Content]
    offsets: list[int]
    end: int
    raws: list[bytes] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    parsed: Sequence[Fields | None] = ()


class Builder:
    """Puts a batch together from pieces of chunks."""

    def __init__(self) -> None:
        self.size = 0
        self._contents: list[Content] = []
        self._offsets: list[int] = []
        self._sources: dict[Source, int] = {}
        self._origins = bytearray()
        self._raws: list[bytes] = []
        self._errors: dict[int, str] = {}
        self._parsed: list[Fields | None] = []

    def accepts(self, *sources: Source) -> bool:
        """Whether records from there may join; an empty batch takes records from anywhere."""
        new = sum(source not in self._sources for source in {*sources})
        return len(self._sources) + new <= MOST_SOURCES

    def add(self, chunk: Chunk, start: int, stop: int, source: Source) -> None:
        """Takes the chunk's records from `start` up to, not including, `stop`."""
        contents = chunk.contents[start:stop]
        if chunk.errors:
            shift = self.size - start
            found = (index for index in range(start, stop) if index in chunk.errors)
            self._errors.update((index + shift, chunk.errors[index]) for index in found)
        if chunk.raws or self._raws:
            # One source may be CSV and the other not: from the first row on every record has its bytes.
            self._raws = self._raws or cast("list[bytes]", self._contents.copy())
            self._raws += chunk.raws[start:stop] or cast("list[bytes]", contents)
        self._contents += contents
        self._parsed += chunk.parsed[start:stop]
        self._offsets += chunk.offsets[start:stop]
        self._origins += bytes((self._sources.setdefault(source, len(self._sources)),)) * len(contents)
        self.size += len(contents)

    def build(self) -> Batch:
        """The batch; the builder is not to be used afterwards."""
        return Batch(
            contents=self._contents,
            offsets=self._offsets,
            sources=tuple(self._sources) or (Source(""),),
            origins=bytes(self._origins) if len(self._sources) > 1 else b"",
            raws=self._raws,
            errors=self._errors,
            parsed=self._parsed if len(self._parsed) == self.size else (),
        )
