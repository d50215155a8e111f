"""The shape of a record, whatever the contract says: a stream processor may hand in anything."""

import sys
from collections.abc import Mapping
from typing import Final, TypeGuard

from engine.records.labels import LabelFormat
from engine.records.native import JSON_SCALARS
from engine.records.values import Example, Label, Target, Unreadable, shown

_LARGEST: Final = sys.float_info.max
_NUMBERS = frozenset({int, float})


def misshapen(record: object, labels: LabelFormat) -> str | None:
    """The reason why this cannot be a record with such labels; `None` if it can."""
    kind = type(record)
    # Nearly all records are as they should be, and this is all that is done with them.
    if kind is Example:
        example: Example = record  # type: ignore[assignment]  # kind says so
        if _is_plain(example) and (example.label is None or labels.is_label(example.label)):
            return None
    if isinstance(record, Unreadable):
        return record.reason
    if not isinstance(record, Example | Label):
        return f"expected an Example or a Label, got {shown(record)}"
    wrong = _wrong_field(record, labels)
    if wrong is None:
        return None
    place, expected, got = wrong
    foreign = "" if type(got) in JSON_SCALARS else "; Decoder.decode makes values of NumPy Python's own"
    return f"{place}: expected {expected}, got {shown(got)}{foreign}"


def _is_plain(example: Example) -> bool:
    """Whether the fields other than the label are of the kinds that decoding makes."""
    return (
        type(example.id) is str
        and type(example.time) is float
        and -_LARGEST <= example.time <= _LARGEST
        and type(example.features) is dict
        and type(example.source) is str
        and type(example.position) is int
    )


def _wrong_field(record: Example | Label, labels: LabelFormat) -> tuple[str, str, object] | None:
    """Its name, what was expected, and what came."""
    # Subclasses are none of Python's own types: a snapshot could not hold them.
    if type(record.id) is not str:
        return "id", "text", record.id
    if type(record.time) not in _NUMBERS or not is_finite(record.time):
        return "event time", "a finite number", record.time
    if type(record.source) is not str:
        return "source", "text", record.source
    if type(record.position) is not int:
        return "position", "a whole number", record.position
    label: Target | None
    if isinstance(record, Label):
        label, needed = record.value, True
    elif isinstance(record.features, dict | Mapping):  # nearly always a dict, and that is known at once
        label, needed = record.label, record.label is not None
    else:
        return "features", "names and values", record.features
    return ("label", labels.shape, label) if needed and not labels.is_label(label) else None


def is_finite(value: object) -> TypeGuard[int | float]:
    """Whether it is a number that arithmetic can bear: not NaN, not infinite, within the range of floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST
