"""The full report: Evidently's presets, with all their figures."""

from collections.abc import Mapping
from typing import Any, Literal

from engine.monitoring.columns import DriftTest, Screened
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently.figures import counters
from engine.monitoring.evidently.frames import dataset, quality_dataset
from engine.monitoring.evidently.library import library
from engine.monitoring.evidently.snapshots import Part, run
from engine.monitoring.measurements import Measurements
from engine.monitoring.types import EvaluationJob
from engine.tasks.base import Quality

_MOST_CLASSES_DRAWN = 30


def full_parts(
    job: EvaluationJob, screened: Screened, found: Measurements, config: MonitoringConfig
) -> list[Part]:
    """The presets that could be run; the page names those that could not."""
    parts: list[Part] = []
    failed: dict[str, str] = {}
    for name, metrics, current, reference in _presets(job, screened, found, config):
        try:
            parts.append(_without_drift(run(metrics, current, reference, job)))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - some of Evidently's errors are not an Exception
            failed[name] = type(error).__name__
    if failed:
        parts.append(Part({}, [counters("Presets that could not be run", failed, f"{job.window}-failed")]))
    return parts


def _presets(
    job: EvaluationJob, screened: Screened, found: Measurements, config: MonitoringConfig
) -> list[tuple[str, list[Any], Any, Any]]:
    presets = library().presets
    current, reference = (_side(job, screened, side) for side in ("current", "reference"))
    asked = [("DataSummaryPreset", [presets.DataSummaryPreset()], current, reference)]
    tested = {column.name: column.drift for column in screened.columns if column.drift is not None}
    if tested:
        drift = presets.DataDriftPreset(
            columns=list(tested), drift_share=config.drift.share_fail, **_drift_arguments(tested, config)
        )
        asked.insert(0, ("DataDriftPreset", [drift], current, reference))
    for quality in found.quality:
        if _can_be_drawn(quality):
            kind = "RegressionPreset" if "mae" in quality.scores else "ClassificationPreset"
            asked.append((kind, [getattr(presets, kind)()], quality_dataset(quality), None))
    return asked


def _without_drift(part: Part) -> Part:
    """Without the drift of each column, which is in the light report under an id that does not change.

    Here the id holds the limit of this window: each would be a series of its own in Evidently's UI.
    """
    kept = {
        name: result
        for name, result in part.results.items()
        if not result.metric_value_location.metric.params["type"].endswith(":ValueDrift")
    }
    return Part(kept, part.widgets)


def _drift_arguments(tested: Mapping[str, DriftTest], config: MonitoringConfig) -> dict[str, Any]:
    """Methods and thresholds as Evidently's preset takes them: those that the window is judged by."""
    common = {kind: config.drift.common(kind)[0].label for kind in ("numeric", "category")}
    other = {
        name: test.method.label for name, test in tested.items() if test.method.label not in common.values()
    }
    return {
        "num_method": common["numeric"],
        "cat_method": common["category"],
        "per_column_threshold": {name: test.limits.warn for name, test in tested.items()},
        **({"per_column_method": other} if other else {}),
    }


def _can_be_drawn(quality: Quality) -> bool:
    """Whether Evidently's preset takes the rows: not with a class that never came, nor with very many."""
    if "mae" in quality.scores or "rocauc" in quality.scores:
        return True
    classes = len({*quality.labels, *quality.predictions})
    return classes <= _MOST_CLASSES_DRAWN if quality.positive is None else classes == 2


def _side(job: EvaluationJob, screened: Screened, side: Literal["current", "reference"]) -> Any:
    if side == "reference" and (job.reference is None or not job.reference.rows):
        return None
    return dataset(screened.columns, side)
