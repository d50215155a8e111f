"""Parts of a report become one snapshot, the same bytes in every process."""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.monitoring.evidently.figures import tests
from engine.monitoring.evidently.library import library
from engine.monitoring.types import EvaluationJob

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a report: Evidently's own values, or the dicts that they are written as.

    Attributes:
        results: Result of each metric, by the metric's id.
        widgets: What the page shows.
    """

    results: dict[str, Any]
    widgets: list[Any]


def run(metrics: Sequence[Any], current: Any, reference: Any, job: EvaluationJob) -> Part:
    """Has Evidently compute metrics and presets, with their figures."""
    report = library().evidently.Report(list(metrics))
    model = report.run(
        current, reference, timestamp=_moment(job), metadata=_metadata(job), name=_name(job)
    ).to_snapshot_model()
    return Part(dict(model.metric_results), list(model.widgets))


def joined(parts: Sequence[Part], job: EvaluationJob) -> bytes:
    """One snapshot of all parts; of a metric that is in several, the first result stays.

    Its time is 1970 plus a minute for each window: no clock is read, and Evidently's own pages keep the
    order. The ids of widgets are numbered instead of drawn from the clock.
    """
    results: dict[str, Any] = {}
    for part in parts:
        for name, result in part.results.items():
            results.setdefault(name, result)
    found = {name: _written(result, exclude_none=True) for name, result in results.items()}
    # As Evidently's `SnapshotModel` has it, which would take each value apart and check it again.
    kept = {
        "report": {"items": []},
        "name": _name(job),
        "timestamp": _moment(job).isoformat(),
        "metadata": {name: str(value) for name, value in _metadata(job).items()},
        "tags": [],
        "metric_results": found,
        "top_level_metrics": list(found),
        "widgets": [_written(one, exclude_defaults=True) for part in parts for one in part.widgets],
        "tests_widgets": _tests_widgets(found, f"{job.window}-tests"),
    }
    text = json.dumps(kept, default=_plain, separators=(",", ":"))
    drawn = dict.fromkeys(re.findall(rf'"id":"({_UUID})"', text))
    fixed = {name: f"{job.window}-{number}" for number, name in enumerate(drawn)}
    for name, number in fixed.items():
        text = text.replace(name, number)
    return text.encode()


def _written(value: Any, **excluded: bool) -> dict[str, Any]:
    return value if isinstance(value, dict) else dict(value.dict(**excluded))


def _tests_widgets(results: Mapping[str, Any], name: str) -> list[Any]:
    found = [test for one in results.values() for test in one["tests"]]
    if not found:
        return []
    statuses = [
        str(getattr(test["status"], "value", test["status"])) for test in found
    ]  # Evidently's are an enum
    return tests(statuses, [test["name"] for test in found], [test["description"] for test in found], name)


def _plain(value: Any) -> Any:
    """What is not JSON: NumPy's values, or whatever Evidently writes as JSON in a way of its own."""
    return value.item() if isinstance(value, np.generic) else library().encoder().default(value)


def _moment(job: EvaluationJob) -> datetime.datetime:
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(minutes=job.window)


def _metadata(job: EvaluationJob) -> dict[str, Any]:
    return {"key": job.key, "window": job.window, "reference": job.reference_name}


def _name(job: EvaluationJob) -> str:
    return f"{job.key} window {job.window}"
