"""Files in other encodings than UTF-8, read as if they had been written in it.

Lines are split at bytes, which only UTF-8 and its like allow. So offsets in such a file count the bytes
that it would have in UTF-8, and reading it from an offset on begins at its beginning, as in packed files.
"""

import codecs
from typing import Protocol

from dataflows.connectors.files.find import InputFile
from dataflows.connectors.files.raw_file import RawFile
from engine.errors import InputError

UTF_8 = "utf-8"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLOCK = 1 << 18
_MARK = "riverkeeper.unreadable"


def _unreadable(error: UnicodeError) -> tuple[str, int]:
    """Stands for bytes that are no character; encoded it is no UTF-8, so the row that has it is an error."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_MARK, _unreadable)


class ByteStream(Protocol):
    """What lines are read from."""

    def read(self, size: int) -> bytes:
        """About `size` bytes; none at the end."""
        ...

    def skip_to(self, offset: int) -> bytes:
        """Passes over everything before `offset`; gives the byte before it, none at the start."""
        ...


def as_utf8(raw: RawFile, encoding: str) -> ByteStream:
    """The text of a file in UTF-8."""
    return raw if encoding == UTF_8 else _Recoded(raw, encoding)


def encoding_of(file: InputFile, encoding: str) -> str:
    """The encoding of a file: UTF-16 when it begins with that mark, else the given one."""
    raw = RawFile(file)
    try:
        head = raw.read(2)
    finally:
        raw.close()
    return "utf-16" if head in UTF_16_MARKS else encoding


class _Recoded:
    """Decodes a file as it goes, and encodes it anew."""

    def __init__(self, raw: RawFile, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)(_MARK)
        self._ahead = b""
        self._ended = False

    def read(self, size: int) -> bytes:
        data, self._ahead = self._ahead, b""
        while not data and not self._ended:
            packed = self._raw.read(size)
            self._ended = not packed
            text = self._decoder.decode(packed, final=self._ended)
            data = text.encode("utf-8", "surrogateescape")
        return data

    def skip_to(self, offset: int) -> bytes:
        before = b""
        while offset > 0:
            data = self.read(_BLOCK)
            if not data:
                raise InputError(
                    "input: expected a file as long as in the run to be resumed, but it is shorter now; put "
                    "the old file back, or start a new run"
                )
            before, self._ahead = data[:offset], data[offset:]
            offset -= len(before)
        return before[-1:]
