"""What a record must be, whatever the contract says: a stream processor may hand in anything."""

import sys
from collections.abc import Mapping
from typing import Final, TypeGuard

from engine.records.config import Task
from engine.records.values import Example, Label, Target, Unreadable, shown

_LARGEST: Final = sys.float_info.max


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
    )


def _wrong_field(record: Example | Label, task: Task) -> tuple[str, str, object] | None:
    """Its name, what was expected, and what came."""
    if not isinstance(record.id, str):
        return "id", "text", record.id
    if not is_finite(record.time):
        return "event time", "a finite number", record.time
    label: Target | None
    if isinstance(record, Label):
        label, needed = record.value, True
    elif isinstance(record.features, dict | Mapping):  # nearly always a dict, and that is known at once
        label, needed = record.label, record.label is not None
    else:
        return "features", "names and values", record.features
    return ("label", _LABELS[task], label) if needed and not is_label(label, task) else None


def is_finite(value: object) -> TypeGuard[int | float]:
    """Whether it is a number that arithmetic can bear: not NaN, not infinite, within the range of floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST


def is_label(value: object, task: Task) -> TypeGuard[Target]:
    """Whether models of the task can learn it."""
    if task == "regression":
        return is_finite(value)
    if task == "multiclass":
        return isinstance(value, bool | int | str)
    return isinstance(value, bool)


_LABELS: Final[dict[Task, str]] = {
    "binary": "True or False",
    "anomaly": "True or False",
    "regression": "a finite number",
    "multiclass": "a class (text, whole number or boolean)",
}
