"""What a record must look like. A record that breaks the contract is rejected with the reason.

Fields that the contract does not name may hold any scalar; NumPy's scalars become Python's. A `null` is a
missing value and leaves the features: for every model alike, a missing value is an absent key.
"""

import sys
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from engine.records.config import Section
from engine.records.values import Features, Scalar, shown


class FieldConfig(Section):
    """What one feature must be."""

    type: Literal["number", "text", "boolean"] = Field(description="The type of a present value.")
    required: bool = Field(default=False, description="Whether a missing value rejects the record.")
    min: float | None = Field(default=None, allow_inf_nan=False, description="Smallest number allowed.")
    max: float | None = Field(default=None, allow_inf_nan=False, description="Largest number allowed.")
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


_ANY = (-sys.float_info.max, sys.float_info.max)
"""The bounds of a number that may be any: NaN and infinities lie outside them."""

_NONE = (1.0, 0.0)
"""Bounds within which no number lies."""


class Contract:
    """Checks features against the contract."""

    def __init__(self, config: ContractConfig) -> None:
        self._fields = config.fields
        self._bounds = {
            name: (_ANY[0] if field.min is None else field.min, _ANY[1] if field.max is None else field.max)
            for name, field in config.fields.items()
            if field.type == "number"
        }
        self._texts = {
            name: None if field.categories is None else frozenset(field.categories)
            for name, field in config.fields.items()
            if field.type == "text"
        }
        self._required = tuple(name for name, field in config.fields.items() if field.required)
        self._extra = config.extra

    def check(self, features: Features) -> tuple[dict[str, Scalar], str | None]:
        """The features without missing values, and what is wrong with them, if anything is.

        >>> contract = Contract(ContractConfig(fields={"age": FieldConfig(type="number", min=0)}))
        >>> contract.check({"age": 3, "town": None})
        ({'age': 3}, None)
        >>> contract.check({"age": -1})[1]
        "field 'age': expected a number of at least 0.0, got -1"
        """
        present: dict[str, Scalar] = {}
        bounds, texts = self._bounds, self._texts
        for name, value in features.items():
            kind = type(value)
            # Most values are numbers or texts as they should be, and this is all that is done with them.
            if kind is float or kind is int:
                low, high = bounds.get(name) or self._bounds_of_extra(name)
                if low <= value <= high:  # type: ignore[operator]  # kind says that it is a number
                    present[name] = value
                    continue
            elif kind is str and name in texts:
                allowed = texts[name]
                if allowed is None or value in allowed:
                    present[name] = value
                    continue
            kept, reason = self._examine(name, value)
            if reason is not None:
                return present, reason
            if kept is not None:
                present[name] = kept
        for name in self._required:
            if name not in present:
                return present, f"field {name!r}: required, but missing"
        return present, None

    def _examine(self, name: str, value: Scalar | np.generic | None) -> tuple[Scalar | None, str | None]:
        """The value as it is kept, `None` when it leaves the features, and what is wrong with it."""
        if value is None or (self._extra == "ignore" and name not in self._fields):
            return None, None
        # NumPy's scalars are what programs that embed the engine often have at hand.
        plain: Scalar = value.item() if isinstance(value, np.generic) else value
        return plain, self._breach(name, plain)

    def _bounds_of_extra(self, name: str) -> tuple[float, float]:
        """The bounds of a number that no number field names; none will do unless extras are accepted."""
        return _ANY if self._extra == "accept" and name not in self._fields else _NONE

    def _breach(self, name: str, value: Scalar) -> str | None:
        """What is wrong with one present value; `None` if nothing is."""
        field = self._fields.get(name)
        kind = type(value)
        number = kind is float or kind is int
        if field is None:
            if self._extra == "reject":
                return f"field {name!r}: not in the contract"
            fine = kind is str or kind is bool or (number and abs(value) <= _ANY[1])  # type: ignore[arg-type]
            expected = "a finite number, text or a boolean"
        elif field.type == "number":
            low, high = self._bounds[name]
            fine = number and low <= value <= high  # type: ignore[operator]
            expected = _range(field)
        elif field.type == "boolean":
            fine, expected = kind is bool, "true or false"
        else:
            fine = kind is str and (field.categories is None or value in field.categories)
            expected = "text" if field.categories is None else f"one of {field.categories}"
        return None if fine else f"field {name!r}: expected {expected}, got {shown(value)}"


def _range(field: FieldConfig) -> str:
    """What a number must be, in words."""
    if field.min is None:
        return "a finite number" if field.max is None else f"a number of at most {field.max}"
    return (
        f"a number of at least {field.min}"
        if field.max is None
        else f"a number from {field.min} to {field.max}"
    )
