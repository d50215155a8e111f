"""Values of programs as records have them: NumPy's scalars, `Decimal` and subclasses become Python's own.

A program that embeds the engine has such values at hand; a snapshot and a model need those that JSON has.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from engine.records.values import shown

JSON_SCALARS = frozenset({str, int, float, bool, type(None)})
"""The types of values that are as records have them."""

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def native(value: Any) -> Any:
    """A value as JSON has it, or a `datetime`; what is neither stays as it is, for the contract to judge.

    >>> import numpy as np
    >>> native(np.float32(0.5)), native(np.bool_(True)), native(Decimal("2")), native(Decimal("2.5"))
    (0.5, True, 2, 2.5)
    >>> native(np.datetime64("2013-01-01T00:00:00", "ns"))
    datetime.datetime(2013, 1, 1, 0, 0)
    """
    kind = type(value)
    if kind in JSON_SCALARS:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Decimal):
        return _number(value)
    return _of_numpy(value) if kind.__module__ == "numpy" and hasattr(value, "dtype") else value


def _number(value: Decimal) -> int | float | Decimal:
    """Whole as it is written; never a number of a million digits, which an exponent can stand for."""
    if value.is_snan():
        return value
    return int(value) if value.as_tuple().exponent == 0 else float(value)


def _of_numpy(value: Any) -> Any:
    """A scalar of NumPy as Python's own; arrays, and times that Python cannot hold, stay as they are."""
    if value.dtype.kind == "M" and not getattr(value, "ndim", 1):
        # Of nanoseconds `item` makes a whole number, which looks like a value.
        found = value.astype("datetime64[us]").item()
        return found if found is None or isinstance(found, date) else value
    if value.dtype.kind in "biuf" and not getattr(value, "ndim", 1):
        found = value.item()
        return float(found) if value.dtype.kind == "f" else found
    return value


def native_fields(fields: Mapping[Any, Any]) -> tuple[dict[Any, Any], str | None]:
    """Fields with native names and values, as a dictionary of its own, and what is wrong with a name.

    A snapshot holds names that are text, and whole numbers, which some of River's data sets have.
    """
    found, plain = {**fields}, JSON_SCALARS
    for name, value in found.items():
        if type(name) is not str or type(value) not in plain:
            break
    else:
        return found, None
    found = {native(name): native(value) for name, value in found.items()}
    wrong = next((name for name in found if type(name) is not str and type(name) is not int), None)
    misnamed = wrong is not None or None in found
    return found, f"field name {shown(wrong)}: expected text or a whole number" if misnamed else None


def as_json(value: Any) -> bytes:
    r"""A value of a program as the JSON that a dead letter shows; what JSON does not have is written as text.

    >>> as_json({"a": 2**70, "b": {1}}), as_json("\ud800")
    (b'{"a": 1180591620717411303424, "b": "{1}"}', b'"\\ud800"')
    """
    for options in (0, _OPTIONS):  # names that are all text are written in half the time
        try:
            return orjson.dumps(value, shown, options)
        except (TypeError, ValueError):
            pass
    try:
        return json.dumps(value, default=shown).encode()
    except (TypeError, ValueError, RecursionError):
        return shown(value).encode(errors="backslashreplace")


def moment(value: object) -> datetime | None:
    """A date or a time of Python or pandas; a date is its midnight. `None` for anything else."""
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None
