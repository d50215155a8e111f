"""Parquet as a format of files: rows are fields, their numbers are offsets. Needs the extra `parquet`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.find import InputFile
from engine.errors import InputError
from engine.requirements import needing

if TYPE_CHECKING:
    from dataflows.connectors.parquet.rows import ParquetRows


@dataclass(frozen=True, slots=True)
class Parquet:
    """Tables in Apache Parquet; see `FileFormat`. pyarrow is imported with the first file."""

    suffixes: tuple[str, ...] = (".parquet",)

    def check(self, file: InputFile, config: InputConfig) -> None:  # noqa: ARG002
        """Reads the file's schema.

        Raises:
            InputError: It is no Parquet file, is packed as a whole, or a column has a type without a meaning
                for a model.
            MissingExtraError: pyarrow is not installed.
        """
        if file.compression != "plain":
            raise InputError(
                f"input {file.name}: expected a Parquet file, which packs its columns itself, got one inside "
                f"{file.compression}; unpack it"
            )
        _opened(file, 0).close()

    def open(self, file: InputFile, offset: int, config: InputConfig) -> "ParquetRows":  # noqa: ARG002
        """Opens a file at a row, by its number from 0."""
        return _opened(file, offset)


def _opened(file: InputFile, offset: int) -> "ParquetRows":
    with needing(f"input {file.name}: reading Parquet", "parquet"):
        from dataflows.connectors.parquet.rows import ParquetRows  # noqa: PLC0415 - an extra
    return ParquetRows(file, offset)
