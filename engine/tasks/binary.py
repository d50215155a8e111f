"""Binary classification: a yes or a no, with the probability of yes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from engine.records.classes import one_class
from engine.records.config import RecordConfig
from engine.records.labels import LabelFormat
from engine.records.values import Scalar, Target
from engine.tasks.aggregation import of_classes, two_classes
from engine.tasks.base import Cells, LearningTask, Quality, Read, Served, scored_pairs
from engine.tasks.baselines import ClassPrior
from engine.tasks.outputs import bounded, probability_error, repeat_class, top_class, zero_one_loss


def _reader(config: RecordConfig) -> Callable[[object], Target | None]:
    """Reads the labels that the configuration calls positive and negative as `True` and `False`."""
    positive, negative = config.positive, config.negative
    yes, no = one_class(positive), one_class(negative)

    def read(value: object) -> bool | None:
        if value == positive:
            return True
        if value == negative:
            return False
        named = one_class(value)
        return named == yes if named in (yes, no) else None

    return read


def _is_label(value: object) -> bool:
    return isinstance(value, bool)


def _expected(config: RecordConfig) -> str:
    return f"the positive ({config.positive!r}) or the negative ({config.negative!r}) class"


def class_names(config: RecordConfig) -> dict[bool, Target]:
    """The two classes as records write them."""
    return {True: config.positive, False: config.negative}


YES_OR_NO = LabelFormat(
    reader=_reader,
    is_label=_is_label,
    shape="True or False",
    expected=_expected,
    values=frozenset({True, False}),
)
"""Labels that are `True` or `False` to models."""


def _brier(output: Mapping[Target, float], label: Target) -> float:
    """Half the Brier score (Brier 1950), from the probability of the label alone."""
    miss: float = 1.0 - output.get(label, 0.0)
    return bounded(miss * miss)


def _serve(output: Mapping[Target, float] | None) -> Served:
    return (None, None, None) if output is None else (top_class(output), output.get(True, 0.0), None)


def _read(output: Any) -> Read:
    return output, top_class(output), output.get(True, 0.0)


def _happened(_: Any, label: Any) -> bool:
    return bool(label)


def decision_quality(labels: Cells, predictions: Cells, probabilities: Cells) -> list[Quality]:
    """Scores of the decisions, and of the probabilities if both classes occur."""
    return [*_decisions(scored_pairs(labels, predictions)), *_probabilities(labels, probabilities)]


def _decisions(pairs: list[tuple[Scalar, Scalar]]) -> list[Quality]:
    rows = [(int(truth), int(said)) for truth, said in pairs if _is_class(truth) and _is_class(said)]
    if not rows:
        return []
    scores = ["accuracy"]
    if any(said for _, said in rows):
        scores.append("precision")
    if any(truth for truth, _ in rows):
        scores.extend(("recall", "f1"))
    return [Quality([row[0] for row in rows], [row[1] for row in rows], tuple(scores), 1)]


def _probabilities(labels: Cells, probabilities: Cells) -> list[Quality]:
    rows = [
        (int(truth), float(said))
        for truth, said in zip(labels, probabilities, strict=False)
        if _is_class(truth) and isinstance(said, float | int) and 0 <= said <= 1
    ]
    if len({truth for truth, _ in rows}) < 2:
        return []
    return [Quality([row[0] for row in rows], [row[1] for row in rows], ("rocauc", "logloss"), 1)]


def _is_class(cell: Scalar | None) -> TypeGuard[bool]:
    return isinstance(cell, bool | int | float) and cell in (0, 1)


BINARY = LearningTask(
    name="binary",
    labels=YES_OR_NO,
    model_kind="classifier",
    default_model=("linear_model.LogisticRegression",),
    loss=_brier,
    bounded_loss=True,
    aggregation=of_classes(_brier, two_classes),
    serve=_serve,
    output_error=probability_error,
    read=_read,
    baseline=ClassPrior,
    baseline_names=("last_label", "majority"),
    repeat_label=repeat_class,
    repeat_loss=zero_one_loss,
    certain_labels=True,
    metrics=("Accuracy",),
    metric_kind="two classes",
    happened=_happened,
    quality=decision_quality,
    classes=True,
    class_names=class_names,
    certainty="probability",
)
