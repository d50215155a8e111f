"""What a file format is to the source of files: JSON lines and CSV here, Parquet in a package of its own."""

from collections.abc import Iterator
from typing import Protocol

from dataflows.connectors.batch import Chunk
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.find import InputFile


class OpenFile(Protocol):
    """One file while it is read. Close it."""

    @property
    def chunks(self) -> Iterator[Chunk]:
        """Its records, a few hundred to some thousands at a time.

        In a file that is followed, a chunk without records says that there are no more at present.
        """
        ...

    def disk_position(self) -> int:
        """Bytes of the stored file that lie behind; may run ahead of what has been given out."""
        ...

    def check_grown(self) -> None:
        """Checks that a file that is followed is still the same, and not shorter.

        Raises:
            InputError: It is not.
        """
        ...

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        ...


class FileFormat(Protocol):
    """How records are written in a file."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How names of such files end: with the dot, in lower case."""
        ...

    def check(self, file: InputFile, config: InputConfig) -> None:
        """Looks at the beginning of a file, so that what is wrong with it shows before a run begins.

        Raises:
            InputError: It cannot be read.
            ConfigError: A library that the format needs is not installed.
        """
        ...

    def open(self, file: InputFile, offset: int, config: InputConfig) -> OpenFile:
        """Opens a file at a record, or at the beginning (0).

        Args:
            file: Which.
            offset: Of a chunk's record, or a chunk's end.
            config: How files are read; `follow` says whether to wait for more at the end.

        Raises:
            InputError: The file is not the one any more in which a record had that offset.
        """
        ...
