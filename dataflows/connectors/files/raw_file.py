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


class RawFile:
    """Reads one file from its beginning, unpacking as it goes. Close it."""

    def __init__(self, file: InputFile) -> None:
        self._file = file
        self._position = 0
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

    def read(self, size: int) -> bytes:
        """About `size` bytes, unpacked; none at the end of the file.

        Raises:
            InputError: The packed data is cut off or damaged, or the disk fails.
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
                    "but it is shorter now; put the old file back, or start a new run"
                )
        return before[-1:]

    def check_grown(self) -> None:
        """Checks that the file of this name is the one being read, and has what was read of it.

        Raises:
            InputError: It has become shorter, or another has taken its place.
        """
        mine = os.fstat(self._disk.fileno())
        try:
            named = Path(self._file.location).stat()
        except FileNotFoundError:
            return  # moved away: its writer may go on
        if named.st_ino != mine.st_ino:
            raise self._changed("another file has taken its place")
        if mine.st_size < self._position:
            raise self._changed(f"it has {mine.st_size} bytes, and {self._position} were read")

    def _changed(self, how: str) -> InputError:
        return InputError(
            f"input {self._file.name}: expected a file that only grows, since it is followed, but {how}; "
            "start a new run, and let its writer append only"
        )

    def disk_position(self) -> int:
        """Bytes read from disk; may run ahead of what has been given out."""
        return self._end if self._disk.closed else self._disk.tell()

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
