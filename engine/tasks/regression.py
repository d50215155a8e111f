"""Regression: a number."""

import math
from collections.abc import Callable
from typing import Any

from engine.records.config import RecordConfig
from engine.records.labels import LabelFormat
from engine.records.shape import is_finite
from engine.records.values import Scalar, Target
from engine.tasks.aggregation import OF_VALUES
from engine.tasks.base import Cells, LearningTask, Quality, Read, Served, no_output_error, scored_pairs
from engine.tasks.baselines import RunningMean

_SHAPE = "a finite number"
_NUMBERS = frozenset({int, float})
_LARGEST = 1e100
"""Largest magnitude that is scored: squares beyond would overflow."""


def _reader(_: RecordConfig) -> Callable[[object], Target | None]:
    def read(value: object) -> Target | None:
        return value if is_finite(value) else None

    return read


def _expected(_: RecordConfig) -> str:
    return _SHAPE


def _is_label(value: object) -> bool:
    # Not subclasses: a snapshot could not hold a number of NumPy's.
    return type(value) in _NUMBERS and is_finite(value)


def _absolute_error(output: float, label: float) -> float:
    return abs(output - label)


def _serve(output: float | None) -> Served:
    return output, None, None


def _read(output: Any) -> Read:
    return output, output, math.nan


def _repeat(last: Any, _: bool) -> Read:
    return last, last, last


def _repeat_loss(last: Any, label: Any) -> float:
    return abs(float(last) - float(label))


def _quality(labels: Cells, predictions: Cells, _: Cells) -> list[Quality]:
    rows = [(_number(truth), _number(said)) for truth, said in scored_pairs(labels, predictions)]
    kept = [(truth, said) for truth, said in rows if truth is not None and said is not None]
    # Evidently weights labels by their inverse for a score of its own that we do not ask for.
    inverse = math.fsum(1 / truth for truth, _ in kept if abs(truth) > 1 / _LARGEST)
    if len(kept) < 2 or not inverse:
        return []
    return [Quality([row[0] for row in kept], [row[1] for row in kept], ("mae", "rmse", "r2"), None)]


def _number(cell: Scalar) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    return float(cell) if abs(cell) <= _LARGEST else None


REGRESSION = LearningTask(
    name="regression",
    labels=LabelFormat(reader=_reader, is_label=_is_label, shape=_SHAPE, expected=_expected),
    model_kind="regressor",
    default_model=(
        {
            "type": "preprocessing.TargetStandardScaler",
            # Robust, since one value far out, of a feature or the label, throws plain least squares off for
            # hundreds of events: Huber's loss (1964) bounds the gradient, RMSProp the step of each weight.
            "regressor": {
                "type": "linear_model.LinearRegression",
                "loss": {"type": "optim.losses.Huber", "epsilon": 1.0},
                "optimizer": {"type": "optim.RMSProp", "lr": 0.003},
            },
        },
    ),
    loss=_absolute_error,
    bounded_loss=False,
    aggregation=OF_VALUES,
    serve=_serve,
    output_error=no_output_error,
    read=_read,
    baseline=RunningMean,
    baseline_names=("last_value", "mean"),
    repeat_label=_repeat,
    repeat_loss=_repeat_loss,
    certain_labels=False,
    metrics=("MAE",),
    metric_kind="values",
    quality=_quality,
    classes=False,
    certainty=None,
)
