"""Any input as a Bytewax source: the only place where the two meet."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from dataflows.connectors.base import Reader, RecordSource
from dataflows.connectors.batch import Batch
from dataflows.lifecycle import shutdown
from dataflows.lifecycle.progress import Progress
from dataflows.runtime.sealed import Seals


class BatchSource(FixedPartitionedSource[Batch, bytes]):
    """An input with one partition, so that one worker reads all of it.

    Args:
        source: The input.
        progress: Called with how far reading has come, after every batch.
    """

    def __init__(self, source: RecordSource[Any], progress: Progress | None = None) -> None:
        self._source = source
        self._progress = progress

    def list_parts(self) -> list[str]:
        """One partition, by the name of the kind of input."""
        return [self._source.name]

    def build_part(self, step_id: str, for_part: str, resume_state: bytes | None) -> "BatchPartition":
        """Opens the input, where a snapshot stood or at its beginning.

        Raises:
            InputError: The input is not there, or no longer the one of the snapshot.
            SnapshotError: The snapshot is not one that was sealed for this input.
        """
        seals = Seals.of(step_id)
        snapshot = None
        if resume_state is not None:
            snapshot = self._source.snapshot_of(seals.opened_value(resume_state, for_part, Any))
        return BatchPartition(self._source.open(snapshot), self._progress, seals, for_part)


class BatchPartition(StatefulSourcePartition[Batch, bytes]):
    """The one reader of an input."""

    def __init__(self, reader: Reader[Any], progress: Progress | None, seals: Seals, name: str) -> None:
        self._reader = reader
        self._progress = progress
        self._seals, self._name = seals, name

    def next_batch(self) -> Sequence[Batch]:
        """What comes next; nothing when nothing has come yet.

        Raises:
            StopIteration: The input has ended, or the process is to stop.
            InputError: The input cannot be read on.
        """
        taken = None if shutdown.wanted() else self._reader.take()
        if taken is None:
            raise StopIteration
        if self._progress is not None:
            self._progress(self._reader.reading())
        return taken

    def next_awake(self) -> datetime | None:
        """When to ask again, as the reader wants it."""
        pause = self._reader.pause()
        return None if pause is None else datetime.now(UTC) + pause

    def snapshot(self) -> bytes:
        """Where the next record stands, sealed."""
        return self._seals.closed_value(self._name, self._reader.snapshot())

    def close(self) -> None:
        """Closes the reader."""
        self._reader.close()
