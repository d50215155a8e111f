"""What a record must look like. A record that breaks the contract is rejected with the reason.

Fields that the contract does not name may hold any scalar. A `null` is a missing value and leaves the
features: for every model alike, a missing value is an absent key.
"""

import math
from typing import Literal

from pydantic import Field, model_validator

from engine.records.config import Section
from engine.records.values import Features, Scalar


class FieldConfig(Section):
    """What one feature must be."""

    type: Literal["number", "text", "boolean"] = Field(description="The type of a present value.")
    required: bool = Field(default=False, description="Whether a missing value rejects the record.")
    min: float | None = Field(default=None, description="Smallest number allowed.")
    max: float | None = Field(default=None, description="Largest number allowed.")
    categories: list[str] | None = Field(default=None, description="The texts allowed; omit for any.")

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
    """What every record must look like."""

    fields: dict[str, FieldConfig] = Field(default={}, description="Feature name to what it must be.")
    extra: Literal["accept", "ignore", "reject"] = Field(
        default="accept",
        description="Features not named above: accept them, ignore them (they leave the record), "
        "or reject the record.",
    )


class Contract:
    """Checks features against the contract."""

    def __init__(self, config: ContractConfig) -> None:
        self._fields = {
            name: (
                field.type,
                -math.inf if field.min is None else field.min,
                math.inf if field.max is None else field.max,
                None if field.categories is None else frozenset(field.categories),
            )
            for name, field in config.fields.items()
        }
        self._required = tuple(name for name, field in config.fields.items() if field.required)
        self._extra = config.extra

    def check(self, features: Features) -> tuple[dict[str, Scalar], str | None]:
        """The features without missing values, and what is wrong with them, if anything is.

        >>> contract = Contract(ContractConfig(fields={"age": FieldConfig(type="number", min=0)}))
        >>> contract.check({"age": 3, "town": None})
        ({'age': 3}, None)
        >>> contract.check({"age": -1})[1]
        "field 'age': expected a number from 0.0 to inf, got -1"
        """
        present: dict[str, Scalar] = {}
        for name, value in features.items():
            if value is None:
                continue
            field = self._fields.get(name)
            if field is not None:
                reason = _breach(name, value, field)
            elif self._extra == "ignore":
                continue
            else:
                reason = (
                    _extra_breach(name, value)
                    if self._extra == "accept"
                    else f"field {name!r}: not in the contract"
                )
            if reason is not None:
                return present, reason
            present[name] = value
        for name in self._required:
            if name not in present:
                return present, f"field {name!r}: required, but missing"
        return present, None


def _extra_breach(name: str, value: Scalar) -> str | None:
    """What is wrong with a present value that the contract does not name: any finite scalar will do."""
    kind = type(value)
    if kind is float and not math.isfinite(value):  # type: ignore[arg-type]  # kind says that it is a float
        return f"field {name!r}: expected a finite number, got {value!r}"
    if kind is not float and kind is not int and kind is not str and kind is not bool:
        return f"field {name!r}: expected a number, text or boolean, got {kind.__name__}"
    return None


def _breach(name: str, value: Scalar, field: tuple[str, float, float, frozenset[str] | None]) -> str | None:
    """What is wrong with one present value; `None` if nothing is."""
    expected, low, high, categories = field
    kind = type(value)
    if expected == "number":
        if kind is not float and kind is not int:
            return f"field {name!r}: expected a number, got {value!r}"
        # A NaN fails both comparisons, so it is out of every range.
        fits = low <= value <= high and abs(value) != math.inf  # type: ignore[operator, arg-type]
        return None if fits else f"field {name!r}: expected a number from {low} to {high}, got {value!r}"
    if expected == "boolean":
        return None if kind is bool else f"field {name!r}: expected true or false, got {value!r}"
    if kind is not str:
        return f"field {name!r}: expected text, got {value!r}"
    if categories is None or value in categories:
        return None
    return f"field {name!r}: expected one of {sorted(categories)}, got {value!r}"
