"""How to read a record: the fields that hold the id, the time and the label."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


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
        description="Field with the event time: ISO 8601, seconds or milliseconds since 1970. "
        "Empty string: records have no time, and pending examples expire by count only.",
    )
    label: str = Field(default="label", description="Field with the label.")
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

    @model_validator(mode="after")
    def _classes_differ(self) -> "RecordConfig":
        if self.positive == self.negative:
            raise ValueError(f"positive and negative are both {self.positive!r}; they must differ")
        return self

    def not_features(self) -> tuple[str, ...]:
        """The names of the fields that are not features, the label's among them."""
        names = (self.id, self.time, self.key, self.kind and self.kind.field, self.label, *self.ignore)
        return tuple(name for name in names if name)
