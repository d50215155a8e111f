"""What a record must be, whatever the contract says: a stream processor may hand in anything."""

import sys
from collections.abc import Mapping
from typing import Final, TypeGuard

import msgspec

from engine.records.config import Task
from engine.records.values import Example, Features, Label, Target, Unreadable, shown

_LARGEST: Final = sys.float_info.max
_LEAST_INT: Final = -(2**63)
_MOST_INT: Final = 2**64 - 1


def misshapen(record: object, task: Task) -> str | None:
    """What keeps this from being a record of the task, `None` if nothing does.

    >>> misshapen(Label("a", time=0.0, value="maybe"), "binary")
    "label: expected True or False, got 'maybe'"
    """
    kind = type(record)
    # Nearly all records are as they should be, and this is all that is done with them.
    if kind is Example:
        example: Example = record  # type: ignore[assignment]  # kind says so
        if _is_plain(example) and (example.label is None or is_label(example.label, task)):
            return None
    if isinstance(record, Unreadable):
        return record.reason
    if not isinstance(record, Example | Label):
        return f"expected an Example or a Label, got {shown(record)}"
    wrong = _wrong_field(record, task)
    return wrong and f"{wrong[0]}: expected {wrong[1]}, got {shown(wrong[2])}"


def _is_plain(example: Example) -> bool:
    """Whether the fields other than the label are of the kinds that decoding makes."""
    return (
        type(example.id) is str
        and type(example.time) is float
        and -_LARGEST <= example.time <= _LARGEST
        and type(example.features) is dict
        and example.id.isascii()
        and type(example.source) is str
        and example.source.isascii()
        and type(example.position) is int
        and _LEAST_INT <= example.position <= _MOST_INT
    )


def _wrong_field(record: Example | Label, task: Task) -> tuple[str, str, object] | None:
    """Its name, what was expected, and what came."""
    fields: tuple[tuple[str, object, bool, str], ...] = (
        ("id", record.id, isinstance(record.id, str), "text"),
        ("event time", record.time, is_finite(record.time), "a finite number"),
        ("source", record.source, isinstance(record.source, str), "text"),
        ("position", record.position, isinstance(record.position, int), "a whole number"),
    )
    for name, value, right, expected in fields:
        if not right or not is_storable(value):
            return name, _STORABLE if right else expected, value
    label: Target | None
    if isinstance(record, Label):
        label, needed = record.value, True
    elif isinstance(record.features, dict | Mapping):  # nearly always a dict, and that is known at once
        label, needed = record.label, record.label is not None
    else:
        return "features", "names and values", record.features
    if not needed or is_label(label, task):
        return None
    return "label", _LABELS[task] if is_storable(label) else _STORABLE, label


def is_finite(value: object) -> TypeGuard[int | float]:
    """Whether it is a number that arithmetic can bear: not NaN, not infinite, within the range of floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST


def is_label(value: object, task: Task) -> TypeGuard[Target]:
    """Whether models of the task can learn it."""
    if task == "regression":
        return is_finite(value) and is_storable(value)
    if task == "multiclass":
        return isinstance(value, bool | int | str) and is_storable(value)
    return isinstance(value, bool)


def is_storable(value: object) -> bool:
    """Whether a snapshot can hold a scalar: not text beyond UTF-8, nor a whole number beyond 64 bits.

    >>> is_storable("büro"), is_storable(chr(0xD800)), is_storable(2**64 - 1), is_storable(2**64)
    (True, False, True, False)
    """
    if isinstance(value, str):
        if value.isascii():
            return True
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    return not isinstance(value, int) or _LEAST_INT <= value <= _MOST_INT


def unstorable_feature(features: Features) -> str | None:
    """What keeps features, as the contract lets them through, out of a snapshot; `None` if nothing does.

    >>> unstorable_feature({"a": 2**64})
    "field 'a': expected text that UTF-8 can hold, or a whole number of 64 bits; got 18446744073709551616"
    """
    try:
        "".join(features)
        _ENCODE(features)
    except (TypeError, ValueError, OverflowError):
        for name, value in features.items():
            if not isinstance(name, str) or not is_storable(name):
                return f"features: expected names that UTF-8 can hold, got {shown(name)}"
            if not is_storable(value):
                return f"field {shown(name)}: expected {_STORABLE}; got {shown(value)}"
    return None


_ENCODE: Final = msgspec.msgpack.Encoder(enc_hook=str).encode
_STORABLE: Final = "text that UTF-8 can hold, or a whole number of 64 bits"


_LABELS: Final[dict[Task, str]] = {
    "binary": "True or False",
    "anomaly": "True or False",
    "regression": "a finite number",
    "multiclass": "a class (text, whole number or boolean)",
}
