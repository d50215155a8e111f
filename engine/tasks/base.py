"""A learning task as one value: labels, outputs, losses, baselines, metrics and window scores.

A task travels by name (in the configuration, in snapshots, between processes). A component looks its task up
once, when it is constructed (`engine.tasks.registry.find_task`), and binds the functions that it calls per
record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from engine.records.config import RecordConfig
from engine.records.labels import LabelFormat
from engine.records.values import Scalar, Target
from engine.tasks.aggregation import Aggregation

ModelKind = Literal["classifier", "regressor", "anomaly detector"]
"""The kind of River model; `engine.models.kinds` says how each kind predicts and learns."""

MetricKind = Literal["two classes", "classes", "values"]
"""The River metrics that fit: all of classes, those of any number of classes, or those of values."""

Served = tuple[Target | None, float | Mapping[Target, float] | None, float | None]
"""The prediction, the probability that belongs to it, and the anomaly score; each may be `None`."""

Read = tuple[Any, Target | None, float]
"""An output as metrics take it, the predicted class or value, and a probability (or score, or NaN)."""

Reader = Callable[[Any], Read]
"""Reads an output that is not `None`."""

Cells = Sequence[Scalar | None]
"""A column of a window's rows; `None` is a missing value."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Rows to score together and the scores that are defined on them.

    Attributes:
        labels: The truth of each row: 0 or 1 (binary), text (multiclass) or a number.
        predictions: The served prediction of each row, of the same type; or the probability of 1.
        scores: Names of scores: accuracy, precision, recall, f1, rocauc, logloss, mae, rmse, r2.
        positive: The positive class; `None` in regression and unless there are two classes.
    """

    labels: Sequence[int | float | str]
    predictions: Sequence[int | float | str]
    scores: tuple[str, ...]
    positive: int | str | None


class Baseline(Protocol):
    """A forecaster that ignores the features."""

    def score(self, label: Any, *, output: bool) -> tuple[Read, float] | None:
        """The output before this label is known and its loss; then learns the label.

        Args:
            label: The truth.
            output: Whether the caller reads the first entry of the output.

        Returns:
            `None` before the first label.
        """

    def correct(self, before: Any, label: Any) -> None:
        """Replaces a label that was learned."""

    def state(self) -> bytes:
        """The snapshot state, encoded: every baseline has its own type."""

    def restore(self, state: bytes) -> None:
        """Continues from a snapshot state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningTask:
    """Everything that depends on what is predicted.

    Attributes:
        name: As `model.task` names it.
        labels: How a label is read, and which values are labels.
        model_kind: The kind of River model that solves the task.
        default_model: The steps of `model = "auto"` behind the preprocessing; see `engine.models.factory`.
        unsupervised: Whether models learn from features alone, and so before the label arrives.
        loss: The loss of an output on a label; `None` if the output decides nothing.
        bounded_loss: Whether the loss lies in [0, 1].
        aggregation: How the outputs of several models become one.
        serve: The served values of an output, which may be `None`.
        output_error: The reason why an output is useless for the task; `None` if it is fine.
        read: An output (never `None`) as scores take it: how metrics take it, the predicted class or value,
            and the probability that metrics and calibration use.
        baseline: Makes a baseline.
        baseline_names: Names of the last-label baseline and of `baseline`.
        repeat_label: The last label as an output, as `read` returns it; the flag says whether the caller
            reads the first entry.
        repeat_loss: The loss of the last label, given as a prediction, on the next one.
        certain_labels: Whether a label as an output has a probability of 1, so that label and class determine
            every metric.
        metrics: The metrics of a configuration that names none.
        metric_kind: The metrics that fit.
        happened: Whether the event came true whose probability `read` returns, from predicted class and
            label; `None` if outputs are not probabilities, so that there is no calibration.
        quality: The scores that are defined on a window, from the columns of labels, predictions and
            probabilities.
        classes: Whether labels and predictions are classes: columns of categories, errors of 0 and 1.
        class_names: Classes by name, as a cost matrix must name them; `None` if the data decides which exist.
        certainty: The variable of a business expression that says how certain the prediction is; `None` if
            none does.
    """

    name: str
    labels: LabelFormat
    model_kind: ModelKind
    default_model: tuple[str | dict[str, Any], ...]
    unsupervised: bool = False
    loss: Callable[[Any, Any], float | None]
    bounded_loss: bool
    aggregation: Aggregation
    serve: Callable[[Any], Served]
    output_error: Callable[[Any], str | None]
    read: Reader
    baseline: Callable[[], Baseline]
    baseline_names: tuple[str, str]
    repeat_label: Callable[[Any, bool], Read]
    repeat_loss: Callable[[Any, Any], float]
    certain_labels: bool
    metrics: tuple[str, ...]
    metric_kind: MetricKind
    happened: Callable[[Any, Any], bool] | None = None
    quality: Callable[[Cells, Cells, Cells], list[Quality]]
    classes: bool
    class_names: Callable[[RecordConfig], dict[bool, Target]] | None = None
    certainty: Literal["probability", "score"] | None


def scored_pairs(labels: Cells, predictions: Cells) -> list[tuple[Scalar, Scalar]]:
    """Labels and predictions of the rows that have both."""
    return [
        (label, prediction)
        for label, prediction in zip(labels, predictions, strict=False)
        if label is not None and prediction is not None
    ]


def no_output_error(_: Any) -> None:
    """For tasks whose outputs are numbers, which predicting has made sure of already."""
