"""From the records of a batch to those of the engine: which model key each belongs to, and what it says.

A record is parsed once: the step that needs a field first (the merge by event time, the key) leaves all
of them in the batch, for the decoder.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import inf

from dataflows.connectors.batch import Batch, Fields, RawRecord
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.keys import ONE_KEY, fields_of, key_of
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
    parsed = batch.parsed or [*map(fields_of, batch.contents)]
    found: dict[str, list[int]] = {}
    for index, fields in enumerate(parsed):
        key = key_of(fields if index not in batch.errors else None, field)
        found.setdefault(key, []).append(index)
    whole = replace(batch, parsed=parsed)
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
