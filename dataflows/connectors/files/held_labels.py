"""Labels in memory, for files whose labels are not in order of time, or have no time.

What a snapshot keeps is which of them were taken, one bit each: a run that is resumed reads the files
again and goes on with the others, and labels that were appended meanwhile join them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import islice, takewhile
from math import inf

from dataflows.connectors.batch import Chunk, Content
from dataflows.connectors.decoding import TimeOf
from dataflows.connectors.files.stream import Position, Stream
from engine.records.keys import fields_of

HeldPosition = tuple[Position, bytes, object]
"""Where the first label stands, which were taken (one bit each), and the event time of the last example."""

_ROWS = 1000
"""Labels in a chunk."""


class HeldLabels:
    """All labels of a stream from where it stands, by their number.

    Args:
        stream: It is read to its end and closed.
        taken: Those that were taken before, one bit each.
    """

    def __init__(self, stream: Stream, taken: bytes = b"") -> None:
        self._start = stream.position()
        self._chunks: list[Chunk] = []
        self._sources: list[str] = []
        self._firsts: list[int] = []
        self._count = 0
        while stream.refill():
            self._chunks.append(stream.chunk)
            self._sources.append(stream.source)
            self._firsts.append(self._count)
            stream.at = len(stream.chunk.contents)
            self._count += stream.at
        self._end, self._bytes = stream.position(), stream.bytes_read()
        stream.close()
        self._taken = bytearray(taken.ljust(self._count // 8 + 1, b"\0"))
        self._left = self._count - sum(byte.bit_count() for byte in self._taken)

    def left(self) -> list[int]:
        """Numbers of the labels that were not taken, in the order of the files."""
        return [number for number in range(self._count) if not self._taken[number >> 3] >> (number & 7) & 1]

    def source(self, number: int) -> str:
        """The name of the file that a label is of."""
        return self._sources[self._chunk(number)]

    def content(self, number: int) -> Content:
        """A label before it is decoded."""
        place = self._chunk(number)
        return self._chunks[place].contents[number - self._firsts[place]]

    def chunk(self, numbers: Sequence[int]) -> Chunk:
        """These labels as a chunk; they must be of one file."""
        placed = [(self._chunk(number), number) for number in numbers]
        rows = [(self._chunks[place], number - self._firsts[place]) for place, number in placed]
        return Chunk(
            [chunk.contents[row] for chunk, row in rows],
            [chunk.offsets[row] for chunk, row in rows],
            self._end[2],
            [chunk.raws[row] for chunk, row in rows if chunk.raws],
            {at: chunk.errors[row] for at, (chunk, row) in enumerate(rows) if row in chunk.errors},
        )

    def times(self, time_of: TimeOf) -> list[float]:
        """Event times of all labels, seconds since 1970; one without a readable time has that before it."""
        times: list[float] = []
        last = -inf
        for chunk in self._chunks:
            for content in chunk.contents:
                time = time_of(fields_of(content))
                last = last if time == -inf else time
                times.append(last)
        return times

    def take(self, numbers: Iterable[int]) -> None:
        """Marks labels as taken; a second time does nothing."""
        for number in numbers:
            bit = 1 << (number & 7)
            self._left -= not self._taken[number >> 3] & bit
            self._taken[number >> 3] |= bit

    def position(self, last: object = None) -> Position | HeldPosition:
        """What a run needs that goes on; where the files end, when all labels were taken.

        Args:
            last: The event time of the last example, as records write it, for labels that have none.
        """
        return (self._start, bytes(self._taken), last) if self._left else self._end

    def place(self) -> int:
        """How far the last file was read."""
        return self._end[2]

    def bytes_read(self) -> int:
        """Bytes on disk: all of them."""
        return self._bytes

    def _chunk(self, number: int) -> int:
        return bisect_right(self._firsts, number) - 1


class SortedLabels:
    """Labels in the order of their event time; read like a `Stream`.

    Attributes:
        chunk: Labels at hand, of one file.
        at: Index of the next one in `chunk`.
        source: The name of the file that `chunk` is of.
    """

    def __init__(self, held: HeldLabels, time_of: TimeOf) -> None:
        self._held = held
        self._order = sorted(held.left(), key=held.times(time_of).__getitem__)
        self._begun = 0
        self._numbers: list[int] = []
        self.chunk = Chunk([], [], 0)
        self.at = 0
        self.source = ""

    def refill(self) -> bool:
        """Makes `chunk` have a label at `at`; false when there are no more."""
        if self.at < len(self.chunk.contents):
            return True
        self._mark()
        held, first = self._held, next(islice(self._order, self._begun, None), None)
        if first is None:
            return False
        self.source = held.source(first)
        ahead = self._order[self._begun : self._begun + _ROWS]
        self._numbers = [*takewhile(lambda number: held.source(number) == self.source, ahead)]
        self._begun += len(self._numbers)
        self.chunk, self.at = held.chunk(self._numbers), 0
        return True

    def position(self) -> Position | HeldPosition:
        """Which labels were taken."""
        self._mark()
        return self._held.position()

    def place(self) -> int:
        """How far the last file was read."""
        return self._held.place()

    def bytes_read(self) -> int:
        """Bytes on disk: all of them."""
        return self._held.bytes_read()

    def close(self) -> None:
        """The files are closed already."""

    def _mark(self) -> None:
        self._held.take(self._numbers[: self.at])
