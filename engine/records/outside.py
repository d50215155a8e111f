"""Bytes from outside, as lines have them: as text where they are text, and never more than so many."""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Literal, NamedTuple

RAW_BYTES = 65_536
"""Of a rejected record, in its dead letter."""

ENVELOPE_BYTES = 1_024
"""Of a message's key, and of each header, in a dead letter."""

HEADERS = 32
"""Of a message, in a dead letter."""


class Part(NamedTuple):
    """Bytes as text.

    Attributes:
        text: The bytes, or their beginning.
        encoding: `base64` when all of them together are no UTF-8.
        bytes: How many there were when they were cut, else `None`.
        sha256: That of all of them when they were cut, else "".
    """

    text: str
    encoding: Literal["utf-8", "base64"]
    bytes: int | None
    sha256: str


def part(content: bytes, most: int) -> Part:
    r"""Bytes as text, cut to `most`, with the length and the hash of the whole when they were cut.

    >>> part(b"caf\xc3\xa9", 9)
    Part(text='café', encoding='utf-8', bytes=None, sha256='')
    >>> part(b"\xff\xfe", 1)[:3]
    ('/w==', 'base64', 2)
    """
    begin = content[:most]
    cut = (len(content), sha256(content).hexdigest()) if len(content) > most else (None, "")
    try:
        content.decode()
    except UnicodeDecodeError:
        return Part(b64encode(begin).decode(), "base64", *cut)
    return Part(begin.decode(errors="ignore"), "utf-8", *cut)  # a character may be cut in two


def bytes_of(text: str, encoding: str) -> bytes:
    r"""The bytes that `part` was given, or their beginning.

    >>> bytes_of("/w==", "base64"), bytes_of("a", "utf-8")
    (b'\xff', b'a')
    """
    return b64decode(text) if encoding == "base64" else text.encode(encoding)
