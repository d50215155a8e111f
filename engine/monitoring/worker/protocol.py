"""The protocol between a stream and its evaluation process: messages, and jobs whose tables are sent once.

Every message is MessagePack. The same reference comes with job after job, and is itself the window of an
earlier job. So a table is sent by the hash of its bytes, with the bytes only when the other side has not kept
them: both sides keep the same last few, by the same rule.
"""

import hashlib
import struct
from collections import OrderedDict
from typing import IO, Any, Generic, TypeVar

import numpy as np
from msgspec import Struct, msgpack
from msgspec.structs import replace

from engine.monitoring.types import EvaluationJob, Table
from engine.records.escape import escape, unescape

_LENGTH = struct.Struct(">Q")
_MOST_KEPT = 16
_EMPTY = Table({})

T = TypeVar("T")


class RecentlyUsed(Generic[T]):
    """The last few things by name, those used last."""

    def __init__(self) -> None:
        self._things: OrderedDict[str, T] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return name in self._things

    def get(self, name: str) -> T:
        """A thing that is there."""
        return self._things[name]

    def put(self, name: str, thing: T) -> None:
        """Keeps a thing as the one used last, and lets go of the one not used for longest."""
        self._things[name] = thing
        self._things.move_to_end(name)
        if len(self._things) > _MOST_KEPT:
            self._things.popitem(last=False)


class PackedTable(Struct, frozen=True):
    """A table as bytes, by their hash; without the bytes where the other side has them."""

    name: str
    content: bytes | None


class Packed(Struct, frozen=True):
    """A job with its tables as bytes."""

    job: EvaluationJob
    current: PackedTable
    reference: PackedTable | None
    outputs: PackedTable | None

    def without(self, there: RecentlyUsed[None]) -> "Packed":
        """The job without the bytes that are there, which then has the others too."""
        return replace(
            self,
            current=_only_new(self.current, there),
            reference=None if self.reference is None else _only_new(self.reference, there),
            outputs=None if self.outputs is None else _only_new(self.outputs, there),
        )

    def unpacked(self, kept: RecentlyUsed[Table]) -> EvaluationJob:
        """The job as it was, with tables that came now or before."""
        current = _whole(self.current, kept)
        reference = None if self.reference is None else _whole(self.reference, kept)
        outputs = self.job.outputs
        if outputs is not None and self.outputs is not None:
            outputs = replace(outputs, rows=_whole(self.outputs, kept))
        return replace(self.job, current=current, reference=reference, outputs=outputs)


def _only_new(table: PackedTable, there: RecentlyUsed[None]) -> PackedTable:
    known = table.name in there
    there.put(table.name, None)
    return PackedTable(table.name, None) if known else table


def _whole(table: PackedTable, kept: RecentlyUsed[Table]) -> Table:
    found = kept.get(table.name) if table.content is None else decoded_table(table.content)
    kept.put(table.name, found)
    return found


class Packer:
    """Packs jobs; a table that was packed a little while ago is not encoded again."""

    def __init__(self) -> None:
        # By identity, with the table itself, so that no other table can get its address meanwhile.
        self._packed: RecentlyUsed[tuple[Table, PackedTable]] = RecentlyUsed()

    def pack(self, job: EvaluationJob) -> Packed:
        """The job as it is now: later changes to it change nothing."""
        current = self._pack(job.current)
        reference = None if job.reference is None else self._pack(job.reference)
        outputs = None if job.outputs is None else self._pack(job.outputs.rows)
        emptied = None if job.outputs is None else replace(job.outputs, rows=_EMPTY)
        return Packed(
            replace(job, current=_EMPTY, reference=None, outputs=emptied), current, reference, outputs
        )

    def _pack(self, table: Table) -> PackedTable:
        place = str(id(table))
        if place in self._packed:
            packed = self._packed.get(place)[1]
        else:
            content = encoded_table(table)
            packed = PackedTable(hashlib.blake2b(content, digest_size=16).hexdigest(), content)
        self._packed.put(place, (table, packed))
        return packed


def encoded(value: Any) -> bytes:
    """A value as MessagePack; scalars of NumPy become Python's."""
    return _ENCODER.encode(value)


def encoded_table(table: Table) -> bytes:
    """A table as bytes; text and whole numbers that MessagePack cannot hold are escaped."""
    try:
        return b"=" + _ENCODER.encode(table)
    except (UnicodeEncodeError, OverflowError):
        return b"~" + _ENCODER.encode(_mapped(table, escape))


def decoded_table(content: bytes) -> Table:
    """The table that `encoded_table` wrote."""
    table = msgpack.decode(content[1:], type=Table)
    return table if content.startswith(b"=") else _mapped(table, unescape)


def _mapped(table: Table, change: Any) -> Table:
    return Table(
        {
            change(name): [None if cell is None else change(cell) for cell in cells]
            for name, cells in table.columns.items()
        }
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__}")


_ENCODER = msgpack.Encoder(enc_hook=_plain)


def send(stream: IO[bytes], content: bytes) -> None:
    """Writes one message: its length (8 bytes, big-endian) and its bytes.

    Raises:
        OSError: When the other end is closed.
    """
    stream.write(_LENGTH.pack(len(content)))
    rest = memoryview(content)
    while rest:
        # A pipe without a buffer takes what fits.
        rest = rest[stream.write(rest) :]
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Reads one message.

    Raises:
        EOFError: When the stream ends before the message does.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = stream.read(length - len(content))
        if not part:
            raise EOFError(f"expected {length} bytes, got {len(content)}")
        content += part
    return bytes(content)
