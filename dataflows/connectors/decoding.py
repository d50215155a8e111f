"""From the records of a batch to those of the engine: which model key each belongs to, and what it says.

A record is parsed once: the step that needs a field first (the merge by event time, the key) leaves all
of them in the batch, for the decoder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf

from msgspec import structs

from dataflows.connectors.batch import Batch, Fields, MessageName, RawRecord
from engine.events import Event
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.events import DeadLetter
from engine.records.keys import ONE_KEY, fields_of, key_of, keys_of
from engine.records.times import time_reader
from engine.records.values import Record, Unreadable

TimeOf = Callable[[Fields | None], float]
"""Reads the event time from a record's fields."""


def time_of(config: RecordConfig) -> TimeOf | None:
    """Reads the event time from a record's fields, seconds since 1970; `None` when records have no time.

    A record without a readable time has minus infinity: it goes first, and is rejected downstream.
    """
    field, read = config.time, time_reader(config)
    if field is None:
        return None

    def of(fields: Fields | None) -> float:
        time = None if fields is None else read(fields.get(field))
        return -inf if time is None else time

    return of


def by_key(batch: Batch, field: str | None) -> dict[str, Batch]:
    """The records of each model key, in order; without a key field the batch stays whole."""
    if field is None:
        return {ONE_KEY: batch}
    lines = None if batch.parsed else batch.lines()
    keys = None if lines is None else keys_of(lines, field)
    if keys is None:
        batch = replace(batch, parsed=batch.parsed or [*map(fields_of, batch.contents)])
        keys = [
            key_of(None if index in batch.errors else fields, field)
            for index, fields in enumerate(batch.parsed)
        ]
    found: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        found.setdefault(key, []).append(index)
    return {key: batch.select(indices) for key, indices in found.items()}


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


def with_messages(events: list[Event], batches: Iterable[Batch]) -> list[Event]:
    """The events, where rejected records have the key and the headers of the messages that they came in.

    Unmatched labels do not: they may have waited for their example, and which batch they came in must not
    make a difference.
    """
    named = [batch for batch in batches if batch.messages]
    if not named or not any(isinstance(event, DeadLetter) for event in events):
        return events
    found = {
        (record.source, record.offset): name
        for batch in named
        for record, name in zip(batch.records(), batch.messages, strict=True)
        if name is not None
    }
    return [_with_message(event, found) for event in events]


def _with_message(event: Event, found: Mapping[tuple[str, int], MessageName]) -> Event:
    if not isinstance(event, DeadLetter) or event.kind != "rejected":
        return event
    name = found.get((event.source, event.position))
    if name is None:
        return event
    key, headers = name
    return structs.replace(event, message_key=key, message_headers=tuple(headers))
