"""The files of one stream, one after the other, as records; and where in them the next one stands."""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from dataflows.connectors.batch import Chunk, Content
from dataflows.connectors.files.find import InputFile, size_on_disk
from dataflows.connectors.files.format import OpenFile
from engine.errors import InputError

Before = tuple[int, int, bytes]
"""What a file is known by: where its last records before a position begin, their number and their digest."""

Position = tuple[int, str, int, Before]
"""Where the next record stands: the file's place in the list, its name, the offset in it, what is before."""

_KNOWN_BY = 16
"""Records before a position by which the file is known when a run is resumed."""

_Located = tuple[int, bytes | Content, Content]
"""A record that lies behind: its offset, its bytes, and its content, which may have names of columns."""


class Stream:
    """Reads the files in order, from a position on. Close it.

    Args:
        files: What to read.
        open_file: Opens one of them at an offset.
        begin: Where; at the beginning without.
        follow: Whether more is to come at the end of the only file.
        named: Whether the file must still have the same columns where it is resumed.

    Attributes:
        chunk: Records at hand, of one file.
        at: Index of the next one in `chunk`; the caller that takes records moves it.
        source: The name of the file that `chunk` is of.
    """

    def __init__(
        self,
        files: Sequence[InputFile],
        open_file: Callable[[InputFile, int], OpenFile],
        begin: Position | None,
        *,
        follow: bool = False,
        named: bool = False,
    ) -> None:
        """Opens the file that the position is in.

        Raises:
            InputError: The files are not those of the position any more, or cannot be read.
        """
        self._files = files
        self._follow, self._named = follow, named
        self._open_file = open_file
        self._index, self.source, offset, before = begin or (0, files[0].name, 0, (0, 0, b""))
        found = files[self._index].name if 0 <= self._index < len(files) else "no such file"
        if found != self.source:
            raise InputError(
                f"input: expected {self.source} as file {self._index + 1} of the list, where the run to be "
                f"resumed stood, got {found}; put the files back as they were, or start a new run"
            )
        self._sizes = [size_on_disk(file) for file in files]
        self.chunk = Chunk([], [], before[0] if before[1] else offset)
        self.at = 0
        self._behind: list[_Located] = []
        self._file = open_file(files[self._index], self.chunk.end)
        try:
            self._pass(before, offset)
        except InputError:
            self._file.close()
            raise

    def _pass(self, before: Before, offset: int) -> None:
        """Reads the records by which the file is known, and leaves them behind.

        Raises:
            InputError: They are not those of the snapshot.
        """
        _, count, digest = before
        while len(self._behind) < count or (not self.chunk.contents and self.chunk.end < offset):
            chunk = next(self._file.chunks, None)
            if chunk is None or (not chunk.contents and chunk.end == self.chunk.end):
                break  # where a followed file has no more at present, a chunk is empty
            at = min(count - len(self._behind), len(chunk.contents))
            self._behind += _last(chunk, at)
            self.chunk = _rest(chunk, at)
        same = not count or _digest(self._behind, named=self._named) == digest
        if not same or self.place() < offset:
            unit = "row" if self._files[self._index].format == "parquet" else "byte"
            raise InputError(
                f"input {self.source}: expected the same records before {unit} {offset} as the run to be "
                f"resumed has read, got others: the file was replaced, rotated, cut off or changed. Put the "
                f"old one back (what came since may be appended to it) and start the same command again, or "
                f"start a new run"
            )

    def refill(self) -> bool:
        """Reads on until `chunk` has a record at `at`; false at the end of the last file, or for now."""
        while self.at >= len(self.chunk.contents):
            chunk = next(self._file.chunks, None)
            if chunk is not None:
                self._behind = self._last()
                self.chunk, self.at = chunk, 0
                if self._follow and not chunk.contents:
                    return False
                continue
            self._file.close()
            if self._index + 1 >= len(self._files):
                return False
            self._index += 1
            self.source = self._files[self._index].name
            self.chunk, self.at, self._behind = Chunk([], [], 0), 0, []
            self._file = self._open_file(self._files[self._index], 0)
        return True

    def position(self) -> Position:
        """Where the next record stands."""
        offset = self.place()
        behind = self._last()
        before = (
            (behind[0][0], len(behind), _digest(behind, named=self._named)) if behind else (offset, 0, b"")
        )
        return self._index, self.source, offset, before

    def place(self) -> int:
        """Offset of the next record in its file."""
        chunk = self.chunk
        return chunk.offsets[self.at] if self.at < len(chunk.contents) else chunk.end

    def _last(self) -> list[_Located]:
        """The last records of the file that lie behind."""
        return [*self._behind, *_last(self.chunk, self.at)][-_KNOWN_BY:]

    def bytes_read(self) -> int:
        """Bytes on disk (packed where they are) that lie behind; reading runs a little ahead."""
        return sum(self._sizes[: self._index]) + self._file.disk_position()

    def check_grown(self) -> None:
        """Checks that the file that is followed is still the same, and not shorter.

        Raises:
            InputError: It is not.
        """
        self._file.check_grown()

    def close(self) -> None:
        """Closes the file being read."""
        self._file.close()


def _last(chunk: Chunk, at: int) -> list[_Located]:
    """The last records of a chunk before an index."""
    part = slice(max(0, at - _KNOWN_BY), at)
    return [
        *zip(chunk.offsets[part], (chunk.raws or chunk.contents)[part], chunk.contents[part], strict=True)
    ]


def _rest(chunk: Chunk, at: int) -> Chunk:
    """A chunk from an index on."""
    errors = {index - at: error for index, error in chunk.errors.items() if index >= at}
    return Chunk(
        chunk.contents[at:], chunk.offsets[at:], chunk.end, chunk.raws[at:], errors, chunk.parsed[at:]
    )


def _digest(records: list[_Located], *, named: bool) -> bytes:
    found = blake2b(digest_size=16)
    for offset, raw, content in records:
        columns = [*content] if named and isinstance(content, dict) else []
        found.update(repr((offset, raw, columns)).encode())
    return found.digest()
