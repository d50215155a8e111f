"""The light report: Evidently's metrics, results and tests without its calculations and figures.

Nine tenths of what Evidently does in a report is drawing, by way of Plotly objects. Here the values are
ours, put into the results of Evidently's own metrics, so that its dashboards find the series that they
would find, and the figures are written down as the little JSON that a browser draws them from.
"""

import functools
import math
from collections.abc import Iterable
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
    """The light report of a window."""
    results: dict[str, Any] = {}
    rows = _put(results, "RowCount", float(job.current.rows))
    tests = _by_column(found.checks)
    for column in screened.columns:
        if column.drift is not None:
            arguments = _drift_arguments(column.name, column.drift)
            drift = _put(results, "ValueDrift", found.drift[column.name], **arguments)
            drift.set_tests(_tests(drift, tests.pop((column.name, "drift"), [])))
    for column in screened.columns:
        share = found.missing[column.name]
        missing = sum(cell is None for cell in column.current)
        gaps = _put(results, "MissingValueCount", float(missing), share, column=column.name)
        gaps.set_tests(_tests(gaps, tests.pop((column.name, "missing"), [])))
    for quality in found.quality:
        for name in quality.scores:
            if name in found.scores:
                spread = (_spread(quality),) if name == "mae" else ()
                _put(results, _METRICS[name], found.scores[name], *spread)
    rows.set_tests(_tests(rows, [check for rest in tests.values() for check in rest]))
    results |= business_results(job.business)
    return Part(results, _widgets(job, screened, found))


def _by_column(checks: Iterable[Check]) -> dict[tuple[str, str], list[Check]]:
    """The checks by the result they belong to: a column's drift, its missing values, or the rows'."""
    found: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        what = "drift" if check.name in _DRIFTS else check.name
        found.setdefault((check.column, what), []).append(check)
    return found


@functools.lru_cache(maxsize=1000)
def _calculation(name: str, **arguments: Any) -> tuple[Any, Any]:
    """A metric of Evidently's, ready to take a result; building and naming one takes as long as its value."""
    metric = getattr(library().metrics, name)(**arguments)
    calculation = metric.to_calculation()
    return calculation, calculation.to_metric_config()


def _put(results: dict[str, Any], name: str, *values: float, **arguments: Any) -> Any:
    calculation, config = _calculation(name, **arguments)
    result = calculation.result(*values)
    result.set_metric_location(config)
    results[config.metric_id] = result
    return result


def _drift_arguments(column: str, test: DriftTest) -> dict[str, Any]:
    """With the limit as configured: each widened one would be a series of its own in Evidently's UI."""
    return {"column": column, "method": test.method.label, "threshold": test.warn}


def _tests(result: Any, checks: Iterable[Check]) -> list[Any]:
    """Our checks as Evidently's tests; not as part of the metric, whose id their limits would change."""
    statuses = library().status
    known = {"pass": statuses.SUCCESS, "warn": statuses.WARNING, "fail": statuses.FAIL}
    return [
        library().types.MetricTestResult(
            id=check.name.replace(" ", "_"),
            name=f"{check.name}: {check.column}" if check.column else check.name,
            description=words(check),
            metric_config=result.metric_value_location.metric,
            test_config={"limit": check.limit},
            status=known.get(check.status, statuses.ERROR),
        )
        for check in checks
    ]


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
