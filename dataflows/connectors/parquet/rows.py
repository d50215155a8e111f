"""The rows of one Parquet file, from any row on."""

from collections.abc import Iterator
from itertools import accumulate

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pyarrow import types

from dataflows.connectors.batch import Chunk, Fields
from dataflows.connectors.files.find import InputFile
from dataflows.connectors.files.storage import open_bytes
from dataflows.connectors.json_values import as_json
from engine.errors import InputError

_ROWS = 4096
"""Rows that are turned into fields at a time."""

_AS_THEY_ARE = (types.is_boolean, types.is_integer, types.is_floating, types.is_null)
_AS_TEXT = (types.is_string, types.is_large_string, types.is_string_view)
_CONVERTED = (types.is_timestamp, types.is_date, types.is_decimal)


class ParquetRows:
    """A Parquet file while it is read; see `OpenFile`. A row's offset is its number, from 0.

    Attributes:
        chunks: Its rows.
    """

    def __init__(self, file: InputFile, offset: int) -> None:
        """Opens the file.

        Raises:
            InputError: It is no Parquet file, has fewer rows than `offset`, or has a column of a type that
                cannot be read.
        """
        self._name = file.name
        try:
            self._disk = open_bytes(file.location)
        except OSError as error:
            raise InputError(f"input {file.name}: cannot be opened: {error.strerror or error}") from error
        try:
            self._table = pq.ParquetFile(self._disk)
            self._check(offset)
        except (pa.ArrowException, OSError) as error:
            self.close()
            raise InputError(f"input {file.name}: not a Parquet file that can be read: {error}") from error
        except InputError:
            self.close()
            raise
        self.chunks = self._read(offset)

    def disk_position(self) -> int:
        """Bytes of the row groups that were begun."""
        return self._position

    def check_grown(self) -> None:
        """Never asked: a Parquet file ends with its index, and cannot grow."""

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        self._disk.close()

    def _check(self, offset: int) -> None:
        self._position = 0
        rows = self._table.metadata.num_rows
        if offset > rows:
            raise InputError(
                f"input {self._name}: expected at least {offset} rows as in the run to be resumed, got "
                f"{rows}; put the old file back, or start a new run"
            )
        for column in self._table.schema_arrow:
            if not _is_readable(column.type):
                raise InputError(
                    f"input {self._name}: column {column.name!r}: expected booleans, numbers, text, "
                    f"timestamps or dates, got {column.type}; write it as one of these, or leave it out"
                )

    def _read(self, offset: int) -> Iterator[Chunk]:
        """Chunks from a row on; row groups before it are not read."""
        about = self._table.metadata
        groups = [about.row_group(index) for index in range(about.num_row_groups)]
        begins = [*accumulate((group.num_rows for group in groups), initial=0)]
        for index, group in enumerate(groups):
            self._position += sum(group.column(i).total_compressed_size for i in range(group.num_columns))
            if begins[index + 1] <= offset:
                continue
            row = begins[index]
            for part in self._batches(index):
                skipped = min(max(offset - row, 0), part.num_rows)
                row += part.num_rows
                if skipped < part.num_rows:
                    yield _chunk(part.slice(skipped), row)

    def _batches(self, group: int) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._table.iter_batches(_ROWS, [group], use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"input {self._name}: row group {group} cannot be read: {error}; copy the file again"
            ) from error


def _is_readable(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        return _is_readable(kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_readable(kind.value_type)
    if types.is_struct(kind):
        return all(_is_readable(kind.field(index).type) for index in range(kind.num_fields))
    return any(is_kind(kind) for is_kind in (*_AS_THEY_ARE, *_AS_TEXT, *_CONVERTED))


def _chunk(part: pa.RecordBatch, end: int) -> Chunk:
    """The rows as fields, with the row as JSON for dead letters, since it has no bytes of its own."""
    names = part.schema.names
    columns = [_values(column) for column in part.columns]
    contents: list[Fields] = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    raws = [orjson.dumps(fields) for fields in contents]
    return Chunk(contents, [*range(end - len(contents), end)], end, raws)


def _values(column: pa.Array) -> list[object]:
    """The values of a column, as JSON has them; NaN stays, for the contract to decide about."""
    kind = column.type
    if types.is_timestamp(kind) and kind.unit == "ns":
        # Python's datetime, and so ISO 8601 here, ends at microseconds.
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    values: list[object] = column.to_pylist()
    plain = (types.is_dictionary(kind) and kind.value_type) or kind
    if any(is_kind(plain) for is_kind in (*_AS_THEY_ARE, *_AS_TEXT)):
        return values
    return [*map(as_json, values)]
