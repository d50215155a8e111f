"""Binary classification: a yes or a no, with the probability of yes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.records.classes import one_class
from engine.records.config import RecordConfig
from engine.records.labels import LabelFormat
from engine.records.values import Target
from engine.tasks.aggregation import of_classes, two_classes
from engine.tasks.base import Cells, LearningTask, Quality, Read, Served
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
    truths = _classes(labels)
    return [*_decisions(truths, _classes(predictions)), *_probabilities(truths, probabilities)]


def _decisions(truths: Sequence[int | None], predictions: Sequence[int | None]) -> list[Quality]:
    pairs = zip(truths, predictions, strict=False)
    rows = [(truth, said) for truth, said in pairs if truth is not None and said is not None]
    if not rows:
        return []
    scores = ["accuracy"]
    known, guessed = [truth for truth, _ in rows], [said for _, said in rows]
    if any(guessed):
        scores.append("precision")
    if any(known):
        scores.extend(("recall", "f1"))
    return [Quality(known, guessed, tuple(scores), 1)]


def _probabilities(truths: Sequence[int | None], probabilities: Cells) -> list[Quality]:
    rows = [
        (truth, float(said))
        for truth, said in zip(truths, probabilities, strict=False)
        if truth is not None and isinstance(said, (float, int)) and 0 <= said <= 1
    ]
    if len({truth for truth, _ in rows}) < 2:
        return []
    return [Quality([row[0] for row in rows], [row[1] for row in rows], ("rocauc", "logloss"), 1)]


def _classes(cells: Cells) -> list[int | None]:
    """0 or 1 for each cell that is one of them, whatever its type; `None` for others."""
    found: dict[Any, int] = {
        cell: int(cell) for cell in {*cells} if isinstance(cell, int | float) and cell in (0, 1)
    }
    return [*map(found.get, cells)]


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
