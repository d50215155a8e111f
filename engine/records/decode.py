"""Bytes to records. A line that cannot be one becomes `Unreadable` with the reason: nothing is raised."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from engine.records.config import RecordConfig, Task
from engine.records.values import Example, Label, Record, Target, Unreadable

_MILLISECONDS = 1e11
"""Numbers from here on are milliseconds: as seconds they would lie beyond the year 5138."""


def event_time(value: object) -> float | None:
    """Seconds since 1970 of an event time as records write it, or `None` if it is none.

    Text is ISO 8601, in UTC unless it says otherwise. Numbers from 1e11 on are milliseconds.

    >>> event_time("2013-01-01T00:00:00Z"), event_time(1356998400), event_time(1356998400000)
    (1356998400.0, 1356998400.0, 1356998400.0)
    >>> event_time("yesterday"), event_time(True)
    (None, None)
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value / 1000 if abs(value) >= _MILLISECONDS else float(value)


def read_label(value: object, task: Task, config: RecordConfig) -> Target | None:
    """The label as models learn it (`True`/`False` in a binary task), or `None` if it is not one.

    >>> read_label(1, "binary", RecordConfig()), read_label("maybe", "binary", RecordConfig())
    (True, None)
    """
    if task == "binary":
        if value == config.positive:
            return True
        return False if value == config.negative else None
    if task == "regression":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return value
    return value if isinstance(value, bool | int | str) else None


def identifier(value: object) -> str | None:
    """An id as text, or `None` when the value cannot be one: only text and whole numbers can."""
    if isinstance(value, str) and value:
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


class Decoder:
    """Turns lines of JSON into records, as the configuration names their fields."""

    def __init__(self, config: RecordConfig, task: Task) -> None:
        self._config = config
        self._task: Task = task
        names = (config.id, config.time, config.key, config.kind.field if config.kind else None)
        self._not_features = tuple(name for name in (*names, *config.ignore) if name)

    def decode(self, line: bytes, source: str = "", position: int = -1, *, is_label: bool = False) -> Record:
        """Reads one line; `is_label` says that it comes from the stream of labels."""

        def unreadable(reason: str) -> Unreadable:
            return Unreadable(reason, source, position, line)

        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return unreadable(f"not JSON: {error}")
        if type(fields) is not dict:
            return unreadable(f"expected a JSON object, got {type(fields).__name__}")
        config = self._config
        time: float | None = 0.0
        if config.time is not None:
            time = event_time(fields.get(config.time))
            if time is None:
                return unreadable(
                    f"field {config.time!r}: expected an event time (ISO 8601 or seconds since 1970), "
                    f"got {fields.get(config.time)!r}"
                )
        name: str | None = f"{source}:{position}"
        if config.id is not None:
            name = identifier(fields.get(config.id))
            if name is None:
                return unreadable(
                    f"field {config.id!r}: expected an id (text or a whole number), got {fields.get(config.id)!r}"
                )
        if config.kind is not None:
            kind = fields.get(config.kind.field)
            if kind == config.kind.label:
                is_label = True
            elif kind != config.kind.example:
                return unreadable(
                    f"field {config.kind.field!r}: expected {config.kind.example!r} or "
                    f"{config.kind.label!r}, got {kind!r}"
                )
        assert time is not None  # noqa: S101 - narrows the types; both were returned on above
        assert name is not None  # noqa: S101
        return self._record(fields, name, time, is_label, unreadable, (source, position, line))

    def _record(
        self,
        fields: dict[str, Any],
        name: str,
        time: float,
        is_label: bool,
        unreadable: Callable[[str], Unreadable],
        origin: tuple[str, int, bytes],
    ) -> Record:
        value = fields.pop(self._config.label, None)
        label = None
        if value is not None or is_label:
            label = read_label(value, self._task, self._config)
            if label is None:
                return unreadable(
                    f"field {self._config.label!r}: {value!r} is not {_expected(self._task, self._config)}"
                )
        if is_label:
            assert label is not None  # noqa: S101 - narrows the type; returned on above
            return Label(name, time, label, *origin)
        if label is None and self._config.id is None:
            return unreadable(
                f"field {self._config.label!r}: missing, and without an id no later label can be joined"
            )
        for key in self._not_features:
            fields.pop(key, None)
        return Example(name, time, fields, label, *origin)


def _expected(task: Task, config: RecordConfig) -> str:
    if task == "binary":
        return f"the positive ({config.positive!r}) or the negative ({config.negative!r}) class"
    return "a finite number" if task == "regression" else "a class (text, whole number or boolean)"
