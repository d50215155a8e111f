"""The bytes of one file, unpacked."""

import gzip
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import zstandard

from dataflows.connectors.files.find import InputFile
from dataflows.connectors.files.storage import open_bytes
from engine.errors import InputError

_FEED = 1 << 12
"""Compressed bytes given to zstd at a time: it may unpack up to 32,000 times as many (128 MiB)."""


_OVERLAP = 256
"""Bytes before the position that are read once more with what follows, in a file that is followed."""


class RawFile:
    """Reads one file from its beginning, unpacking as it goes. Close it.

    Args:
        file: Which.
        follow: Whether more is to come at its end. Then each read makes sure that what is before it is still
            there; the file must be a local one that is not packed.
    """

    def __init__(self, file: InputFile, *, follow: bool = False) -> None:
        self._file = file
        self._position = 0
        self._tail = b""
        self._end = 0
        try:
            self._disk = open_bytes(file.location, buffered=file.compression != "plain")
        except OSError as error:
            raise InputError(f"input {file.name}: cannot be opened: {error.strerror or error}") from error
        self._read: Callable[[int], bytes] = self._disk.read
        self._gzip: gzip.GzipFile | None = None
        if file.compression == "gzip":
            self._gzip = gzip.GzipFile(fileobj=self._disk, mode="rb")
            self._read = self._gzip.read
        elif file.compression == "zstd":
            self._read = _zstd_reader(self._disk)
        elif follow:
            self._read = self._read_on

    def read(self, size: int) -> bytes:
        """About `size` bytes, unpacked; none at the end of the file.

        Raises:
            InputError: The packed data is cut off or damaged, the disk fails, or a file that is followed is
                not what it was.
        """
        try:
            data = self._read(size)
        except EOFError as error:
            raise self._damaged("is cut off") from error
        except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            raise self._damaged(f"is damaged ({error})") from error
        except OSError as error:
            raise InputError(f"input {self._file.name}: cannot be read: {error.strerror or error}") from error
        self._position += len(data)
        return data

    def _read_on(self, size: int) -> bytes:
        """What follows in a file that others write to: its end and what was there before in one read."""
        tail = self._tail
        data = os.pread(self._disk.fileno(), len(tail) + size, self._position - len(tail))
        if not data.startswith(tail):
            raise self._changed(f"the bytes before {self._position}, which were read, are others now")
        if len(data) > len(tail):
            self._tail = data[-_OVERLAP:]
        return data[len(tail) :]

    def skip_to(self, offset: int) -> bytes:
        """Passes over everything before `offset` (unpacked); gives the byte before it, none at the start.

        Raises:
            InputError: The file is shorter than that.
        """
        if offset == 0:
            return b""
        if self._file.compression == "plain":
            self._position = self._disk.seek(offset - 1)
        before = b""
        while self._position < offset:
            before = self.read(min(1 << 18, offset - self._position))
            if not before:
                raise InputError(
                    f"input {self._file.name}: expected at least {offset} bytes as in the run to be resumed, "
                    "but it is shorter now; put the old file back (what came since may be appended to it), "
                    "or start a new run"
                )
        return before[-1:]

    def check_grown(self) -> None:
        """Checks that the file of this name is the one being read; `read` checks what is in it.

        Raises:
            InputError: Another has taken its place.
        """
        mine = os.fstat(self._disk.fileno())
        try:
            named = Path(self._file.location).stat()
        except FileNotFoundError:
            return  # moved away: its writer may go on
        if (named.st_dev, named.st_ino) != (mine.st_dev, mine.st_ino):
            raise self._changed(f"another file has taken its place after byte {self._position}")

    def _changed(self, how: str) -> InputError:
        return InputError(
            f"input {self._file.name}: expected a file that only grows, since it is followed, but {how}: it "
            f"was rotated, replaced or cut off. To lose nothing put the old file back with the new lines "
            f"appended to it, and start the same command again; else start a new run. Keep the file out of "
            f"log rotation"
        )

    def disk_position(self) -> int:
        """Bytes read from disk; may run ahead of what has been given out."""
        if self._disk.closed:
            return self._end
        return self._position if self._tail else self._disk.tell()

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        if self._gzip is not None:
            self._gzip.close()
        self._end = self.disk_position()
        self._disk.close()

    def _damaged(self, how: str) -> InputError:
        return InputError(
            f"input {self._file.name}: the {self._file.compression} data {how} after {self._position} "
            f"unpacked bytes, near byte {self._disk.tell()} on disk; copy the file again, or unpack what is "
            "left of it and read that in a new run"
        )


def _zstd_reader(disk: BinaryIO) -> Callable[[int], bytes]:
    """A `read` that goes on over all frames, and raises `EOFError` when the last one is cut off.

    zstandard's own reader ends quietly there, which would lose records.
    """
    maker = zstandard.ZstdDecompressor()
    frame = maker.decompressobj()
    begun = False
    packed = b""
    ready = bytearray()

    def read(size: int) -> bytes:
        nonlocal frame, begun, packed
        while len(ready) < size:
            packed = packed or disk.read(_FEED)
            if not packed:
                if begun:
                    raise EOFError
                break
            ready.extend(frame.decompress(packed))
            begun, packed = not frame.eof, frame.unused_data if frame.eof else b""
            if frame.eof:
                frame = maker.decompressobj()
        data = bytes(ready[:size])
        del ready[:size]
        return data

    return read
