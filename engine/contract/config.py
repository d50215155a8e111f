"""Configuration of the contract: fields, types, ranges, categories and the policy for breaches."""

from typing import Literal

from pydantic import Field, model_validator

from engine.records.config import Section

Policy = Literal["reject", "warn", "impute"]
"""What a breach does: reject the record, let it go on, or let it go on without the value."""

FieldType = Literal["number", "text", "boolean"]


class FieldConfig(Section):
    """What one feature must be."""

    type: FieldType = Field(description="The type of a present value.")
    required: bool = Field(default=False, description="Whether a missing value is a breach.")
    min: float | None = Field(default=None, allow_inf_nan=False, description="Smallest number allowed.")
    max: float | None = Field(default=None, allow_inf_nan=False, description="Largest number allowed.")
    categories: list[str] | None = Field(default=None, description="The texts allowed; omit for any.")
    policy: Policy | None = Field(
        default=None, description="What a breach of this field does; omit for the contract's own policy."
    )

    @model_validator(mode="after")
    def _limits_fit_type(self) -> "FieldConfig":
        if self.type != "number" and (self.min is not None or self.max is not None):
            raise ValueError(f"min and max are for numbers, and this field is {self.type}")
        if self.type != "text" and self.categories is not None:
            raise ValueError(f"categories are for text, and this field is {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class ContractConfig(Section):
    """What every record must look like, and what becomes of one that does not."""

    policy: Policy = Field(
        default="reject",
        description="What a breach does. reject: the record becomes a dead letter and trains nothing. "
        "warn: it goes on; a value of the right type (out of range, a new category) is kept, any other "
        "becomes missing. impute: it goes on, and the value becomes missing.",
    )
    extra: Literal["accept", "ignore", "warn", "reject"] = Field(
        default="accept",
        description="Features not named below: accept them, ignore them (they leave the record), "
        "accept them and warn, or reject the record.",
    )
    max_ahead: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="Seconds of event time that an example may be ahead of the stream; omit for no limit. "
        "One that is further ahead is rejected, or let through if the policy is warn or impute.",
    )
    max_behind: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="Seconds of event time that an example may be behind the stream; omit for no limit.",
    )
    fields: dict[str, FieldConfig] = Field(default={}, description="Feature name to what it must be.")
