"""From what a program has at hand to records of the engine, each with its model key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.config import EngineConfig
from engine.errors import InputError
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.keys import ONE_KEY, fields_of, key_of
from engine.records.values import Example, Label, Record, Unreadable
from engine.tasks.registry import find_task

RawRecord = bytes | bytearray | memoryview | str | Mapping[str, Any] | Record | None
"""JSON as bytes or text, its fields, or a record of the engine; anything else becomes a dead letter."""


class Router:
    """Decodes records, and says which model key each belongs to.

    Args:
        config: Names the fields of a record, the key's among them.
    """

    def __init__(self, config: EngineConfig) -> None:
        self._key = config.record.key
        labels = find_task(config.model.task).labels
        self._decoder = Decoder(config.record, labels)
        self._unkeyed = Decoder(_without_key(config.record), labels)

    def made(self, record: Example | Label) -> Example | Label:
        """A record that the caller has built, with values and a label as models learn them.

        Raises:
            InputError: It cannot be one.
        """
        found = self._unkeyed.decode(record)
        if isinstance(found, Unreadable):
            raise InputError(found.reason)
        return found

    def route(
        self, records: Iterable[Any], key: str | None, source: str, position: int, *, is_label: bool
    ) -> Iterator[tuple[str, Record]]:
        """Each record with its key, in order; arguments as in `Keeper.process`."""
        step = 0 if position < 0 else 1
        for record in records:
            if key is None and self._key is not None and not isinstance(record, Example | Label | Unreadable):
                yield self._keyed(record, source, position, is_label=is_label)
            else:
                yield key or ONE_KEY, self._unkeyed.decode(record, source, position, is_label=is_label)
            position += step

    def _keyed(self, record: Any, source: str, position: int, *, is_label: bool) -> tuple[str, Record]:
        """A record whose key is in it, parsed once."""
        given = isinstance(record, Mapping)
        fields = record if given else fields_of(record)
        found = key_of(fields, self._key)
        if fields is None or given:
            return found, self._decoder.decode(record, source, position, is_label=is_label)
        raw = record.encode() if isinstance(record, str) else bytes(record)
        return found, self._decoder.decode_fields(fields, source, position, raw, is_label=is_label)


def _without_key(config: RecordConfig) -> RecordConfig:
    """For records whose key the caller names: then the field need not be there, and is no feature still."""
    if config.key is None:
        return config
    return config.model_copy(update={"key": None, "ignore": [*config.ignore, config.key]})
