"""Events to lines of JSON, by output stream, and to the files that go with them.

Streams: `predictions`, `dead_letters`, `breaches`, `first_looks`, `drifts`, `reports`, `decisions`,
`versions`, `alerts` and `summary`. Every line carries the model key and what is unique within its stream
and key, the same in every replay: a number, a name or an id; of dead letters the position; of breaches the
position and the reason.
Numbers that JSON cannot hold (NaN, infinity) become null; text that UTF-8 cannot hold (half a surrogate
pair, from a program that embeds the engine) is written with escapes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
import numpy as np
import orjson

from engine.core.streams import file_name
from engine.evaluation.business_metrics import BusinessTotal
from engine.events import Alert, Decision, Event, Report, Summary, WindowScores
from engine.monitoring.detectors.detectors import Drift
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.records.events import ContractViolation, Counts, DeadLetter, Outcome, Prediction
from engine.records.values import shown
from engine.registry.versions import Version
from engine.supervision.suspicion import PairedLosses

_AS_THEY_ARE = {
    ContractViolation: "breaches",
    PreliminaryVerdict: "first_looks",
    Drift: "drifts",
    Decision: "decisions",
    Alert: "alerts",
}

_OPTIONS = orjson.OPT_NON_STR_KEYS


def encode(events: Iterable[Event]) -> tuple[dict[str, bytes], list[tuple[str, bytes]]]:
    """Lines by stream, joined with newlines, and the files to write: relative path and content.

    Outcomes have no stream of their own: they can be had from predictions, labels and reports.
    """
    lines: dict[str, list[bytes]] = {}
    files: list[tuple[str, bytes]] = []
    predictions: list[Prediction] = []
    for event in events:
        kind = type(event)
        if kind is Prediction:
            predictions.append(event)  # type: ignore[arg-type]  # kind says so
        elif kind is not Outcome:
            stream, value = _line(event, files)  # type: ignore[arg-type]  # neither of the two
            lines.setdefault(stream, []).append(_json(value))
    written = {stream: b"\n".join(found) + b"\n" for stream, found in lines.items()}
    if predictions:
        written["predictions"] = _predictions(predictions)
    return written, files


_ENCODER = msgspec.json.Encoder()


def _predictions(found: list[Prediction]) -> bytes:
    """All at once; one by one when one of them holds what JSON does not."""
    try:
        return _ENCODER.encode_lines(found)
    except _UNWRITABLE:
        return b"".join(map(_prediction, found))


_UNWRITABLE = TypeError, ValueError, OverflowError


def _prediction(prediction: Prediction) -> bytes:
    # What becomes of one must not depend on what it is written with.
    try:
        return _ENCODER.encode(prediction) + b"\n"
    except _UNWRITABLE:
        return _json(prediction) + b"\n"


def as_row(event: Decision | Version) -> dict[str, Any]:
    """What the line of a decision or version says."""
    return dict(orjson.loads(_json(event.row() if isinstance(event, Version) else event)))


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, None, _OPTIONS)
    except TypeError:
        return orjson.dumps(_writable(value), None, _OPTIONS)


def _writable(value: Any) -> Any:
    """A value as JSON can hold it: what users' models, keys and ids may be is not always so."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_writable(name): _writable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    if isinstance(value, float):
        return float(value)
    fits = value is None or (isinstance(value, int) and -(2**63) <= value < 2**64)
    return value if fits else shown(value)


def _line(
    event: DeadLetter
    | ContractViolation
    | PreliminaryVerdict
    | Drift
    | Report
    | Decision
    | Version
    | Alert
    | Summary,
    files: list[tuple[str, bytes]],
) -> tuple[str, Any]:
    if isinstance(event, DeadLetter):
        return "dead_letters", _dead_letter(event)
    if isinstance(event, ContractViolation | PreliminaryVerdict | Drift | Decision | Alert):
        return _AS_THEY_ARE[type(event)], event
    if isinstance(event, Report):
        return "reports", _report(event, files)
    if isinstance(event, Version):
        return "versions", event.row()
    return "summary", _summary(event)


def _dead_letter(event: DeadLetter) -> dict[str, Any]:
    try:
        raw = event.raw.decode()
    except UnicodeDecodeError:
        # Latin-1 gives every byte back; the mark says that it was not UTF-8.
        return _dead_letter_fields(event, event.raw.decode("latin-1")) | {"raw_encoding": "latin-1"}
    return _dead_letter_fields(event, raw)


def _dead_letter_fields(event: DeadLetter, raw: str) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "reason": event.reason,
        "source": event.source,
        "position": event.position,
        "key": event.key,
        "raw": raw,
    }


def report_path(event: Report) -> str:
    """Where Evidently's report of the window is kept, if there is one."""
    return f"reports/{file_name(event.key)}-{event.window:06d}.json"


def _report(event: Report, files: list[tuple[str, bytes]]) -> dict[str, Any]:
    verdict = event.verdict
    path = report_path(event) if verdict.snapshot else None
    if path is not None:
        files.append((path, verdict.snapshot))
    return {
        "schema": 2,
        "key": event.key,
        "window": event.window,
        "start": event.start,
        "end": event.end,
        "model": event.model,
        "reference": event.reference,
        "status": verdict.status,
        "reason": verdict.reason,
        "scores": _window_scores(event.scores),
        "metrics": dict(verdict.metrics),
        "checks": verdict.checks,
        "evidently": path,
    }


def _summary(event: Summary) -> dict[str, Any]:
    counts: Counts = event.counts
    standing = event.standing
    return {
        "schema": 1,
        "key": event.key,
        "model": event.model,
        "counts": counts,
        "add_up": counts.add_up(),
        "scores": dict(standing.scores),
        "baselines": {name: dict(scores) for name, scores in standing.baselines.items()},
        "calibration_error": standing.calibration_error,
        "calibration": standing.calibration,
        "business": _business(standing.business),
        "undefined": dict(standing.undefined),
        "challengers": _compared(event.challengers),
        "decided": dict(event.decided),
    }


def _window_scores(scores: WindowScores) -> dict[str, Any]:
    return msgspec.structs.asdict(scores) | {
        "business": _business(scores.business),
        "shadows": _compared(scores.shadows),
        "challengers": _compared(scores.challengers),
    }


def _compared(tallies: Mapping[str, PairedLosses]) -> dict[str, Any]:
    return {
        name: {"events": tally.events, "loss": tally.means()[1], "champion_loss": tally.means()[0]}
        for name, tally in tallies.items()
    }


def _business(business: Mapping[str, BusinessTotal]) -> dict[str, Any]:
    return {
        name: {
            "events": worth.events,
            "undefined": worth.undefined,
            "sum": worth.total,
            "mean": worth.mean,
        }
        for name, worth in business.items()
    }
