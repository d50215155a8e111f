"""Events to the lines of the output streams, and to the files that go with them.

Every event has a row (`engine.rows`) but outcomes: they can be had from predictions, labels and reports.
Numbers that JSON cannot hold (NaN, infinity) become null; text that UTF-8 cannot hold (half a surrogate
pair, from a program that embeds the engine) is written with escapes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np
import orjson

from engine.core.event_rows import report_path, row_of
from engine.events import Event, FullReport, Report
from engine.records.events import Outcome, Prediction, PredictionLines
from engine.records.values import shown
from engine.rows import BytesRow, DeadLetterRow, Row, VersionRow

_OPTIONS = orjson.OPT_NON_STR_KEYS
_ENCODER = msgspec.json.Encoder()
_OMITTED: Mapping[type, Mapping[str, object]] = {
    BytesRow: {"encoding": "utf-8", "bytes": None, "sha256": ""},
    DeadLetterRow: {
        "raw_encoding": "utf-8",
        "raw_bytes": None,
        "raw_sha256": "",
        "message_key": None,
        "message_headers": (),
    },
    VersionRow: {"config_sha256": "", "code": {}, "libraries": {}},
}
"""Fields that a line does not have when they hold this."""

_UNWRITABLE = TypeError, ValueError, OverflowError


class Line(NamedTuple):
    """One line of an output stream.

    Attributes:
        stream: The output stream.
        key: What a message of it is keyed by: the example's id for a prediction, else the model key.
        id: Unique in the stream, and the same in every replay.
        line: The row as JSON, without a newline.
    """

    stream: str
    key: str
    id: str
    line: bytes


class Chunk(msgspec.Struct, frozen=True):
    """Lines of one output stream, in order.

    Attributes:
        stream: The output stream.
        text: The lines, each with its newline.
        names: Key and id of each line; empty when lines of this stream are not addressed one by one.
    """

    stream: str
    text: bytes
    names: tuple[tuple[str, str], ...] = ()

    def lines(self) -> Iterator[Line]:
        """The lines one by one.

        Raises:
            ValueError: When they were encoded without names.
        """
        for (key, id_), line in zip(self.names, self.text.splitlines(), strict=True):
            yield Line(self.stream, key, id_, line)


def encode(
    events: Iterable[Event], addressed: Collection[str] = ()
) -> tuple[dict[str, Chunk], list[tuple[str, bytes]]]:
    """Lines by stream, and the files to write: relative path and content.

    Args:
        events: What the engine gave.
        addressed: Streams whose lines must each have a key and an id.
    """
    found: dict[str, list[Row]] = {}
    files: list[tuple[str, bytes]] = []
    predictions: list[Prediction] = []
    parts: list[Chunk] = []
    named = "predictions" in addressed
    for event in events:
        kind = type(event)
        if kind is Prediction:
            predictions.append(event)  # type: ignore[arg-type]  # kind says so
        elif isinstance(event, PredictionLines):
            if predictions:
                parts.append(_predictions(predictions, addressed=named))
                predictions = []
            parts.append(Chunk("predictions", event.text, _names_in(event.text) if named else ()))
        elif isinstance(event, FullReport):
            files.append((report_path(event), event.content))
        elif kind is not Outcome:
            row = row_of(event)
            found.setdefault(row.stream, []).append(row)
            if isinstance(event, Report) and event.verdict.snapshot:
                files.append((report_path(event), event.verdict.snapshot))
    chunks = {stream: _chunk(stream, rows, addressed=stream in addressed) for stream, rows in found.items()}
    if predictions:
        parts.append(_predictions(predictions, addressed=named))
    if parts:
        names = chain.from_iterable(part.names for part in parts)
        chunks["predictions"] = Chunk("predictions", b"".join([part.text for part in parts]), tuple(names))
    return chunks, files


def _chunk(stream: str, found: list[Row], *, addressed: bool) -> Chunk:
    text = b"".join(_json(row) + b"\n" for row in found)
    if not addressed:
        return Chunk(stream, text)
    return Chunk(stream, text, tuple((_text(row.key), _text(f"{row.key}/{row.unique}")) for row in found))


def _predictions(found: list[Prediction], *, addressed: bool) -> Chunk:
    """All at once; one by one when one of them holds what JSON does not."""
    try:
        text = _ENCODER.encode_lines(found)
    except _UNWRITABLE:
        text = b"".join(map(_prediction, found))
    if not addressed:
        return Chunk("predictions", text)
    return Chunk("predictions", text, _names_of(found))


class _Named(msgspec.Struct):
    """What names a prediction, of its line."""

    id: str
    key: str
    sequence: int


_NAMED = msgspec.json.Decoder(_Named)


def _names_in(text: bytes) -> tuple[tuple[str, str], ...]:
    """Key and id of each line of predictions."""
    return _names_of(_NAMED.decode_lines(text))


def _names_of(found: Iterable[Prediction | _Named]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(one.id), _text(f"{one.key}/{one.sequence}")) for one in found)


def _prediction(prediction: Prediction) -> bytes:
    # The bytes of one must not depend on those it is written with.
    try:
        return _ENCODER.encode(prediction) + b"\n"
    except _UNWRITABLE:
        return _json(prediction) + b"\n"


def as_line(event: Event) -> bytes:
    """An event as its line in the run folder has it, without the newline.

    An outcome has no line; it gives what it knows of its prediction, with the label and the loss.
    """
    if isinstance(event, Prediction):
        return _prediction(event).removesuffix(b"\n")
    return _json(_of_outcome(event) if isinstance(event, Outcome) else row_of(event))


def as_dict(event: Event) -> dict[str, Any]:
    """The same, decoded.

    >>> as_dict(Prediction("a", 0.0, True, 0.75, "m0", 0, "main"))["probability"]
    0.75
    """
    return dict(orjson.loads(as_line(event)))


def _of_outcome(event: Outcome) -> dict[str, Any]:
    names = ("time", "output", "label", "loss", "model", "sequence", "correction")
    return {"id": event.example.id} | {name: getattr(event, name) for name in names}


def _json(value: msgspec.Struct | dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value, _fields, _OPTIONS)
    except TypeError:
        return orjson.dumps(_writable(value), None, _OPTIONS)


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a struct, which orjson does not know."""
    if not isinstance(value, msgspec.Struct):
        raise TypeError
    found = msgspec.structs.asdict(value)
    for name, default in _OMITTED.get(type(value), {}).items():
        if found[name] == default:
            del found[name]
    return {name: value for name, value in found.items() if value is not msgspec.UNSET}


def _text(text: str) -> str:
    """Text as its line has it."""
    return text.encode(errors="backslashreplace").decode()


def _writable(value: Any) -> Any:
    """A value as JSON can hold it: users' models, keys and ids may be anything."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, msgspec.Struct):
        value = _fields(value)
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_writable(name): _writable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    if isinstance(value, float):
        return float(value)
    fits = value is None or (isinstance(value, int) and -(2**63) <= value < 2**64)
    return value if fits else shown(value)
