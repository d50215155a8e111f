"""A task of counts, as a new task would be written: one value, registered by one line."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.records.config import RecordConfig
from engine.records.labels import LabelFormat
from engine.records.values import Target
from engine.tasks.regression import REGRESSION


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _reader(_: RecordConfig) -> Callable[[object], Target | None]:
    return lambda value: int(value) if isinstance(value, int) and _is_count(value) else None


def poisson_deviance(output: float, label: float) -> float:
    """Twice the log-likelihood ratio to a perfect forecast; a forecast of nothing or less counts as 1e-3."""
    mean = max(output, 1e-3)
    surprise = label * math.log(label / mean) if label else 0.0
    return 2.0 * (surprise - label + mean)


def _read(output: Any) -> tuple[Any, Any, float]:
    return max(output, 0.0), max(output, 0.0), math.nan


COUNT = replace(
    REGRESSION,
    name="count",
    labels=LabelFormat(_reader, _is_count, "a count", lambda _: "a whole number from 0 on"),
    loss=poisson_deviance,
    serve=lambda output: (None if output is None else max(output, 0.0), None, None),
    read=_read,
    baseline_names=("last_count", "mean_count"),
    metrics=("RMSE",),
)
