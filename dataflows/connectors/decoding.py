"""From the records of a batch to those of the engine: which model key each belongs to, and what it says.

A record is parsed once: whoever needs one of its fields first (the merge by event time, the key) leaves all
of them in its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from typing import cast

from dataflows.connectors.batch import Batch, Content, RawRecord
from engine.records.decode import Decoder, event_time, identifier
from engine.records.parse import parse
from engine.records.values import Record, Unreadable

ONE_KEY = "main"
"""The model key when the configuration names no key field."""

NO_KEY = "no-key"
"""Where records without a readable key go: its engine only rejects and counts."""


def parsed(content: Content) -> Content:
    """The fields of a record; bytes that are not a JSON object stay as they are, for a decoder to reject.

    >>> parsed(b'{"a": 1}'), parsed({"a": 1}), parsed(b"[]")
    ({'a': 1}, {'a': 1}, b'[]')
    """
    if not isinstance(content, bytes):
        return content
    try:
        fields = parse(content)
    except ValueError:
        return content
    return fields if type(fields) is dict else content


def time_of(content: Content, field: str) -> float:
    """The event time (seconds since 1970) of a parsed record.

    A record without a readable time has minus infinity: it goes first, and is rejected downstream.
    """
    time = None if isinstance(content, bytes) else event_time(content.get(field))
    return -inf if time is None else time


def key_of(content: Content, field: str) -> str:
    """The model key of a parsed record."""
    return NO_KEY if isinstance(content, bytes) else identifier(content.get(field)) or NO_KEY


def by_key(batch: Batch, field: str | None) -> dict[str, Batch]:
    """The records of each model key, in order; without a key field the batch stays whole."""
    if field is None:
        return {ONE_KEY: batch}
    contents = [*map(parsed, batch.contents)]
    # Where `raws` is empty, every content is bytes.
    whole = replace(batch, contents=contents, raws=batch.raws or cast("list[bytes]", batch.contents))
    found: dict[str, list[int]] = {}
    for index, content in enumerate(contents):
        key = NO_KEY if index in batch.errors else key_of(content, field)
        found.setdefault(key, []).append(index)
    return {key: whole.select(indices) for key, indices in found.items()}


def decode_records(decoder: Decoder, records: Iterable[RawRecord]) -> Iterator[Record]:
    """Records for an engine; one that is already known to be unreadable stays so."""
    decode, decode_fields = decoder.decode, decoder.decode_fields
    for content, source, offset, is_label, raw, error in records:
        if error is not None:
            yield Unreadable(error, source, offset, raw)
        elif isinstance(content, bytes):
            yield decode(content, source, offset, raw, is_label=is_label)
        else:
            yield decode_fields(content, source, offset, raw, is_label=is_label)
