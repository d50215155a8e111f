"""A private file of JSON lines that grows: what is new in it, and a line more.

Whatever is in the file, reading neither fails nor takes more memory than its longest line may have.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.errors import OutputError
from engine.private_files import check_private, open_appending, open_private

_BLOCK = 1 << 16


class Line(NamedTuple):
    """One complete line that is not blank.

    Attributes:
        at: The byte at which it begins.
        content: Without its newline; `None` when it is longer than a line may be.
    """

    at: int
    content: bytes | None


class GrowingFile:
    """Hands on each line of a file once, when it is complete.

    Args:
        path: The file; it need not be there.
        longest: Bytes that a line may have.
        most: Bytes of the file that are looked at; all without.

    Attributes:
        path: The file.
        owner: The user id to whom it belongs, as of the last look.
        is_full: Whether it goes on behind what is looked at.
    """

    def __init__(self, path: Path, longest: int, most: int | None = None) -> None:
        self.path = path
        self.owner = -1
        self.is_full = False
        self._longest, self._most = longest, most
        self._file = 0, 0
        self._begin_anew()
        self._size = 0

    def _begin_anew(self) -> None:
        self._at = self._begin = self._dropped = 0
        self._rest = b""

    def has_grown(self) -> bool:
        """Whether it is not as it was when it was read last."""
        try:
            found = os.lstat(self.path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) != self._file or found.st_size != self._size

    def lines(self) -> Iterator[Line]:
        """The complete lines that were not handed on; all of them when it is another file now.

        Raises:
            OutputError: It is not a file, or somebody else could have written it.
            OSError: It cannot be read.
        """
        try:
            handle = open_private(self.path)
        except FileNotFoundError:
            return
        with os.fdopen(handle, "rb", buffering=0) as stream:
            found = os.fstat(handle)
            self.owner = found.st_uid
            if (found.st_dev, found.st_ino) != self._file or found.st_size < self._at:
                self._begin_anew()
                self._file = found.st_dev, found.st_ino
            self._size = found.st_size
            self.is_full = self._most is not None and found.st_size > self._most
            stream.seek(self._at)
            end = min(found.st_size, self._most or found.st_size)
            while self._at < end and (block := stream.read(min(_BLOCK, end - self._at))):
                self._at += len(block)
                yield from self._split(block)

    def _split(self, block: bytes) -> Iterator[Line]:
        *whole, self._rest = (self._rest + block).split(b"\n")
        for line in whole:
            size = self._dropped + len(line)
            if line.strip() or self._dropped:
                yield Line(self._begin, line if size <= self._longest else None)
            self._begin += size + 1
            self._dropped = 0
        if len(self._rest) > self._longest:
            self._dropped += len(self._rest)
            self._rest = b""


def append_row(path: Path, row: msgspec.Struct) -> None:
    """Appends a line in one write, so that lines of several processes do not mix; it is on disk after.

    Raises:
        OutputError: It cannot be written, or somebody else could have written the file.
    """
    try:
        line = (b"\n" if _is_cut(path) else b"") + msgspec.json.encode(row) + b"\n"
        handle = open_appending(path)
        try:
            check_private(path, os.fstat(handle))
            if os.write(handle, line) < len(line):
                raise OutputError(f"{path}: cannot be written to its end: the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; see to space and rights") from error


def _is_cut(path: Path) -> bool:
    """Whether the last line has no end, as a power cut leaves it."""
    try:
        handle = open_private(path)
    except FileNotFoundError:
        return False
    with os.fdopen(handle, "rb", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        if not size:
            return False
        stream.seek(size - 1)
        return stream.read(1) != b"\n"
