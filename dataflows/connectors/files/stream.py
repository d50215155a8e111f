"""The files of one stream, one after the other, as records; and where in them the next one stands."""

from collections.abc import Callable, Sequence

from dataflows.connectors.batch import Chunk
from dataflows.connectors.files.find import InputFile, size_on_disk
from dataflows.connectors.files.format import OpenFile
from engine.errors import InputError

Position = tuple[int, str, int]
"""Where the next record stands: the file's place in the list, its name, and the offset in it."""


class Stream:
    """Reads the files in order, from a position on. Close it.

    Args:
        files: What to read.
        open_file: Opens one of them at an offset.
        begin: Where; at the beginning without.
        follow: Whether more is to come at the end of the only file.

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
    ) -> None:
        self._files = files
        self._follow = follow
        self._open_file = open_file
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
        self._file = open_file(files[self._index], offset)

    def refill(self) -> bool:
        """Reads on until `chunk` has a record at `at`; false at the end of the last file, or for now."""
        while self.at >= len(self.chunk.contents):
            chunk = next(self._file.chunks, None)
            if chunk is not None:
                self.chunk, self.at = chunk, 0
                if self._follow and not chunk.contents:
                    return False
                continue
            self._file.close()
            if self._index + 1 >= len(self._files):
                return False
            self._index += 1
            self.source = self._files[self._index].name
            self.chunk, self.at = Chunk([], [], 0), 0
            self._file = self._open_file(self._files[self._index], 0)
        return True

    def position(self) -> Position:
        """Where the next record stands."""
        chunk = self.chunk
        return (
            self._index,
            self.source,
            chunk.offsets[self.at] if self.at < len(chunk.contents) else chunk.end,
        )

    def place(self) -> int:
        """Offset of the next record in its file."""
        return self.position()[2]

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
