"""One line of bytes to a JSON value."""

import json
import re
from typing import Any

import orjson

_NOT_FINITE = re.compile(rb"NaN|Infinity|[eE]\+?[0-9]{3}|[0-9]{309}")


def parse(line: bytes) -> Any:
    """The JSON value of a line, with NaN and infinite numbers where other programs have written them.

    Python's own json module and many others write `NaN` and `Infinity`, which is not JSON. They are read all
    the same: a number that is none is a fault of one field, and the contract decides about fields.

    Raises:
        ValueError: It is not JSON; says why and where.

    >>> parse(b'{"a": NaN, "b": 1e999}')
    {'a': nan, 'b': inf}
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        text = line.decode()
        if not _NOT_FINITE.search(line):
            raise
        try:
            value = json.loads(text, parse_int=_whole)
            # Refuses what orjson would not have read either: half a surrogate pair, very deep nesting.
            orjson.dumps(value)
        except (ValueError, TypeError, RecursionError):
            raise error from None
        return value


def _whole(digits: str) -> int | float:
    """A whole number as orjson reads it, or infinity where orjson gives up."""
    try:
        number: int | float = orjson.loads(digits)
    except orjson.JSONDecodeError:
        return float(digits)
    return number
