"""How a CSV file writes its cells: the section [input.csv]."""

import codecs
from typing import Self

from pydantic import Field, field_validator, model_validator

from engine.records.config import Section

MISSING_WORDS = ("NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "\\N")
"""What R, pandas, Excel and databases write for no value."""


class CsvConfig(Section):
    """How CSV files write their cells."""

    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description='Between two cells. A comma when omitted, in .tsv files a tab ("\\t").',
    )
    decimal: str = Field(default=".", pattern="^[.,]$", description="The decimal mark of numbers: . or ,")
    thousands: str = Field(
        default="",
        pattern="^[.,' _]?$",
        description="The mark between groups of three digits: , . ' _ or a space. Such as , in 1,234,567.8; "
        "none when empty.",
    )
    encoding: str = Field(
        default="utf-8",
        description="The file's encoding, by a name that Python knows, such as cp1252, latin-1 or utf-16-le. "
        "A file in UTF-8 or UTF-16 that begins with a byte order mark is read without it.",
    )
    missing: list[str] = Field(
        default=list(MISSING_WORDS),
        description="Cells that mean no value, besides empty ones. Not in the columns of record.id and "
        "record.key, where every text is a name.",
    )
    text_columns: list[str] = Field(
        default=[],
        description="Columns whose cells stay text even when they look like numbers, such as ZIP codes. "
        "Those of record.id and record.key always do.",
    )

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            codec = codecs.lookup(value)
            "a".encode(value)
        except (LookupError, ValueError) as error:
            raise ValueError(
                f"an encoding that Python knows, such as 'cp1252' or 'utf-16', got {value!r}"
            ) from error
        return "utf-8" if codec.name == "utf-8-sig" else codec.name

    @field_validator("delimiter")
    @classmethod
    def _no_quote(cls, value: str | None) -> str | None:
        if value is not None and value in '"\r\n':
            raise ValueError(f"a mark other than quotes and line ends, got {value!r}")
        return value

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands that differ; both are {self.decimal!r}")
        return self
