"""What an input is to the rest of the program: a `RecordSource`, which opens a `Reader`.

    configuration -> registry -> RecordSource -> Reader -> batches of raw records
                                                 |    ^
                                                 +----+ snapshot: where the next record stands

A source knows nothing of the stream processor; `dataflows.runtime.source` is the one place that joins them.
Nor does it look into records for their key and time: a batch carries JSON as bytes, or fields, and
`dataflows.connectors.decoding` reads both.

There is one reader for an input, however many workers there are: only a single reader makes the order of
records, and with it every prediction, the same each time.
"""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

from dataflows.connectors.batch import Batch
from dataflows.lifecycle.progress import Progress, Reading

S = TypeVar("S")
"""Where reading stands: plain values, since a snapshot outlives the code."""

S_co = TypeVar("S_co", covariant=True)


class Reader(Protocol[S_co]):
    """Reads an input, from where it was opened on. Close it."""

    def take(self) -> Sequence[Batch] | None:
        """The next records; an empty sequence when none has come yet, `None` at the end of the input.

        It does not block for longer than a moment. The same records come in the same order whenever the
        input is read, from its beginning or from a snapshot; how they are cut into batches may differ.

        Raises:
            InputError: The input cannot be read on. The reader has released what must not stay open.
        """
        ...

    def pause(self) -> timedelta | None:
        """How long to wait before the next `take`; `None` not to wait."""
        ...

    def reading(self) -> Reading:
        """How far reading has come; asked for after every batch."""
        ...

    def snapshot(self) -> S_co:
        """Where the next record stands: a copy, which later reading does not change."""
        ...

    def close(self) -> None:
        """Releases files and connections; a second time does nothing."""
        ...


class RecordSource(Protocol[S]):
    """An input that was found to be there."""

    @property
    def name(self) -> str:
        """Of this kind of input, in recovery stores: it must never change."""
        ...

    def snapshot_of(self, value: object) -> S:
        """A snapshot out of the value that was stored: without its types, as MessagePack gives it back.

        Raises:
            SnapshotError: It is no snapshot of such an input.
        """
        ...

    def open(self, snapshot: S | None, *, to_end: bool = False) -> Reader[S]:
        """Begins to read where a snapshot stood, or at the beginning.

        Args:
            snapshot: Of an earlier reader; `None` to begin anew.
            to_end: Whether to stop where the input ends at present, also when it is one that goes on.

        Raises:
            InputError: The input is not there, or no longer the one of the snapshot.
        """
        ...


def batches(source: RecordSource[S], progress: Progress | None = None) -> Generator[Batch, None, None]:
    """All batches up to the present end of an input.

    Args:
        source: The input.
        progress: Called with how far reading has come, after every batch.

    Raises:
        InputError: The input is not there or cannot be read on.
    """
    reader = source.open(None, to_end=True)
    try:
        while (taken := reader.take()) is not None:
            if progress is not None:
                progress(reader.reading())
            yield from taken
    finally:
        reader.close()
