"""CSV into records: each row becomes fields, or an error with the bytes as they came.

Where a row ends follows from quotes alone: in a well-formed row their number is even. A line with an odd
number is therefore joined with those up to the next such line. If that makes no row, only the first line
is an error and reading goes on with the second: a stray quote costs the line that it stands in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import getitem

from dataflows.connectors.batch import Chunk, Content
from dataflows.connectors.files.csv_cells import CellValues, TextCells, Value, cell_reader, split_row
from dataflows.connectors.files.csv_config import CsvConfig
from dataflows.connectors.files.lines import Lines
from engine.errors import InputError

_LONGEST_ROW = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a CSV file.

    Attributes:
        columns: Their names, in order. One without a name is `column_N`, by its place from 1.
        end: Where the first row of data begins, in bytes of the decompressed file.
    """

    columns: list[str]
    end: int


def read_header(parts: Iterator[Lines], name: str, config: CsvConfig, delimiter: str) -> Header | None:
    """The header of the file `name`, or `None` when there is nothing in the file.

    Raises:
        InputError: The first row cannot name columns.
    """
    ahead = _Ahead(parts, delimiter, config.encoding)
    at = 0
    while at < len(ahead.lines) or ahead.more():
        if ahead.lines[at].strip():
            break
        at += 1
    else:
        return None
    row = _read_row(ahead, at)
    if row.error:
        raise InputError(f"input {name}: the header line cannot be read: {row.error}")
    end = ahead.offsets[at + row.used] if at + row.used < len(ahead.lines) else ahead.end
    columns = [cell.strip() or f"column_{place}" for place, cell in enumerate(row.cells, 1)]
    if len(columns) == 1 and any(mark in columns[0] for mark in ",;\t|"):
        raise InputError(
            f"input {name}: expected cells separated by {delimiter!r}, got {columns[0]!r}; name the mark "
            "between them in input.csv.delimiter"
        )
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            raise InputError(
                f"input {name}: expected a header with a name for each column, got {column!r} twice"
            )
        seen.add(column)
    return Header(columns, end)


def csv_chunks(
    parts: Iterator[Lines],
    columns: Sequence[str],
    config: CsvConfig,
    delimiter: str,
    names: Sequence[str] = (),
) -> Iterator[Chunk]:
    """Records of the rows after the header.

    Args:
        parts: The lines of the file, in UTF-8.
        columns: The header's.
        config: What cells mean.
        delimiter: Between two cells.
        names: Columns that are text in which every word is a name, so that only an empty cell is missing.
    """
    ahead = _Ahead(parts, delimiter, config.encoding)
    values, texts, words = CellValues(cell_reader(config)), TextCells(config.missing), TextCells([])
    kinds: list[Mapping[str, Value]] = [
        words if column in names else texts if column in config.text_columns else values for column in columns
    ]
    while ahead.more():
        yield _chunk(ahead, columns, kinds)
        ahead.clear()


def _chunk(ahead: "_Ahead", columns: Sequence[str], kinds: Sequence[Mapping[str, Value]]) -> Chunk:
    """Records of all lines at hand, and of those that the last row needs beyond them."""
    contents: list[Content] = []
    offsets: list[int] = []
    raws: list[bytes] = []
    errors: dict[int, str] = {}
    at = 0
    while at < len(ahead.lines):
        if not ahead.lines[at].strip():
            at += 1
            continue
        row = _read_row(ahead, at)
        error = row.error
        if not error and len(row.cells) != len(columns):
            error = f"expected {len(columns)} cells as in the header, got {len(row.cells)}"
        if error:
            errors[len(contents)] = error
            contents.append(row.raw)
        else:
            contents.append(dict(zip(columns, map(getitem, kinds, row.cells), strict=True)))
        offsets.append(ahead.offsets[at])
        raws.append(row.raw)
        at += row.used
    return Chunk(contents, offsets, ahead.end, raws, errors)


class _Ahead:
    """Lines at hand; more can be called for, since a row may go on beyond them."""

    def __init__(self, parts: Iterator[Lines], delimiter: str, encoding: str) -> None:
        self._parts = parts
        self.delimiter, self.encoding = delimiter, encoding
        self.clear()
        self.end = 0

    def more(self) -> bool:
        part = next(self._parts, None)
        if part is None:
            return False
        if part.error:
            self.errors[len(self.lines)] = part.error
        self.lines += part.lines
        self.offsets += part.offsets
        self.end = part.end
        return True

    def clear(self) -> None:
        self.lines: list[bytes] = []
        self.offsets: list[int] = []
        self.errors: dict[int, str] = {}


@dataclass(slots=True)
class _Row:
    """A row: how many lines it takes up, its bytes, and its cells or why it has none.

    Not frozen, because one is made for each row and that would double its cost.
    """

    used: int
    raw: bytes
    cells: list[str]
    error: str = ""


def _read_row(ahead: _Ahead, at: int) -> _Row:
    raw = ahead.lines[at].removesuffix(b"\r")
    if at in ahead.errors:
        return _Row(1, raw, [], ahead.errors[at])
    if b'"' not in raw and b"\r" not in raw:
        try:
            return _Row(1, raw, raw.decode().split(ahead.delimiter))
        except UnicodeDecodeError as error:
            return _Row(1, raw, [], _unreadable(error, ahead.encoding))
    return _read_quoted(ahead, at)


def _read_quoted(ahead: _Ahead, at: int) -> _Row:
    raw = ahead.lines[at].removesuffix(b"\r")
    used = _lines_of_row(ahead, at)
    if used == 0:
        return _Row(1, raw, [], f"a quote is opened and not closed within {_LONGEST_ROW} bytes")
    whole = b"\n".join(ahead.lines[at : at + used]).removesuffix(b"\r")
    # Structure first: where a row ends must not depend on whether its text can be read.
    cells = split_row(whole.decode(errors="surrogateescape"), ahead.delimiter)
    if cells is None:
        return _Row(1, raw, [], "a quote or carriage return inside a cell that is not quoted as CSV has it")
    try:
        whole.decode()
    except UnicodeDecodeError as error:
        return _Row(used, whole, [], _unreadable(error, ahead.encoding))
    return _Row(used, whole, cells)


def _lines_of_row(ahead: _Ahead, at: int) -> int:
    """How many lines until the quotes are even, or 0 when they are not within the longest row."""
    if ahead.lines[at].count(b'"') % 2 == 0:
        return 1
    size = len(ahead.lines[at])
    last = at
    while size <= _LONGEST_ROW:
        last += 1
        if (last >= len(ahead.lines) and not ahead.more()) or last in ahead.errors:
            return 0
        size += len(ahead.lines[last]) + 1
        if size <= _LONGEST_ROW and ahead.lines[last].count(b'"') % 2:
            return last - at + 1
    return 0


def _unreadable(error: UnicodeDecodeError, encoding: str) -> str:
    if encoding != "utf-8":
        return f"not {encoding}: a character cannot be read; name the file's encoding in input.csv.encoding"
    return (
        f"not UTF-8: byte 0x{error.object[error.start]:02x} at {error.start}; save the file as UTF-8, "
        "or name its encoding in input.csv.encoding"
    )
