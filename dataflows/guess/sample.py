"""The first rows of a file, by columns."""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from dataflows.connectors.base import batches
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.csv_cells import Value, cell_reader
from dataflows.connectors.files.csv_config import MISSING_WORDS, CsvConfig
from dataflows.connectors.files.find import InputFile, find_files
from dataflows.connectors.files.raw_file import RawFile
from dataflows.connectors.files.text import Csv
from dataflows.connectors.registry import FORMATS, open_files
from dataflows.guess.dialect import SAMPLE, Dialect, guess_dialect, guess_encoding
from engine.errors import InputError
from engine.records.config import RecordConfig
from engine.records.keys import fields_of

ROWS = 50_000
"""Rows that are looked at, unless they are wide."""

_CELLS = 5_000_000
_ALSO = "? - -- . n/a n.a. none None NONE nil (null) missing #VALUE!"
"""Words for no value that are too short or too common to be read so everywhere."""

_CODES = re.compile(r"(^|_)(zip|zip_?code|post(al)?_?code|plz|phone|telefon|ssn|iban|code)$")

_NUMBERS = 0.5
"""Least share of numbers in a column where such words mean no value."""


@dataclass(slots=True)
class Column:
    """One column.

    Attributes:
        name: Its name.
        values: What it holds in the rows that have a value, in order: numbers where all are numbers.
        missing: Rows without a value.
        mixed: Whether some cells look like numbers and others do not.
        nested: Whether it holds lists or objects.
        words: Its own words for no value.
    """

    name: str
    values: list[Any] = field(default_factory=list)
    missing: int = 0
    mixed: bool = False
    nested: bool = False
    words: set[str] = field(default_factory=set)
    counts: Counter[Any] = field(default_factory=Counter)

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers alone."""
        return bool(self.values) and all(type(value) in {int, float} for value in self.counts)

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers alone."""
        return bool(self.values) and all(type(value) is int for value in self.counts)

    @property
    def fractional(self) -> bool:
        """Whether it holds numbers that are not all whole."""
        return self.numeric and not self.whole

    @property
    def distinct(self) -> bool:
        """Whether each row holds another value."""
        return not self.missing and len(self.values) > 1 and len(self.counts) == len(self.values)


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file.

    Attributes:
        form: jsonl, csv, tsv or parquet.
        dialect: How it is written, of CSV.
        columns: Its columns in their order.
        rows: How many were read.
        whole: Whether these are all.
        broken: Rows that could not be read.
    """

    form: str
    dialect: Dialect | None
    columns: tuple[Column, ...]
    rows: int
    whole: bool
    broken: int

    @property
    def text_columns(self) -> list[str]:
        """Columns of CSV whose cells would not all be read alike, and those with codes such as ZIP codes."""
        if self.dialect is None:
            return []
        codes = {column.name for column in self.columns if is_code(column.name) and not column.fractional}
        return [column.name for column in self.columns if column.mixed or column.name in codes]

    @property
    def words(self) -> list[str]:
        """Words that mean no value in this file and are not usual."""
        return sorted(set().union(*(column.words for column in self.columns)))

    def csv(self) -> CsvConfig:
        """How its cells are to be read, of CSV."""
        if self.dialect is None:
            return CsvConfig()
        mark, encoding, decimal, thousands = astuple(self.dialect)
        return CsvConfig(
            delimiter=None if mark == ("\t" if self.form == "tsv" else ",") else mark,
            encoding="utf-8" if encoding == "utf-16" else encoding,  # which is known by its first bytes
            decimal=decimal,
            thousands=thousands,
            missing=[*MISSING_WORDS, *self.words],
            text_columns=self.text_columns,
        )


def is_code(name: str) -> bool:
    """Whether a column of this name holds codes rather than quantities.

    >>> is_code("zipCode"), is_code("PLZ"), is_code("encoded")
    (True, True, False)
    """
    return _CODES.search(plain(name)) is not None


def plain(name: str) -> str:
    """A name in small letters, with its words apart.

    >>> plain("customerID"), plain("Order-Id"), plain("Unnamed: 0")
    ('customer_id', 'order_id', 'unnamed: 0')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[ -](?!\d)", "_", name).lower()


def read_sample(path: Path) -> Sample:
    """Reads the first rows of a file, or of the first file in a folder.

    Raises:
        InputError: It cannot be read, holds no table, or nothing.
    """
    file = files_of([str(path)])[0]
    dialect = None
    config = InputConfig()
    if file.format in {"csv", "tsv"}:
        dialect = guess_dialect(_head(file), file.name)
        csv = CsvConfig(delimiter=dialect.delimiter, encoding=dialect.encoding)
        header = Csv().header(file, csv)
        texts = {"text_columns": [] if header is None else header.columns}
        config = InputConfig(csv=csv.model_copy(update=texts))
    elif file.format == "jsonl":
        guess_encoding(_head(file), file.name)
    found = _read(config, file)
    columns = [_settled(name, values, found, dialect) for name, values in found.values.items()]
    if not columns or not any(column.values for column in columns):
        first = f"; the first: {found.first}" if found.first else ""
        raise InputError(
            f"input {path}: expected rows to guess from, got {found.rows} rows and {found.broken} that "
            f"cannot be read{first}"
        )
    return Sample(file.format, dialect, tuple(columns), found.rows, found.whole, found.broken)


def files_of(given: list[str]) -> list[InputFile]:
    """The files that names, folders and patterns stand for.

    Raises:
        InputError: There is none, or one cannot be read.
    """
    suffixes = {suffix: name for name, one in FORMATS.items() for suffix in one.suffixes}
    return find_files(given, Path(), suffixes)


def _head(file: InputFile) -> bytes:
    with closing(RawFile(file)) as raw:
        head = b""
        while len(head) < SAMPLE and (part := raw.read(SAMPLE)):
            head += part
    return head[:SAMPLE]


@dataclass(slots=True)
class _Read:
    values: dict[str, list[Any]] = field(default_factory=dict)
    rows: int = 0
    broken: int = 0
    first: str = ""
    whole: bool = True

    def add(self, fields: Mapping[str, Any]) -> None:
        """One row more."""
        for name, value in fields.items():
            present = self.values.setdefault(name, [])
            if value is not None:
                present.append(value)
        self.rows += 1


def _read(config: InputConfig, file: InputFile) -> _Read:
    found, cells = _Read(), 0
    with closing(batches(open_files(config, RecordConfig(), Path(), [file.name]))) as read:
        for record in (record for batch in read for record in batch.records()):
            if found.rows >= ROWS or cells >= _CELLS:
                found.whole = False
                break
            fields = None if record.error is not None else fields_of(record.content)
            if fields is None:
                found.broken += 1
                found.first = found.first or record.error or "not a JSON object"
            else:
                found.add(fields)
                cells += len(fields)
    return found


def _settled(name: str, values: list[Any], found: _Read, dialect: Dialect | None) -> Column:
    """A column with the type that belongs to all its cells."""
    column = Column(name, values)
    if dialect is not None:
        _read_cells(column, dialect)
    column.nested = any(isinstance(value, list | dict) for value in column.values)
    if not column.nested:
        column.counts = Counter(column.values)
        kinds = {isinstance(value, str) for value in column.counts}
        column.mixed = column.mixed or len(kinds) > 1
    column.missing = found.rows - len(column.values)
    return column


def _read_cells(column: Column, dialect: Dialect) -> None:
    """Cells of CSV, which came as text: numbers, when all are but for words that mean no value."""
    read = cell_reader(CsvConfig(decimal=dialect.decimal, thousands=dialect.thousands))
    values: list[Value] = [read(cell) for cell in column.values]
    texts = {cell for cell, value in zip(column.values, values, strict=True) if isinstance(value, str)}
    stripped = {text.strip() for text in texts}
    if not texts:
        column.values = [value for value in values if value is not None]
        return
    numbers = sum(isinstance(value, int | float) for value in values)
    if stripped <= {*_ALSO.split()} and numbers >= _NUMBERS * len(values):
        column.words = stripped
        column.values = [value for value in values if not isinstance(value, str | None)]
        return
    column.mixed = numbers > 0
