"""Parts of a report become one snapshot, the same bytes in every process."""

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.monitoring.evidently.library import library
from engine.monitoring.types import EvaluationJob

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a report, in Evidently's own values.

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
    model = library().serialization.SnapshotModel(
        report=library().serialization.ReportModel(items=[]),
        name=_name(job),
        timestamp=_moment(job),
        metadata=_metadata(job),
        tags=[],
        metric_results=results,
        top_level_metrics=list(results),
        widgets=[widget for part in parts for widget in part.widgets],
        tests_widgets=library().test_widgets([test for result in results.values() for test in result.tests]),
    )
    kept = model.dict(exclude_none=True)
    for place in ("widgets", "tests_widgets"):
        kept[place] = [widget.dict(exclude_defaults=True) for widget in getattr(model, place)]
    text = json.dumps(kept, cls=library().encoder, separators=(",", ":"))
    drawn = dict.fromkeys(re.findall(rf'"id":"({_UUID})"', text))
    fixed = {name: f"{job.window}-{number}" for number, name in enumerate(drawn)}
    return (
        re.sub(_UUID, lambda found: fixed.get(found[0], found[0]), text).encode() if fixed else text.encode()
    )


def _moment(job: EvaluationJob) -> datetime.datetime:
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(minutes=job.window)


def _metadata(job: EvaluationJob) -> dict[str, Any]:
    return {"key": job.key, "window": job.window, "reference": job.reference_name}


def _name(job: EvaluationJob) -> str:
    return f"{job.key} window {job.window}"
