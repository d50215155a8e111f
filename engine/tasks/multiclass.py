"""Multiclass classification: one of several classes, with a probability for each."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.records.classes import one_class
from engine.records.config import RecordConfig
from engine.records.labels import LabelFormat
from engine.records.values import Target
from engine.tasks.aggregation import adding_up, classes, of_classes
from engine.tasks.base import Cells, LearningTask, Quality, Read, Served, scored_pairs
from engine.tasks.baselines import ClassPrior
from engine.tasks.outputs import bounded, probability_error, repeat_class, top_class, zero_one_loss

_CLASSES = frozenset({bool, int, str})
_SHAPE = "a class (text, whole number or boolean)"


def _is_label(value: object) -> bool:
    # Not subclasses: a text or number of NumPy's would not come out of a snapshot as it went in.
    return type(value) in _CLASSES


def _reader(_: RecordConfig) -> Callable[[object], Target | None]:
    def read(value: object) -> Target | None:
        if type(value) is int:  # the most frequent case
            return value
        named = one_class(value)
        return named if isinstance(named, int | str) else None

    return read


def _expected(_: RecordConfig) -> str:
    return _SHAPE


def _brier(output: Mapping[Target, float], label: Target) -> float:
    """Half the Brier score (Brier 1950), so that it lies in [0, 1]."""
    squares = sum(p * p for p in output.values())
    return bounded((squares - 2.0 * output.get(label, 0.0) + 1.0) / 2.0)


def _serve(output: Mapping[Target, float] | None) -> Served:
    return (None, None, None) if output is None else (top_class(output), output, None)


def _read(output: Any) -> Read:
    top = top_class(output)
    return output, top, output[top]


def _happened(top: Any, label: Any) -> bool:
    return bool(top == label)


def _quality(labels: Cells, predictions: Cells, _: Cells) -> list[Quality]:
    pairs = scored_pairs(labels, predictions)
    if not pairs:
        return []
    truths, said = [str(truth) for truth, _ in pairs], [str(prediction) for _, prediction in pairs]
    classes = sorted({*truths, *said})
    if len(classes) == 2:
        # Evidently takes two classes for a binary task, whose F1 is of one class and not the mean of both.
        return [Quality(truths, said, ("accuracy",), classes[1])]
    return [Quality(truths, said, ("accuracy", "f1"), None)]


MULTICLASS = LearningTask(
    name="multiclass",
    labels=LabelFormat(reader=_reader, is_label=_is_label, shape=_SHAPE, expected=_expected),
    model_kind="classifier",
    default_model=("linear_model.SoftmaxRegression",),
    loss=_brier,
    bounded_loss=True,
    aggregation=of_classes(lambda output, label: _brier(adding_up(output), label), classes),
    serve=_serve,
    output_error=probability_error,
    read=_read,
    baseline=ClassPrior,
    baseline_names=("last_label", "majority"),
    repeat_label=repeat_class,
    repeat_loss=zero_one_loss,
    certain_labels=True,
    metrics=("Accuracy",),
    metric_kind="classes",
    happened=_happened,
    quality=_quality,
    classes=True,
    certainty="probability",
)
