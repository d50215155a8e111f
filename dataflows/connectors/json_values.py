"""Values of other formats (Avro, Parquet) as JSON has them, without writing JSON."""

import datetime
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

_UNCHANGED = {str, int, bool, type(None)}


def as_json(value: Any) -> Any:
    """What a value would be after it was written as JSON and read again.

    Times and dates become ISO 8601, decimals numbers, durations seconds, bytes text (Latin-1); a number
    that is not finite becomes null.

    Raises:
        TypeError: JSON has nothing for it.

    >>> as_json({"at": datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC), "price": [Decimal("1.50")]})
    {'at': '2013-01-01T00:00:00Z', 'price': [1.5]}
    """
    kind = type(value)
    if kind in _UNCHANGED:
        return value
    if kind is float:
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        text = value.isoformat()
        return f"{text[:-6]}Z" if text.endswith("+00:00") else text
    if isinstance(value, Decimal):
        return as_json(float(value))
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"JSON has no {type(value).__name__}")
