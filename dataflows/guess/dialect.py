"""How a file of text is written: its encoding, the mark between cells, and the marks in numbers."""

import codecs
import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dataflows.connectors.files.csv_cells import Value, cell_reader
from dataflows.connectors.files.csv_config import CsvConfig
from dataflows.connectors.files.encoding import UTF_16_MARKS
from engine.errors import InputError

SAMPLE = 1 << 18
"""Bytes that are looked at."""

_ROWS = 1000
_DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((".", ""), (".", ","), (",", ""), (",", "."), (".", "'"), (".", " "), (",", " "))
"""Decimal mark and mark between thousands, likely ones first."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        delimiter: Between two cells.
        encoding: By Python's name.
        decimal: The decimal mark.
        thousands: The mark between groups of three digits; empty for none.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""


def guess_dialect(head: bytes, name: str) -> Dialect:
    r"""The dialect of a CSV file.

    Args:
        head: Its first bytes, unpacked.
        name: The file's, for messages.

    Raises:
        InputError: The bytes are no text.

    >>> guess_dialect(b"id;gr\xf6\xdfe\n1;1.234,5\n2;0,5\n", "a.csv")
    Dialect(delimiter=';', encoding='cp1252', decimal=',', thousands='.')
    """
    encoding = guess_encoding(head, name)
    lines = head.decode(encoding, "ignore").splitlines()
    if len(head) >= SAMPLE:
        lines = lines[:-1]  # the last one may be cut off
    lines = [line for line in lines if line.strip()][: _ROWS + 1]
    delimiter = max(_DELIMITERS, key=lambda mark: _fit(lines, mark))
    rows = [*csv.reader(lines, delimiter=delimiter)]
    found = Dialect(delimiter, encoding)
    return _with_marks(found, rows[1:]) if len(rows) > 1 else found


def guess_encoding(head: bytes, name: str) -> str:
    """The encoding of text.

    Raises:
        InputError: It is none.
    """
    if head.startswith(UTF_16_MARKS):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        pass
    else:
        if b"\0" not in head:
            return "utf-8"
    if not head.count(b"\0"):
        return "cp1252"
    # Text in UTF-16 without a mark: every second byte of most letters is zero.
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = head[first::2].count(0)
        if zeros > 0.7 * len(head) / 2 and not head[1 - first :: 2].count(0):
            return encoding
    raise InputError(
        f"input {name}: expected a table as text (CSV, TSV or JSON lines), got bytes that are no text; "
        f"export it as CSV, or name a Parquet file .parquet"
    )


def _fit(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """How many rows have as many cells as the first, and how many that are; nothing for one cell."""
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0.0, 0
    if not counts or counts[0] < 2:
        return 0.0, 0
    same = sum(count == counts[0] for count in counts) / len(counts)
    return round(same, 1), counts[0]


def _with_marks(dialect: Dialect, rows: Sequence[Sequence[str]]) -> Dialect:
    """The marks in numbers: those with which the most columns hold numbers and nothing else."""
    width = max(map(len, rows))
    columns = [[row[at].strip() for row in rows if at < len(row)] for at in range(width)]
    ordered = sorted(_MARKS, key=lambda marks: dialect.delimiter == ";" and marks == (".", ","))
    best, most = dialect, -1
    for decimal, thousands in ordered:
        config = CsvConfig(decimal=decimal, thousands=thousands)
        read = cell_reader(config)
        numbers = sum(_is_number(column, read) for column in columns)
        if numbers > most:
            best, most = replace(dialect, decimal=decimal, thousands=thousands), numbers
    return best


def _is_number(column: Sequence[str], read: Callable[[str], Value]) -> bool:
    values = [read(cell) for cell in column]
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, int | float) for value in present)
