"""The two text formats: JSON lines and CSV."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from dataflows.connectors.batch import Chunk
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.csv_rows import Header, csv_chunks, read_header
from dataflows.connectors.files.find import InputFile
from dataflows.connectors.files.format import FileFormat
from dataflows.connectors.files.lines import Lines, json_chunks, split_lines
from dataflows.connectors.files.raw_file import RawFile
from engine.errors import InputError

_LOOK = 1 << 12


class TextFile:
    """A file of lines, read from an offset (bytes, unpacked) on; see `OpenFile`.

    Attributes:
        chunks: Its records.
    """

    def __init__(
        self,
        file: InputFile,
        offset: int,
        to_chunks: Callable[[Iterator[Lines]], Iterator[Chunk]],
        follow: bool,
    ) -> None:
        self._raw = RawFile(file)
        try:
            read = _from_line_start(self._raw, offset, file.name)
        except InputError:
            self._raw.close()
            raise
        self.chunks = to_chunks(split_lines(read, offset, follow=follow))
        self.disk_position = self._raw.disk_position
        self.check_grown = self._raw.check_grown
        self.close = self._raw.close


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON object a line; see `FileFormat`."""

    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".json")

    def check(self, file: InputFile) -> None:
        """Nothing is wrong with a line until it is decoded."""

    def open(self, file: InputFile, offset: int, config: InputConfig) -> TextFile:
        """Opens a file where a line begins."""
        return TextFile(file, offset, json_chunks, config.follow)


@dataclass(frozen=True, slots=True)
class Csv:
    """A header line, then rows of cells; see `FileFormat`."""

    suffixes: tuple[str, ...] = (".csv",)

    def check(self, file: InputFile) -> None:
        """Reads the header."""
        header_of(file)

    def open(self, file: InputFile, offset: int, config: InputConfig) -> TextFile:
        """Opens a file where a row begins, the first one after the header."""
        header = header_of(file)
        columns = header.columns if header else []
        start = max(offset, header.end) if header else offset
        to_chunks = partial(csv_chunks, columns=columns, text_columns=config.text_columns)
        return TextFile(file, start, to_chunks, config.follow)


TEXT: Mapping[str, FileFormat] = {"csv": Csv(), "jsonl": JsonLines()}
"""By the name that the configuration uses."""


def header_of(file: InputFile) -> Header | None:
    """The header of a CSV file; `None` when the file is empty."""
    raw = RawFile(file)
    try:
        return read_header(split_lines(raw.read, 0), file.name)
    finally:
        raw.close()


def _from_line_start(raw: RawFile, offset: int, name: str) -> Callable[[int], bytes]:
    """A `read` from `offset` on, which is checked to be where a line begins.

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
