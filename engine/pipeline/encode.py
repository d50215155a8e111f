"""Events to lines of JSON, by output stream, and to the files that go with them.

Streams: `predictions`, `dead_letters`, `reports`, `decisions`, `versions`, `summary`. Every line carries the
model key and a number or name that is unique within its stream and key, the same in every replay.
Numbers that JSON cannot hold (NaN, infinity) become null.
"""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from engine.pipeline.events import Decision, Event, Report, Summary
from engine.records.events import Counts, DeadLetter, Outcome, Prediction
from engine.registry import Version

STREAMS = ("predictions", "dead_letters", "reports", "decisions", "versions", "summary")

_OPTIONS = orjson.OPT_NON_STR_KEYS


def encode(events: Iterable[Event]) -> tuple[dict[str, bytes], list[tuple[str, bytes]]]:
    """Lines by stream, joined with newlines, and the files to write: relative path and content.

    Outcomes have no stream of their own: they can be had from predictions, labels and reports.
    """
    lines: dict[str, list[bytes]] = {}
    files: list[tuple[str, bytes]] = []
    predictions: list[bytes] = []
    for event in events:
        if isinstance(event, Prediction):
            predictions.append(orjson.dumps(event, None, _OPTIONS))
        elif not isinstance(event, Outcome):
            stream, value = _line(event, files)
            lines.setdefault(stream, []).append(orjson.dumps(value, None, _OPTIONS))
    if predictions:
        lines["predictions"] = predictions
    return {stream: b"\n".join(found) + b"\n" for stream, found in lines.items()}, files


def _line(
    event: DeadLetter | Report | Decision | Version | Summary, files: list[tuple[str, bytes]]
) -> tuple[str, Any]:
    if isinstance(event, DeadLetter):
        return "dead_letters", _dead_letter(event)
    if isinstance(event, Decision):
        return "decisions", event
    if isinstance(event, Report):
        return "reports", _report(event, files)
    if isinstance(event, Version):
        return "versions", _version(event, files)
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


def _report(event: Report, files: list[tuple[str, bytes]]) -> dict[str, Any]:
    verdict = event.verdict
    path = None
    if verdict.snapshot:
        path = f"reports/{_file(event.key)}-{event.window:06d}.json"
        files.append((path, verdict.snapshot))
    return {
        "schema": 1,
        "key": event.key,
        "window": event.window,
        "start": event.start,
        "end": event.end,
        "model": event.model,
        "reference": event.reference,
        "status": verdict.status,
        "reason": verdict.reason,
        "scores": event.scores,
        "metrics": dict(verdict.metrics),
        "checks": verdict.checks,
        "evidently": path,
    }


def _version(event: Version, files: list[tuple[str, bytes]]) -> dict[str, Any]:
    path = f"models/{_file(event.key)}-{_file(event.name)}.model"
    files.append((path, event.saved))
    return {
        "key": event.key,
        "name": event.name,
        "parent": event.parent,
        "reason": event.reason,
        "window": event.window,
        "learned": event.learned,
        "time": event.time,
        "scores": dict(event.scores),
        "size": event.size,
        "sha256": event.digest,
        "path": path,
    }


def _summary(event: Summary) -> dict[str, Any]:
    counts: Counts = event.counts
    return {
        "key": event.key,
        "model": event.model,
        "counts": counts,
        "add_up": counts.add_up(),
        "scores": dict(event.scores),
    }


def _file(name: str) -> str:
    """A name as a file name: a key may hold slashes and dots.

    >>> _file("m0.w12"), _file("../a/b")
    ('m0.w12', '%2E%2E%2Fa%2Fb')
    """
    return re.sub(
        r"[^A-Za-z0-9_.-]|^\.+", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name
    )
