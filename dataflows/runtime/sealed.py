"""What Bytewax keeps of us: envelopes of bytes, so that its recovery store holds no pickle but that of bytes.

Bytewax pickles a snapshot, and unpickles it when a run is resumed. Ours is always one `bytes` object, an
envelope (`engine.seal`) for one step and one key of it. `store_check` refuses everything else before Bytewax
reads it.
"""

import os
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from msgspec import Struct

from engine.errors import SnapshotError
from engine.packing import pack, unpack
from engine.seal import closed, load_key, opened

X = TypeVar("X")
S = TypeVar("S")
T = TypeVar("T")

_KIND = "progress"


class Kept(Struct, frozen=True, forbid_unknown_fields=True):
    """Any plain value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Seals:
    """Closes and opens the snapshots of one step of a flow.

    Attributes:
        step: The step's id, as Bytewax has it.
        key: Of `RIVERKEEPER_KEY`.
    """

    step: str
    key: bytes | None

    @classmethod
    def of(cls, step: str) -> "Seals":
        """With the key of the environment.

        Raises:
            ConfigError: The key is too short.
        """
        return cls(step, load_key(os.environ))

    def closed(self, state_key: str, content: bytes) -> bytes:
        """The envelope of a snapshot."""
        return closed(content, place(self.step, state_key), self.key)

    def opened(self, envelope: object) -> tuple[str, bytes]:
        """The state key and the content of an envelope of this step.

        Raises:
            SnapshotError: It is none, or not as it was written.
        """
        if not isinstance(envelope, bytes):
            raise SnapshotError(f"{self.step}: expected sealed bytes, got {type(envelope).__name__}")
        found, content = opened(envelope, self.key)
        step, _, state_key = found.partition("\0")
        if step != self.step:
            raise SnapshotError(f"{self.step}: holds what was written for {step!r}")
        return state_key, content

    def closed_value(self, state_key: str, value: object) -> bytes:
        """The envelope of a plain value."""
        return self.closed(state_key, pack(Kept(value), _KIND))

    def opened_value(self, envelope: object, state_key: str, kind: type[T] | Any) -> T:
        """The plain value of a state key, as what it must be.

        Raises:
            SnapshotError: It is something else.
        """
        found, content = self.opened(envelope)
        if found != state_key:
            raise SnapshotError(f"{self.step}/{state_key}: holds what was written for {found!r}")
        try:
            made: T = msgspec.convert(unpack(content, _KIND, Kept).value, kind)
        except (msgspec.ValidationError, ValueError) as error:
            raise SnapshotError(
                f"{self.step}/{state_key}: not what this version writes: {error}; start a new run"
            ) from error
        return made


def place(step: str, state_key: str) -> str:
    """What the envelope of a step and a state key is for."""
    return f"{step}\0{state_key}"


class SealedSink(FixedPartitionedSink[X, bytes], Generic[X, S]):
    """A sink whose snapshots are envelopes.

    Args:
        sink: The sink.
        kind: What its snapshots are.
    """

    def __init__(self, sink: FixedPartitionedSink[X, S], kind: type[S] | Any) -> None:
        self._sink, self._kind = sink, kind

    def list_parts(self) -> list[str]:
        """Those of the sink."""
        return self._sink.list_parts()

    def part_fn(self, item_key: str) -> int:
        """The sink's."""
        return self._sink.part_fn(item_key)

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> "SealedSinkPartition[X, S]":
        """One of the sink's, from what was sealed.

        Raises:
            SnapshotError: The snapshot is not one that was sealed for this partition.
        """
        seals = Seals.of(step_id)
        saved: S | None = None
        if resume_state is not None:
            saved = seals.opened_value(resume_state, for_part, self._kind)
        part = self._sink.build_part(step_id, for_part, saved)
        return SealedSinkPartition(part, seals, for_part)


class SealedSinkPartition(StatefulSinkPartition[X, bytes], Generic[X, S]):
    """A partition of it."""

    def __init__(self, part: StatefulSinkPartition[X, S], seals: Seals, name: str) -> None:
        self._part, self._seals, self._name = part, seals, name

    def write_batch(self, items: list[X]) -> None:
        """The partition's."""
        self._part.write_batch(items)

    def snapshot(self) -> bytes:
        """The partition's, sealed."""
        return self._seals.closed_value(self._name, self._part.snapshot())

    def close(self) -> None:
        """The partition's."""
        self._part.close()
