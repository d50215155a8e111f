"""The text formats: JSON lines, and CSV with commas or tabs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dataflows.connectors.batch import Chunk
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.csv_config import CsvConfig
from dataflows.connectors.files.csv_rows import Header, csv_chunks, read_header
from dataflows.connectors.files.encoding import UTF_8, ByteStream, as_utf8, encoding_of
from dataflows.connectors.files.find import InputFile
from dataflows.connectors.files.format import FileFormat
from dataflows.connectors.files.lines import Lines, json_chunks, split_lines
from dataflows.connectors.files.raw_file import RawFile
from engine.errors import InputError

_LOOK = 1 << 12


class TextFile:
    """A file of lines, read from an offset (bytes, unpacked, in UTF-8) on; see `OpenFile`.

    Attributes:
        chunks: Its records.
    """

    def __init__(
        self,
        file: InputFile,
        offset: int,
        to_chunks: Callable[[Iterator[Lines]], Iterator[Chunk]],
        *,
        encoding: str = UTF_8,
        follow: bool = False,
    ) -> None:
        self._raw = RawFile(file, follow=follow)
        try:
            read = _from_line_start(as_utf8(self._raw, encoding), offset, file.name)
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

    def check(self, file: InputFile, config: InputConfig) -> None:
        """Nothing is wrong with a line until it is decoded."""

    def open(self, file: InputFile, offset: int, config: InputConfig) -> TextFile:
        """Opens a file where a line begins."""
        return TextFile(file, offset, json_chunks, follow=config.follow)


@dataclass(frozen=True, slots=True)
class Csv:
    """A header line, then rows of cells; see `FileFormat`.

    Attributes:
        suffixes: How names of such files end.
        delimiter: Between two cells, unless the configuration names another.
        names: Columns that hold names (ids, keys): every text that is not empty is one.
    """

    suffixes: tuple[str, ...] = (".csv",)
    delimiter: str = ","
    names: tuple[str, ...] = ()

    def check(self, file: InputFile, config: InputConfig) -> None:
        """Reads the header."""
        self.header(file, config.csv)

    def open(self, file: InputFile, offset: int, config: InputConfig) -> TextFile:
        """Opens a file where a row begins, the first one after the header."""
        header = self.header(file, config.csv)
        to_chunks = partial(
            csv_chunks,
            columns=header.columns if header else [],
            config=config.csv,
            delimiter=config.csv.delimiter or self.delimiter,
            names=self.names,
        )
        start = max(offset, header.end) if header else offset
        return TextFile(
            file, start, to_chunks, encoding=encoding_of(file, config.csv.encoding), follow=config.follow
        )

    def header(self, file: InputFile, config: CsvConfig) -> Header | None:
        """The header of a file; `None` when it is empty."""
        encoding = encoding_of(file, config.encoding)
        raw = RawFile(file)
        try:
            lines = split_lines(as_utf8(raw, encoding).read, 0)
            return read_header(lines, file.name, config, config.delimiter or self.delimiter)
        finally:
            raw.close()


def text_formats(names: Sequence[str] = ()) -> dict[str, FileFormat]:
    """Formats of text, by the name that the configuration uses; `names`: fields that hold ids and keys."""
    return {
        "csv": Csv(names=tuple(names)),
        "tsv": Csv((".tsv",), "\t", tuple(names)),
        "jsonl": JsonLines(),
    }


TEXT: Mapping[str, FileFormat] = text_formats()
"""By the name that the configuration uses."""


def _from_line_start(raw: ByteStream, offset: int, name: str) -> Callable[[int], bytes]:
    """A `read` from `offset` on, which is checked to be where a line begins.

    Raises:
        InputError: It is not, so the file is not the one that was read before.
    """
    before = raw.skip_to(offset)
    first = raw.read(_LOOK)
    if before not in {b"", b"\n"} and first[:1] not in {b"", b"\r", b"\n"}:
        raise InputError(
            f"input {name}: expected a line to begin at byte {offset}, where the run to be resumed stood, "
            "but the file was replaced, rotated or changed; put the old one back (what came since may be "
            "appended to it), or start a new run"
        )
    waiting = [first]
    return lambda size: waiting.pop() if waiting else raw.read(size)
