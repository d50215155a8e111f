"""What came to a record. What cannot be one becomes `Unreadable` with the reason: nothing is raised."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from engine.records.config import KindConfig, RecordConfig
from engine.records.labels import LabelFormat
from engine.records.native import JSON_SCALARS, as_json, native, native_fields
from engine.records.parse import parse
from engine.records.shape import is_finite
from engine.records.times import time_expected, time_reader
from engine.records.values import Example, Label, Record, Target, Unreadable, shown


def identifier(value: object) -> str | None:
    """An id as text, or `None` when the value cannot be one: only text and whole numbers can."""
    if isinstance(value, str) and value:
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


class _Refused(Exception):  # noqa: N818 - not an error of ours: it only carries the reason up a call
    """A line cannot be a record, for this reason."""


class Decoder:
    """Turns lines of JSON, dictionaries, or fields into records, as the configuration names their fields.

    Args:
        config: Names the fields of a record.
        labels: What a label is: `engine.tasks.registry.find_task(name).labels`.
    """

    def __init__(self, config: RecordConfig, labels: LabelFormat) -> None:
        self._config = config
        self._labels = labels
        self._read_label = labels.reader(config)
        self._read_time = time_reader(config)
        self._longest = config.max_bytes
        self._time_field, self._id_field, self._label_field = config.time, config.id, config.label
        self._key_field, self._kind = config.key, config.kind
        self._needs_label = config.id is None and labels.required
        # The label's field is taken out by itself.
        self._not_features = tuple(name for name in config.not_features() if name != config.label)

    def decode(
        self,
        line: object,
        source: str = "",
        position: int = -1,
        raw: bytes | None = None,
        *,
        is_label: bool = False,
    ) -> Record:
        """Reads one record, whatever a program has it as.

        JSON comes as bytes, `bytearray`, `memoryview` or `str`. A mapping is read as if it had been JSON: it
        is copied and left as it is, and scalars of NumPy, `Decimal`, dates and times become Python's own. So
        they do in an `Example` or a `Label`, whose label may also be written as records write it. Anything
        else, also `None` (a tombstone), is `Unreadable`.

        >>> from engine.tasks.registry import find_task
        >>> decoder = Decoder(RecordConfig(positive="yes", negative="no"), find_task("binary").labels)
        >>> decoder.decode({"id": 1, "time": 5, "x": 0.5, "label": "yes"}).label
        True
        >>> decoder.decode(None).reason
        'expected a record, got None'

        Args:
            line: The record.
            source: Where it came from.
            position: Its offset there.
            raw: Its bytes as they came, when they were not JSON; else they are `line`.
            is_label: Whether it comes from the stream of labels.
        """
        if type(line) is not bytes:
            return self._decode_other(line, source, position, raw, is_label)
        raw = line if raw is None else raw
        if len(line) > self._longest:
            return self._too_long(len(line), source, position, raw)
        try:
            fields = parse(line)
        except ValueError as error:
            return Unreadable(f"not JSON: {error}", source, position, raw)
        if type(fields) is not dict:
            reason = f"expected a JSON object, got {type(fields).__name__}"
            return Unreadable(reason, source, position, raw)
        try:
            return self._record(fields, is_label, source, position, raw)
        except _Refused as refused:
            return Unreadable(str(refused), source, position, raw)

    def _decode_other(
        self, given: object, source: str, position: int, raw: bytes | None, is_label: bool
    ) -> Record:
        """Reads what is not bytes."""
        try:
            if isinstance(given, Example | Label | Unreadable):
                return given if isinstance(given, Unreadable) else self._checked(given)
            if isinstance(given, Mapping):
                return self._mapping(given, source, position, raw, is_label)
            line = _as_bytes(given)
        except _Refused as refused:
            return Unreadable(str(refused), given.source, given.position, given.raw)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - an object of a program may raise anything when it is read
            reason = f"{type(given).__name__} cannot be read: {type(error).__name__}: {error}"
            return Unreadable(reason, source, position, raw or b"")
        if line is None:
            raw = (b"" if given is None else as_json(given)) if raw is None else raw
            return Unreadable(f"expected a record, got {shown(given)}", source, position, raw)
        return self.decode(line, source, position, raw, is_label=is_label)

    def _mapping(
        self, given: Mapping[Any, Any], source: str, position: int, raw: bytes | None, is_label: bool
    ) -> Record:
        """Reads fields as a program has them."""
        fields, misnamed = native_fields(given)
        raw = as_json(fields) if raw is None else raw
        if len(raw) > self._longest:
            return self._too_long(len(raw), source, position, raw)
        if misnamed is not None:
            return Unreadable(misnamed, source, position, raw)
        try:
            value = fields.get(self._label_field)
            if type(value) not in JSON_SCALARS:
                raise _refusal(self._label_field, self._labels.expected(self._config), value)
            return self._record(fields, is_label, source, position, raw)
        except _Refused as refused:
            return Unreadable(str(refused), source, position, raw)

    def _checked(self, given: Example | Label) -> Example | Label:
        """A record that a program has built, with values of Python's own."""
        name, when = identifier(native(given.id)), native(given.time)
        if name is None:
            raise _refusal("id", "text or a whole number", given.id)
        # A number is in seconds already, whatever unit the fields of records have.
        time = float(when) if is_finite(when) else self._read_time(when)
        if time is None:
            raise _refusal("time", time_expected(self._config), given.time)
        if isinstance(given, Label):
            return replace(given, id=name, time=time, value=self._native_label(given.value))
        features, misnamed = native_fields(given.features)
        if misnamed is not None:
            raise _Refused(misnamed)
        label = None if given.label is None else self._native_label(given.label)
        return replace(given, id=name, time=time, features=features, label=label)

    def _native_label(self, given: object) -> Target:
        """A label as models learn it, or as records write it."""
        value = native(given)
        if type(value) not in JSON_SCALARS:
            raise _refusal(self._label_field, self._labels.expected(self._config), value)
        return value if self._labels.is_label(value) else self._label(value)

    def decode_fields(
        self,
        fields: Mapping[str, Any],
        source: str = "",
        position: int = -1,
        raw: bytes = b"",
        *,
        is_label: bool = False,
    ) -> Record:
        """Reads a record whose fields are known already; they are left as they are.

        >>> from engine.tasks.registry import find_task
        >>> decoder = Decoder(RecordConfig(), find_task("binary").labels)
        >>> decoder.decode_fields({"id": 1, "time": 5, "x": 0.5}).features
        {'x': 0.5}

        Args:
            fields: Names and values, as JSON has them.
            source: Where the record came from.
            position: Its offset there.
            raw: Its bytes as they came; empty when it had none.
            is_label: Whether it comes from the stream of labels.
        """
        if len(raw) > self._longest:
            return self._too_long(len(raw), source, position, raw)
        try:
            return self._record({**fields}, is_label, source, position, raw)
        except _Refused as refused:
            return Unreadable(str(refused), source, position, raw)

    def _too_long(self, size: int, source: str, position: int, raw: bytes) -> Unreadable:
        reason = f"expected a record of at most {self._longest} bytes, got {size}"
        return Unreadable(reason, source, position, raw)

    def _record(
        self, fields: dict[str, Any], is_label: bool, source: str, position: int, raw: bytes
    ) -> Example | Label:
        time = 0.0 if self._time_field is None else self._time(fields.get(self._time_field))
        name = f"{source}:{position}" if self._id_field is None else self._id(fields, self._id_field)
        if self._key_field is not None:
            self._id(fields, self._key_field)
        if self._kind is not None:
            is_label = self._is_label(fields, self._kind)
        value = fields.pop(self._label_field, None)
        if value is None and not is_label and not self._needs_label:
            label = None
        else:
            label = self._label(value)
            if is_label:
                return Label(name, time, label, source, position, raw)
        for field in self._not_features:
            fields.pop(field, None)
        return Example(name, time, fields, label, source, position, raw)

    def _time(self, value: object) -> float:
        time = self._read_time(value)
        if time is None:
            raise _refusal(self._time_field, time_expected(self._config), value)
        return time

    def _id(self, fields: dict[str, Any], field: str) -> str:
        value = fields.get(field)
        if type(value) is int:
            return str(value)
        if type(value) is str and value:
            return value
        name = identifier(value)
        if name is None:
            raise _refusal(field, "text or a whole number", value)
        return name

    def _is_label(self, fields: dict[str, Any], kind: KindConfig) -> bool:
        found = fields.get(kind.field)
        if found == kind.label:
            return True
        if found == kind.example:
            return False
        raise _refusal(kind.field, f"{kind.example!r} or {kind.label!r}", found)

    def _label(self, value: object) -> Target:
        label = self._read_label(value)
        if label is None:
            raise _refusal(self._label_field, self._labels.expected(self._config), value)
        return label


def _as_bytes(given: object) -> bytes | None:
    """Text and bytes of any kind as bytes; `None` for anything else."""
    if isinstance(given, str):
        # Half a surrogate pair is no UTF-8, which the parser says.
        return given.encode(errors="surrogatepass")
    return bytes(given) if isinstance(given, bytes | bytearray | memoryview) else None


def _refusal(field: str | None, expected: str, got: object) -> _Refused:
    return _Refused(f"field {field!r}: expected {expected}, got {shown(got)}")
