"""Results of Evidently's metrics as its snapshots have them, written without Evidently.

Importing Evidently takes seconds and 300 MB, and a light report has values of its own: all that it needs of
Evidently's metrics is how a snapshot names them. A test compares each with what Evidently itself writes.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.monitoring.types import Check
from engine.monitoring.verdicts import words

_STATUSES = {"pass": "SUCCESS", "warn": "WARNING", "fail": "FAIL"}
STATUSES = (*_STATUSES.values(), "ERROR")
"""Evidently's statuses of tests, as its pages count them."""


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One of Evidently's metrics.

    Attributes:
        place: Its class, by module: a metric's id is made of that.
        title: How a page names it, with its parameters in braces.
        constants: Parameters that are never given, with their defaults.
        slots: Names and titles of its values; none when it has one.
        kind: What its result is.
    """

    place: str
    title: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    slots: tuple[tuple[str, str], ...] = ()
    kind: str = "SingleValue"


def _of_classes(name: str, title: str = "{} metric", **constants: bool) -> Metric:
    known = {"classification_name": "default", **constants}
    return Metric(f"evidently.metrics.classification.{name}", title.format(name), known)


def _of_numbers(name: str, title: str, **constants: bool) -> Metric:
    known = {"regression_name": "default", **constants}
    return Metric(f"evidently.metrics.regression.{name}", title, known)


def _with_slots(metric: Metric, kind: str, **slots: str) -> Metric:
    return replace(metric, kind=kind, slots=tuple(slots.items()))


_MISSING = "Column '{column}' missing values"
_ERROR = "Mean Absolute Error"

DRIFT = Metric("evidently.metrics.column_statistics.ValueDrift", "Value drift for {column}")
MISSING = _with_slots(
    Metric("evidently.metrics.column_statistics.MissingValueCount", _MISSING),
    "CountValue",
    count=_MISSING,
    share=_MISSING,
)
ROWS = Metric("evidently.metrics.dataset_statistics.RowCount", "Row count in dataset")
BUSINESS = Metric("engine.monitoring.evidently.business.BusinessMetric", "Business metric {name}")
"""A metric of ours, so that Evidently's dashboards show business metrics; there is no class of that name."""

SCORES = {
    "accuracy": _of_classes("Accuracy"),
    "precision": _of_classes("Precision", conf_matrix=True, pr_curve=False, pr_table=False),
    "recall": _of_classes("Recall", conf_matrix=True, pr_curve=False, pr_table=False),
    "f1": _of_classes("F1Score", "F1 score metric", conf_matrix=True),
    "rocauc": _of_classes("RocAuc", roc_curve=True, pr_table=False),
    "logloss": _of_classes("LogLoss", pr_table=False),
    "mae": _with_slots(
        _of_numbers("MAE", _ERROR, error_plot=False, error_distr=True, error_normality=False),
        "MeanStdValue",
        mean=_ERROR,
        std="Std Absolute Error",
    ),
    "rmse": _of_numbers("RMSE", "RMSE", error_plot=False, error_distr=True, error_normality=False),
    "r2": _of_numbers("R2Score", "R2 Score", error_distr=False, error_normality=False),
}
"""The metrics of scores, by our names."""


def result(
    metric: Metric, values: Sequence[float], checks: Iterable[Check], **parameters: Any
) -> tuple[str, dict[str, Any]]:
    """A metric's id and its result, with our checks as Evidently's tests.

    They are not part of the metric, whose id their limits would change.

    Args:
        metric: The metric.
        values: One for each of its slots.
        checks: What was found of it.
        parameters: The metric's parameters.
    """
    name, described = _described(metric, tuple(sorted(parameters.items())))
    tests = [_test(check, described) for check in checks]
    title = metric.title.format(**parameters)
    whole = _written(metric.kind, title, described, {}, tests)
    if not metric.slots:
        return name, whole | {"value": values[0]}
    for (slot, shown), value in zip(metric.slots, values, strict=True):
        at, title = {"value_type": slot}, shown.format(**parameters)
        whole[slot] = _written("SingleValue", title, described, at, []) | {"value": value}
    return name, whole


@functools.lru_cache(maxsize=1000)
def _described(metric: Metric, parameters: tuple[tuple[str, Any], ...]) -> tuple[str, dict[str, Any]]:
    """A metric's id, and how it is written: the id is of its class and of what is not a default."""
    content = f"{metric.place}{parameters}".encode("utf-8", "surrogatepass")
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    kind = {"type": f"evidently:metric_v2:{metric.place.rpartition('.')[2]}"}
    return name, {"metric_id": name, "params": kind | dict(parameters) | dict(metric.constants)}


def _written(
    kind: str, title: str, metric: dict[str, Any], at: dict[str, str], tests: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "type": f"evidently:metric_result_v2:{kind}",
        "display_name": title,
        "metric_value_location": {"metric": metric, "param": at},
        "tests": tests,
    }


def _test(check: Check, metric: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": check.name.replace(" ", "_"),
        "name": f"{check.name}: {check.column}" if check.column else check.name,
        "description": words(check),
        "metric_config": metric,
        "test_config": {"limit": check.limit},
        "status": _STATUSES.get(check.status, "ERROR"),
    }
