"""How to read a record: the fields that hold the id, the time and the label."""

import re
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from engine.records.classes import one_class


class Section(BaseModel):
    """A part of the configuration: immutable, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KindConfig(Section):
    """Tells examples from labels when both come in one stream: the value of one field decides."""

    field: str = Field(description="The field that says what a record is.")
    example: str = Field(default="example", description="Its value in a record to predict.")
    label: str = Field(default="label", description="Its value in a record that brings a label.")


class RecordConfig(Section):
    """Which fields of a record are not features, and what they mean."""

    id: str | None = Field(
        default="id",
        description="Field with the id that joins a label to its example. Without one "
        "(id omitted as an empty string), every example must carry its label; in anomaly detection it may.",
    )
    time: str | None = Field(
        default="time",
        description="Field with the event time: ISO 8601, or a number since 1970. "
        "Empty string: records have no time, and pending examples expire by count only.",
    )
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = Field(
        default="auto",
        description="Unit of event times that are numbers. auto: each by its own size, so that a stream may "
        "mix them: below 3e11 seconds, below 3e14 milliseconds, below 3e17 microseconds, else nanoseconds; "
        "so numbers other than seconds begin in July 1979. Name the unit of earlier times, and of times that "
        "are meant to lie in 1970, such as counters.",
    )
    time_format: str | None = Field(
        default=None,
        description="Format of event times that are not ISO 8601, in the codes of Python's strptime: "
        "'%d.%m.%Y %H:%M', or '%Y%m%d' for 20240115. In UTC, unless the format has a zone (%z).",
    )
    label: str = Field(
        default="label",
        description="Field with the label. A class is the same in every writing: 1, 1.0, '1' and true are "
        "the class 1.",
    )
    positive: bool | int | str = Field(
        default=True, description="Binary and anomaly task: the label that is yes."
    )
    negative: bool | int | str = Field(
        default=False, description="Binary and anomaly task: the label that is no."
    )
    kind: KindConfig | None = Field(
        default=None,
        description="How to tell examples from labels in one stream; omit when a record is both.",
    )
    key: str | None = Field(default=None, description="Field that names the model: one model per value.")
    ignore: list[str] = Field(default=[], description="Fields that are not features.")
    max_bytes: int = Field(
        default=1_000_000, ge=1, description="A longer record is rejected without being parsed."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_means_none(cls, values: object) -> object:
        """TOML has no null: an empty string says that there is no such field."""
        if isinstance(values, dict):
            return {
                name: None if name in {"id", "time", "key"} and value == "" else value
                for name, value in values.items()
            }
        return values

    @field_validator("time_format")
    @classmethod
    def _is_format(cls, value: str | None) -> str | None:
        """What is written in the format can be read back, so the format names a day."""
        if value is None:
            return None
        moment = datetime(2013, 4, 17, 18, 5, 9, tzinfo=UTC)
        try:
            read = datetime.strptime(moment.strftime(value), value)
        except (ValueError, re.error) as error:
            raise ValueError(f"a format of strptime, such as '%d.%m.%Y %H:%M': {error}") from error
        if read.date() != moment.date():
            raise ValueError(f"a format with year, month and day, such as '%d.%m.%Y %H:%M', got {value!r}")
        return value

    @model_validator(mode="after")
    def _one_reading_of_times(self) -> "RecordConfig":
        if self.time_format is not None and self.time_unit != "auto":
            raise ValueError("time_format, or time_unit for numbers, got both")
        return self

    @model_validator(mode="after")
    def _classes_differ(self) -> "RecordConfig":
        if one_class(self.positive) == one_class(self.negative):
            raise ValueError(f"positive and negative are both {one_class(self.positive)!r}; they must differ")
        return self

    def not_features(self) -> tuple[str, ...]:
        """The names of the fields that are not features, the label's among them."""
        names = (self.id, self.time, self.key, self.kind and self.kind.field, self.label, *self.ignore)
        return tuple(name for name in names if name)
