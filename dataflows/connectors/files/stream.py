"""The files of one stream, one after the other, as records; and where in them the next one stands."""

from collections.abc import Callable, Iterator, Sequence

from dataflows.connectors.batch import Chunk
from dataflows.connectors.files.csv_rows import Header, csv_chunks, read_header
from dataflows.connectors.files.find import InputFile, size_on_disk
from dataflows.connectors.files.lines import json_chunks, split_lines
from dataflows.connectors.files.raw_file import RawFile
from engine.errors import InputError

_LOOK = 1 << 12

Position = tuple[int, str, int]
"""Where the next record stands: the file's place in the list, its name, the offset in unpacked bytes."""


def header_of(file: InputFile) -> Header | None:
    """The header of a CSV file; `None` when the file is empty."""
    raw = RawFile(file)
    try:
        return read_header(split_lines(raw.read, 0), file.name)
    finally:
        raw.close()


class Stream:
    """Reads the files in order, from a position on. Close it.

    Args:
        files: What to read.
        text_columns: CSV columns whose cells stay text.
        begin: Where; at the beginning without.
        follow: Whether more is to come at the end of the only file.

    Attributes:
        chunk: Records at hand, of one file.
        at: Index of the next one in `chunk`; whoever takes records moves it.
        source: The name of the file that `chunk` is of.
    """

    def __init__(
        self,
        files: Sequence[InputFile],
        text_columns: Sequence[str],
        begin: Position | None,
        *,
        follow: bool = False,
    ) -> None:
        self._files = files
        self._follow = follow
        self._text_columns = text_columns
        self._raw: RawFile | None = None
        self._index, self.source, offset = begin or (0, files[0].name, 0)
        found = files[self._index].name if 0 <= self._index < len(files) else "no such file"
        if found != self.source:
            raise InputError(
                f"input: expected {self.source} as file {self._index + 1} of the list, where the run to be "
                f"resumed stood, got {found}; put the files back as they were, or start a new run"
            )
        self._sizes = [size_on_disk(file) for file in files]
        self.chunk = Chunk([], [], offset)
        self.at = 0
        self._chunks = self._open(offset)

    def refill(self) -> bool:
        """Sees to it that `chunk` has a record at `at`; false at the end of the last file, or for now."""
        while self.at >= len(self.chunk.lines):
            chunk = next(self._chunks, None)
            if chunk is not None:
                self.chunk, self.at = chunk, 0
                if self._follow and not chunk.lines:
                    return False
                continue
            if self._raw is not None:
                self._raw.close()
            if self._index + 1 >= len(self._files):
                return False
            self._index += 1
            self.source = self._files[self._index].name
            self.chunk, self.at = Chunk([], [], 0), 0
            self._chunks = self._open(0)
        return True

    def position(self) -> Position:
        """Where the next record stands."""
        chunk = self.chunk
        return self._index, self.source, chunk.offsets[self.at] if self.at < len(chunk.lines) else chunk.end

    def bytes_read(self) -> int:
        """Bytes on disk (packed where they are) that lie behind; reading runs a little ahead."""
        here = self._raw.disk_position() if self._raw is not None else 0
        return sum(self._sizes[: self._index]) + here

    def check_grown(self) -> None:
        """Sees that the file that is followed is still the same, and not shorter.

        Raises:
            InputError: It is not.
        """
        if self._raw is not None:
            self._raw.check_grown()

    def close(self) -> None:
        """Closes the file being read."""
        if self._raw is not None:
            self._raw.close()

    def _open(self, offset: int) -> Iterator[Chunk]:
        file = self._files[self._index]
        header = header_of(file) if file.format == "csv" else None
        if header is not None:
            offset = max(offset, header.end)
        self._raw = RawFile(file)
        try:
            read = _from_line_start(self._raw, offset, file.name)
        except InputError:
            self._raw.close()
            raise
        parts = split_lines(read, offset, follow=self._follow)
        if file.format == "jsonl":
            return json_chunks(parts)
        return csv_chunks(parts, header.columns if header else [], self._text_columns)


def _from_line_start(raw: RawFile, offset: int, name: str) -> Callable[[int], bytes]:
    """A `read` from `offset` on, made sure to be where a line begins.

    Raises:
        InputError: It is not, so the file is not the one that was read before.
    """
    before = raw.skip_to(offset)
    first = raw.read(_LOOK)
    if before not in {b"", b"\n"} and first[:1] not in {b"", b"\r", b"\n"}:
        raise InputError(
            f"input {name}: expected a line to begin at byte {offset}, where the run to be resumed stood, "
            "but the file has changed; put the old one back, or start a new run"
        )
    waiting = [first]
    return lambda size: waiting.pop() if waiting else raw.read(size)
