"""Losses of predictions, at most 1 each: half Brier scores, and squared errors clipped to a robust range.

Regression: label and prediction are clipped to the range from the 1st to the 99th percentile of the clean
stream's labels, and their difference is divided by its width, so that one value far off does not decide
everything. The absolute error, in the label's unit and not clipped, stands beside it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Task = Literal["binary", "multiclass", "regression"]

Said = float | Mapping[Any, float] | None
"""Probability of the positive class, probabilities of classes, or a number; `None` when nothing was said."""

_CLIPPED = (1.0, 99.0)
"""Percentiles of the labels between which errors count."""

_MOST_WIDTHS = 1e6
"""Largest absolute error, in widths of the range: a model may say 1e200, and sums must stay finite."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What losses of a stream are measured by; set by its clean labels.

    Attributes:
        task: What is predicted.
        low: Smallest label that counts as it is, in regression.
        high: Largest one.
        classes: How many classes there are.
    """

    task: Task
    low: float = 0.0
    high: float = 1.0
    classes: int = 2

    def losses(self, said: Sequence[Said], labels: Sequence[Any]) -> Array:
        """The loss of each prediction on its label."""
        if self.task == "regression":
            width = self.high - self.low
            truth = np.clip(np.asarray(labels, float), self.low, self.high)
            served = np.clip(_numbers(said), self.low, self.high)
            return np.where(np.isnan(served), 1.0, ((served - truth) / width) ** 2)
        brier = _half_brier_binary if self.task == "binary" else _half_brier
        nothing = 0.5 * (1.0 - 1.0 / self.classes)
        pairs = zip(said, labels, strict=True)
        return np.array([nothing if one is None else brier(one, label) for one, label in pairs])

    def absolute(self, said: Sequence[Said], labels: Sequence[Any]) -> Array:
        """The absolute error of each prediction, in regression."""
        most = _MOST_WIDTHS * (self.high - self.low)
        errors = np.abs(_numbers(said) - np.asarray(labels, float))
        return np.where(np.isnan(errors), most, np.minimum(errors, most))


def scale_of(task: Task, labels: Sequence[Any]) -> Scale:
    """The scale that the labels of a clean stream set."""
    if task == "regression":
        low, high = np.percentile(np.asarray(labels, float), _CLIPPED)
        return Scale(task, float(low), float(high))
    return Scale(task, classes=len(set(labels)))


def _numbers(said: Sequence[Said]) -> Array:
    """Numbers; NaN where nothing was said."""
    return np.array([one if isinstance(one, int | float) else math.nan for one in said], float)


def _half_brier_binary(said: Any, label: bool) -> float:
    return float((label - said) ** 2)


def _half_brier(said: Any, label: Any) -> float:
    missed = 0.0 if label in said else 1.0
    return float(0.5 * (missed + sum((share - (one == label)) ** 2 for one, share in said.items())))
