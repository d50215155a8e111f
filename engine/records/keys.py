"""Which model key a record belongs to."""

from collections.abc import Mapping
from typing import Any

from engine.records.decode import identifier
from engine.records.parse import parse

ONE_KEY = "main"
"""The model key when the configuration names no key field."""

NO_KEY = "no-key"
"""Where records without a readable key go: its engine only rejects and counts."""


def key_of(fields: Mapping[str, Any] | None, field: str | None) -> str:
    """The key that a record's fields name.

    >>> key_of({"shop": 7}, "shop"), key_of({}, "shop"), key_of(None, "shop"), key_of({"shop": 7}, None)
    ('7', 'no-key', 'no-key', 'main')

    Args:
        fields: The record; `None` when it cannot be read.
        field: Which of them is the key; `None` when all records belong to one model.
    """
    if field is None:
        return ONE_KEY
    return (identifier(fields.get(field)) if fields else None) or NO_KEY


def fields_of(content: object) -> dict[str, Any] | None:
    """The fields of a record; `None` when it is not a JSON object, which a decoder rejects.

    >>> fields_of(b'{"a": 1}'), fields_of({"a": 1}), fields_of(b"[]")
    ({'a': 1}, {'a': 1}, None)
    """
    if not isinstance(content, bytes):
        if not isinstance(content, str | bytearray | memoryview):
            return content if isinstance(content, dict) else None
        content = _bytes(content)
    try:
        fields = parse(content)
    except ValueError:
        return None
    return fields if type(fields) is dict else None


def _bytes(content: str | bytearray | memoryview) -> bytes:
    # Half a surrogate pair is no JSON either way.
    return content.encode(errors="surrogatepass") if isinstance(content, str) else bytes(content)
