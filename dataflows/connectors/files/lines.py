"""Bytes into lines: whole blocks at a time, since a loop over lines would cost more than all the rest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, count
from operator import add

from dataflows.connectors.batch import Chunk

BOM = b"\xef\xbb\xbf"
_BLOCK = 1 << 18
_LONGEST = 1 << 24
_SHOWN = 1 << 16


@dataclass(frozen=True, slots=True)
class Lines:
    r"""Consecutive lines of a file, split at `\n` and without it; `\r` and blank lines are still there.

    Attributes:
        lines: One or more, unless a file is followed; at its beginning without a byte order mark.
        offsets: Where each begins, in bytes of the decompressed file.
        end: Where the next line begins.
        returns: Whether there may be a `\r` in them.
        error: Set when the only line here is the beginning of one that is too long to keep.
    """

    lines: list[bytes]
    offsets: list[int]
    end: int
    returns: bool = False
    error: str = ""


def split_lines(
    read: Callable[[int], bytes],
    start: int,
    *,
    block: int = _BLOCK,
    longest: int = _LONGEST,
    follow: bool = False,
) -> Iterator[Lines]:
    """Lines from `start` (bytes) on, where `read` stands at the beginning of a line.

    Memory is bounded: of a line longer than `longest` bytes only the beginning is kept. `block`, the
    bytes read at a time, must not exceed `longest`; it has no influence on what the lines are.

    With `follow` it never ends: where there is no more at present it gives no lines, and what is there of
    a line is kept until its end is there too.
    """
    held: list[bytes] = []  # the line that has not ended yet
    size = 0  # its length so far; more than what is held once it is too long
    while (data := read(block)) or follow:
        if not data:
            yield Lines([], [], start)
            continue
        if size + len(data) > longest:
            first = data.find(b"\n")
            if first < 0:
                if size <= longest:
                    held.append(data)
                size += len(data)
                continue
            if size + first > longest:
                yield _too_long([*held, data[:first]], start, size + first, longest)
                start += size + first + 1
                held, size, data = [], 0, data[first + 1 :]
        last = data.rfind(b"\n")
        if last >= 0:
            part = _located(b"".join([*held, data[:last]]), start, 1)
            yield part
            start = part.end
            held, size, data = [], 0, data[last + 1 :]
        held.append(data)
        size += len(data)
    if size > longest:
        part = _too_long(held, start, size, longest)
        yield replace(part, end=part.end - 1)
    elif size:
        yield _located(b"".join(held), start, 0)


def json_chunks(parts: Iterator[Lines]) -> Iterator[Chunk]:
    r"""Records of JSON lines: a `\r` at a line's end is dropped, and so are blank lines."""
    for part in parts:
        lines, offsets = part.lines, part.offsets
        if part.returns:
            lines = [line.removesuffix(b"\r") for line in lines]
        if not all(map(bytes.strip, lines)):
            kept = [index for index, line in enumerate(lines) if line.strip()]
            lines = [lines[index] for index in kept]
            offsets = [offsets[index] for index in kept]
        yield Chunk(lines, offsets, part.end, errors={0: part.error} if part.error else {})


def _located(text: bytes, start: int, newline: int) -> Lines:
    """`newline`: bytes of line end after the last line, 0 at the end of a file without one."""
    lines = text.split(b"\n")
    # Each line begins after the lengths of those before it and their newlines.
    offsets = list(map(add, accumulate(map(len, lines), initial=start), count()))
    end = offsets.pop() - 1 + newline
    if start == 0:
        lines[0] = lines[0].removeprefix(BOM)
    return Lines(lines, offsets, end, b"\r" in text)


def _too_long(held: list[bytes], start: int, size: int, longest: int) -> Lines:
    reason = f"expected a line of at most {longest} bytes, got {size}; only its beginning is kept"
    return Lines([b"".join(held)[: min(_SHOWN, longest)]], [start], start + size + 1, False, reason)
