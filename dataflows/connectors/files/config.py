"""What to read: the configuration of a file input."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from dataflows.connectors.files.csv_config import CsvConfig
from engine.records.config import Section
from engine.secrecy import check_url


def _without_secrets(value: str | list[str] | None, name: ValidationInfo) -> str | list[str] | None:
    for url in [value] if isinstance(value, str) else value or ():
        check_url(url, f"input.{name.field_name}")
    return value


_Files = Annotated[str | list[str], AfterValidator(_without_secrets)]
_File = Annotated[str, AfterValidator(_without_secrets)]


class LabelsConfig(Section):
    """Files with labels. `labels = "labels.csv"` will do where their fields are called like those of records.

    They are merged with the records by event time: the earlier goes first, on a tie the record.
    """

    path: _Files = Field(
        description="Written like input.path. Labels that are not in order of time are sorted in memory, up "
        "to 2 million.",
    )
    id: str | None = Field(default=None, description="Their field with the id; record.id when omitted.")
    label: str | None = Field(
        default=None, description="Their field with the label; record.label when omitted."
    )
    time: str | None = Field(
        default=None,
        description="Their field with the time at which the label became known; record.time when omitted. "
        "Where no label has it, or with an empty string, each label counts as known right after its example, "
        "and up to 2 million are held in memory.",
    )


MOST_TOGETHER_BY_KEY = 10_000
"""Records that travel together by default where each model gets a part of them."""


class InputConfig(Section):
    """Files with records, and optionally files with labels that come later."""

    path: _Files | None = Field(
        default=None,
        description="Files with the records, unless [kafka.input] names topics: a file, a glob, a folder, or "
        "a list of these. Globs and folders are read in the order of their names, lists as "
        "written. Relative to the config file; or a URL, such as s3://bucket/clicks.csv; "
        "a password or token in one is written as ${NAME}, an environment variable.",
    )
    labels: LabelsConfig | None = Field(default=None)
    follow: bool = Field(
        default=False,
        description="At the end of the file wait for lines that are appended, until the run is stopped. For "
        "one file of JSON lines that is not packed, and without `labels`: labels come in it as records.",
    )
    format: Literal["auto", "jsonl", "csv", "tsv", "parquet"] = Field(
        default="auto",
        description="auto: by the file name without .gz or .zst: .csv is CSV; .tsv is CSV with tabs; "
        ".jsonl, .ndjson and .json are JSON lines; .parquet is Parquet, which needs the extra "
        "riverkeeper[parquet]. Any other: every file is of this format, whatever its name.",
    )
    contract: _File | None = Field(
        default=None,
        description="A file with the [contract] section, in place of one in this file; relative to it. "
        "'riverkeeper contract infer' writes one.",
    )
    reference: _File | None = Field(
        default=None,
        description='With window.reference = "pinned": a file of records that every window is compared with. '
        "Written like `path`; with a key field, each key's own rows. Relative to this file.",
    )
    holdout: _File | None = Field(
        default=None,
        description="A file of records with their labels, in no other input. A challenger is promoted, also "
        "by hand, only when it is surely no worse there (supervision.gate_margin). Relative to this file.",
    )
    csv: CsvConfig = Field(default=CsvConfig())
    batch: int = Field(
        default=1000,
        ge=1,
        description="Most records that travel together (10000 by default with record.key, whose models share "
        "them). It decides speed, never results; below 100 is slow.",
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        """The short form: the fields are called like those of records."""
        return {"path": value} if isinstance(value, str | list) else value

    @model_validator(mode="after")
    def _one_followed(self) -> Self:
        if self.follow and self.labels is not None:
            raise ValueError(
                "follow without labels, which would have to wait for each other; got both: write the labels "
                "into the file that is followed (record.kind tells them apart)"
            )
        return self


def resolve(given: str, base: Path) -> Path:
    """The place of a path as a configuration in the folder `base` writes it; `~` is the home folder.

    >>> resolve("data/../clicks.csv", Path("/etc/run")).as_posix()
    '/etc/run/data/../clicks.csv'
    """
    return base / Path(given).expanduser()
