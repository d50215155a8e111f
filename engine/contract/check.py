"""Checks records against the contract.

Fields that the contract does not name may hold any scalar; scalars of NumPy and `Decimal` become Python's
own. A `null` is a missing value and leaves the features: for every model alike, a missing value is an absent
key.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.contract.config import ContractConfig, FieldConfig, FieldType, Policy
from engine.records.native import native
from engine.records.values import Features, Scalar, shown

_LARGEST = sys.float_info.max
_ANY = (-_LARGEST, _LARGEST)
"""Bounds of a number without limits: NaN and infinities lie outside."""

_NONE = (1.0, 0.0)
"""Bounds that contain no number."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a record.

    Attributes:
        policy: What is done about it.
        reason: What was expected and what came.
    """

    policy: Policy
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What passes in a field without a second look.

    Attributes:
        low: The smallest number.
        high: The largest; below `low` where no number passes.
        texts: The texts; `None` for any.
        booleans: Whether truth values pass.
        required: Whether the field must be there.
    """

    low: float
    high: float
    texts: frozenset[str] | None
    booleans: bool
    required: bool


class Contract:
    """Checks features against the contract."""

    def __init__(self, config: ContractConfig) -> None:
        fields = config.fields
        accept = config.extra == "accept"
        self._config = config
        # What passes without a second look, for each name and for the names that are not here.
        self._bounds = {name: _bounds(field) for name, field in fields.items()}
        self._texts = {name: _texts(field) for name, field in fields.items()}
        self._booleans = {name: field.type == "boolean" for name, field in fields.items()}
        self._extra = (_ANY, None, True) if accept else (_NONE, frozenset[str](), False)
        self._required = frozenset(name for name, field in fields.items() if field.required)

    def check(self, features: Features) -> tuple[dict[str, Scalar], list[Fault]]:
        """The features that go on, without missing values, and what is wrong with the record.

        A fault whose policy is `reject` is the last one, and then the record must not go on.

        >>> contract = Contract(ContractConfig(fields={"age": FieldConfig(type="number", min=0)}))
        >>> contract.check({"age": 3, "town": None})
        ({'age': 3}, [])
        >>> contract.check({"age": -1})[1][0].reason
        "field 'age': expected a number of at least 0.0, got -1"
        """
        present = dict(features)
        faults: list[Fault] = []
        bounds, texts, booleans = self._bounds, self._texts, self._booleans
        any_number, any_text, any_boolean = self._extra
        for name, value in features.items():
            kind = type(value)
            # Most values are as they should be, and this is all that is done with them.
            if kind is float or kind is int:
                low, high = bounds.get(name, any_number)
                if low <= value <= high:  # type: ignore[operator]  # kind says that it is a number
                    continue
            elif kind is str:
                allowed = texts.get(name, any_text)
                if allowed is None or value in allowed:
                    continue
            elif kind is bool and booleans.get(name, any_boolean):
                continue
            if not self._settle(name, value, present, faults):
                return present, faults
        if not self._required <= present.keys():
            self._add_missing(features, faults)
        return present, faults

    @property
    def accepted(self) -> dict[str, Accepted]:
        """What passes in each field that the contract names."""
        return {
            name: Accepted(*self._bounds[name], self._texts[name], self._booleans[name], field.required)
            for name, field in self._config.fields.items()
        }

    @property
    def accepted_elsewhere(self) -> Accepted | None:
        """What passes in any other field; `None` when those are ignored."""
        bounds, texts, booleans = self._extra
        ignored = self._config.extra == "ignore"
        return None if ignored else Accepted(*bounds, texts, booleans, required=False)

    def _settle(self, name: str, value: object, present: dict[str, Scalar], faults: list[Fault]) -> bool:
        """Keeps, replaces or removes one value and records its faults; false if the record is rejected."""
        kept, fault = self._examine(name, value)
        if kept is None:
            del present[name]
        else:
            present[name] = kept
        if fault is not None:
            faults.append(fault)
        return fault is None or fault.policy != "reject"

    def _add_missing(self, features: Features, faults: list[Fault]) -> None:
        """Adds the required values that were not there to begin with; those in breach are there already."""
        for name, field in self._config.fields.items():
            if field.required and features.get(name) is None:
                policy = field.policy or self._config.policy
                faults.append(Fault(policy, f"field {name!r}: required, but missing"))
                if policy == "reject":
                    return

    def _examine(self, name: str, value: object) -> tuple[Any, Fault | None]:
        """The value that is kept (`None` if it is removed from the features) and its fault."""
        field = self._config.fields.get(name)
        if value is None or (field is None and self._config.extra == "ignore"):
            return None, None
        found = native(value)
        if field is None:
            return self._examine_extra(name, found)
        bearable = kind_of(found) == field.type
        if bearable and self._fits(name, field.type, found):
            return found, None
        policy = field.policy or self._config.policy
        reason = f"field {name!r}: expected {_expected(field)}, got {shown(found)}"
        return found if bearable and policy == "warn" else None, Fault(policy, reason)

    def _fits(self, name: str, kind: FieldType, value: Scalar) -> bool:
        """Whether a value of the field's type is within its range or among its categories."""
        if kind == "number":
            low, high = self._bounds[name]
            return low <= value <= high  # type: ignore[operator]  # a number
        allowed = self._texts[name]
        return kind == "boolean" or allowed is None or value in allowed

    def _examine_extra(self, name: str, value: object) -> tuple[Any, Fault | None]:
        """The same for a value of a field that the contract does not name."""
        extra = self._config.extra
        if extra == "reject":
            return None, Fault("reject", f"field {name!r}: not in the contract")
        if kind_of(value) is None:
            expected = "a finite number, text or a boolean"
            reason = f"field {name!r}: expected {expected}, got {shown(value)}"
            return None, Fault(self._config.policy, reason)
        fault = Fault("warn", f"field {name!r}: not in the contract") if extra == "warn" else None
        return value, fault


def rejection(faults: Sequence[Fault]) -> str | None:
    """The reason why a record with these faults is rejected; `None` if it is accepted."""
    return faults[-1].reason if faults and faults[-1].policy == "reject" else None


def kind_of(value: object) -> FieldType | None:
    """The type of a value that a model can bear; `None` for NaN, infinities, lists and all else.

    >>> kind_of(3), kind_of("3"), kind_of(True), kind_of(float("nan")), kind_of([3])
    ('number', 'text', 'boolean', None, None)
    """
    kind = type(value)
    if kind is float or kind is int:
        return "number" if -_LARGEST <= value <= _LARGEST else None  # type: ignore[operator]  # a number
    if kind is str:
        return "text"
    return "boolean" if kind is bool else None


def time_breach(time: float, now: float, config: ContractConfig) -> str | None:
    """What is wrong with a record's event time, `None` if nothing is.

    Args:
        time: The record's event time, seconds since 1970.
        now: The stream's event time; minus infinity before there is one, and then nothing is wrong.
        config: Says how far ahead or behind a record may be.

    >>> time_breach(100.0, 30.0, ContractConfig(max_ahead=60))
    "event time 100.0: expected at most 60 s ahead of the stream's 30.0, got 70 s"
    """
    if now == -math.inf:
        return None
    if config.max_ahead is not None and time - now > config.max_ahead:
        limit, word = config.max_ahead, "ahead of"
    elif config.max_behind is not None and now - time > config.max_behind:
        limit, word = config.max_behind, "behind"
    else:
        return None
    off = abs(time - now)
    return f"event time {time}: expected at most {limit:g} s {word} the stream's {now}, got {off:g} s"


def _bounds(field: FieldConfig) -> tuple[float, float]:
    """The bounds of a number in this field."""
    if field.type != "number":
        return _NONE
    return -_LARGEST if field.min is None else field.min, _LARGEST if field.max is None else field.max


def _texts(field: FieldConfig) -> frozenset[str] | None:
    """The texts that this field accepts; `None` for any text."""
    if field.type != "text":
        return frozenset()
    return None if field.categories is None else frozenset(field.categories)


def _expected(field: FieldConfig) -> str:
    """The accepted values, in words for a message."""
    if field.type == "boolean":
        return "true or false"
    if field.type == "text":
        return "text" if field.categories is None else f"one of {shown(field.categories)}"
    if field.min is None:
        return "a finite number" if field.max is None else f"a number of at most {field.max}"
    return (
        f"a number of at least {field.min}"
        if field.max is None
        else f"a number from {field.min} to {field.max}"
    )
