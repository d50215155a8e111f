"""Which model key a record belongs to."""

import contextlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from engine.records.decode import identifier
from engine.records.parse import parse

ONE_KEY = "main"
"""The model key when the configuration names no key field."""

NO_KEY = "no-key"
"""Where records without a readable key go: its engine only rejects and counts."""


_plain_keys: Callable[[list[bytes], str], list[str | None]] | None = None
"""The crate's: of each line the key, "" without one, and `None` where the line is not plain."""
with contextlib.suppress(ImportError, AttributeError):
    _plain_keys = import_module("riverkeeper_native").plain_keys


def keys_of(lines: list[bytes], field: str) -> list[str] | None:
    """The keys that lines of JSON name; `None` without the crate, where all must be parsed for it.

    >>> keys_of([b'{"shop": 7}', b'{"shop": [7]}', b"?"], "shop") in (None, ["7", "no-key", "no-key"])
    True
    """
    if _plain_keys is None:
        return None
    return [
        key_of(fields_of(line), field) if key is None else key or NO_KEY
        for line, key in zip(lines, _plain_keys(lines, field), strict=True)
    ]


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
