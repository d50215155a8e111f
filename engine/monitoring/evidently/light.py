"""The light report: Evidently's metrics, results and tests without its calculations and figures.

Nine tenths of what Evidently does in a report is drawing, by way of Plotly objects. Here the values are
ours, put into the results of Evidently's own metrics, so that its dashboards find the series that they
would find, and the figures are written down as the little JSON that a browser draws them from.
"""

import math
from collections.abc import Iterable
from typing import Any

from engine.monitoring.adaptation import ADAPTATION
from engine.monitoring.columns import Screened
from engine.monitoring.evidently.figures import counters, distribution
from engine.monitoring.evidently.results import BUSINESS, DRIFT, MISSING, ROWS, SCORES, result
from engine.monitoring.evidently.snapshots import Part
from engine.monitoring.measurements import Measurements
from engine.monitoring.types import Check, EvaluationJob
from engine.tasks.base import Quality

_DRIFTS = ("drift", "target drift", "prediction drift", ADAPTATION)


def light_part(job: EvaluationJob, screened: Screened, found: Measurements) -> Part:
    """The light report of a window, as it is written."""
    results: list[tuple[str, dict[str, Any]]] = []
    tests = _by_column(found.checks)
    for column in screened.columns:
        if column.drift is not None:
            # With the limit as configured: each widened one would be a series of its own in Evidently's UI.
            test = {"method": column.drift.method.label, "threshold": float(column.drift.warn)}
            checks = tests.pop((column.name, "drift"), [])
            results.append(result(DRIFT, [found.drift[column.name]], checks, column=column.name, **test))
    for column in screened.columns:
        values = [float(column.current.missing), found.missing[column.name]]
        checks = tests.pop((column.name, "missing"), [])
        results.append(result(MISSING, values, checks, column=column.name))
    for quality in found.quality:
        for name in quality.scores:
            if name in found.scores:
                values = [found.scores[name], *((_spread(quality),) if name == "mae" else ())]
                results.append(result(SCORES[name], values, []))
    rest = [check for checks in tests.values() for check in checks]
    rows = result(ROWS, [float(job.current.rows)], rest)
    business = [result(BUSINESS, [value], [], name=name) for name, value in job.business.items()]
    return Part(dict([rows, *results, *business]), _widgets(job, screened, found))


def _by_column(checks: Iterable[Check]) -> dict[tuple[str, str], list[Check]]:
    """The checks by the result they belong to: a column's drift, its missing values, or the rows'."""
    found: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        what = "drift" if check.name in _DRIFTS else check.name
        found.setdefault((check.column, what), []).append(check)
    return found


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
