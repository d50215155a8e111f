"""The light report: Evidently's metrics, results and tests without its calculations and figures.

Nine tenths of what Evidently does in a report is drawing, by way of Plotly objects. Here the values are
ours, put into the results of Evidently's own metrics, so that its dashboards find the series that they
would find, and the figures are written down as the little JSON that a browser draws them from.
"""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.monitoring.adaptation import ADAPTATION
from engine.monitoring.columns import DriftTest, Screened
from engine.monitoring.evidently.business import business_results
from engine.monitoring.evidently.figures import counters, distribution
from engine.monitoring.evidently.library import library
from engine.monitoring.evidently.snapshots import Part
from engine.monitoring.measurements import Measurements
from engine.monitoring.types import Check, EvaluationJob
from engine.monitoring.verdicts import words
from engine.tasks.base import Quality

_DRIFTS = ("drift", "target drift", "prediction drift", ADAPTATION)
_METRICS = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1Score",
    "rocauc": "RocAuc",
    "logloss": "LogLoss",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2Score",
}


def light_part(job: EvaluationJob, screened: Screened, found: Measurements) -> Part:
    """The light report of a window, as it is written."""
    results: dict[str, Any] = {}
    tests = _by_column(found.checks)
    for column in screened.columns:
        if column.drift is not None:
            drift = _template("ValueDrift", **_drift_arguments(column.name, column.drift))
            checks = tests.pop((column.name, "drift"), [])
            results[drift.name] = drift.filled([found.drift[column.name]], checks)
    for column in screened.columns:
        gaps = _template("MissingValueCount", 2, column=column.name)
        values = [float(column.current.missing), found.missing[column.name]]
        results[gaps.name] = gaps.filled(values, tests.pop((column.name, "missing"), []))
    for quality in found.quality:
        for name in quality.scores:
            if name in found.scores:
                values = [found.scores[name], *((_spread(quality),) if name == "mae" else ())]
                score = _template(_METRICS[name], len(values))
                results[score.name] = score.filled(values, [])
    rest = [check for checks in tests.values() for check in checks]
    rows = _template("RowCount")
    counted = {rows.name: rows.filled([float(job.current.rows)], rest)}
    return Part(counted | results | business_results(job.business), _widgets(job, screened, found))


def _by_column(checks: Iterable[Check]) -> dict[tuple[str, str], list[Check]]:
    """The checks by the result they belong to: a column's drift, its missing values, or the rows'."""
    found: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        what = "drift" if check.name in _DRIFTS else check.name
        found.setdefault((check.column, what), []).append(check)
    return found


@dataclass(frozen=True, slots=True)
class _Template:
    """A result of one of Evidently's metrics as it writes it; making one takes as long as its value.

    Attributes:
        name: The metric's id.
        written: The result, with zeros in it.
        slots: The results within it that hold its values; empty when it holds its one value itself.
    """

    name: str
    written: dict[str, Any]
    slots: tuple[str, ...]

    def filled(self, values: Sequence[float], checks: Iterable[Check]) -> dict[str, Any]:
        """The result with its values, and our checks as Evidently's tests.

        They are not part of the metric, whose id their limits would change.
        """
        tests = {"tests": [_test(check, self.written["metric_value_location"]["metric"]) for check in checks]}
        if not self.slots:
            return self.written | tests | {"value": values[0]}
        inner = {
            slot: self.written[slot] | {"value": value}
            for slot, value in zip(self.slots, values, strict=True)
        }
        return self.written | tests | inner


@functools.lru_cache(maxsize=1000)
def _template(name: str, values: int = 1, **arguments: Any) -> _Template:
    """The template of a metric's results, which hold so many values."""
    calculation = getattr(library().metrics, name)(**arguments).to_calculation()
    config = calculation.to_metric_config()
    result = calculation.result(*[0.0] * values)
    result.set_metric_location(config)
    written = result.dict(exclude_none=True)
    slots = tuple(slot for slot, inner in written.items() if isinstance(inner, dict) and "value" in inner)
    return _Template(config.metric_id, written, slots)


def _test(check: Check, metric: dict[str, Any]) -> dict[str, Any]:
    statuses = library().status
    known = {"pass": statuses.SUCCESS, "warn": statuses.WARNING, "fail": statuses.FAIL}
    return {
        "id": check.name.replace(" ", "_"),
        "name": f"{check.name}: {check.column}" if check.column else check.name,
        "description": words(check),
        "metric_config": metric,
        "test_config": {"limit": check.limit},
        "status": known.get(check.status, statuses.ERROR),
    }


def _drift_arguments(column: str, test: DriftTest) -> dict[str, Any]:
    """With the limit as configured: each widened one would be a series of its own in Evidently's UI."""
    return {"column": column, "method": test.method.label, "threshold": test.warn}


def _spread(quality: Quality) -> float:
    """The standard deviation of the absolute errors, of a sample."""
    errors = [
        abs(float(truth) - float(said))
        for truth, said in zip(quality.labels, quality.predictions, strict=True)
    ]
    mean = math.fsum(errors) / len(errors)
    return math.sqrt(math.fsum((error - mean) ** 2 for error in errors) / (len(errors) - 1))


def _widgets(job: EvaluationJob, screened: Screened, found: Measurements) -> list[Any]:
    drifted = found.metrics["drifted_columns"], found.metrics["drift_tested_columns"]
    outputs = "" if job.outputs is None else f", outputs with window {job.outputs.window}"
    widgets = [
        counters(
            f"{job.key}, window {job.window}, compared with {job.reference_name}{outputs}",
            {"rows": job.current.rows, "drifted columns": f"{drifted[0]:.0f} of {drifted[1]:.0f}"}
            | {name: f"{value:.4g}" for name, value in found.scores.items()},
            f"{job.window}-head",
        )
    ]
    if job.business:
        amounts = {name: f"{value:.6g}" for name, value in job.business.items()}
        widgets.append(counters("Business metrics", amounts, f"{job.window}-business"))
    limits = {check.column: check.limit for check in found.checks if check.name in _DRIFTS}
    for number, column in enumerate(screened.columns):
        title = f"Column '{column.name}' missing values: {found.missing[column.name]:.1%}"
        if column.drift is not None:
            value, limit = found.drift[column.name], limits[column.name]
            title = f"Value drift for {column.name}: {value:.3g} (limit {limit:.3g}). {title}"
        widgets.append(distribution(title, column, f"{job.window}-column-{number}"))
    return widgets
