"""What can be said about the served predictions of a window: only labelled rows, only defined scores.

Evidently scores rows as they come: a label that is missing, a single class or a sum of inverse labels
that is zero raises or gives no number. Here is chosen what it is asked for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from engine.monitoring.types import Cell, Table
from engine.records.config import Task

_LARGEST = 1e100


@dataclass(frozen=True, slots=True)
class Quality:
    """Rows to score together and the scores that are defined on them.

    Attributes:
        labels: The truth of each row: 0 or 1 (binary), text (multiclass) or a number.
        predictions: What was served for it, alike; or the probability of 1.
        scores: Names of scores: accuracy, precision, recall, f1, rocauc, logloss, mae, rmse, r2.
        positive: The class that counts as found; `None` in regression and with other than two classes.
    """

    labels: Sequence[int | float | str]
    predictions: Sequence[int | float | str]
    scores: tuple[str, ...]
    positive: int | str | None


def labelled_rows(table: Table) -> int:
    """How many rows have a label."""
    return sum(label is not None for label in table.columns.get("label", ()))


def find_quality(table: Table, task: Task) -> list[Quality]:
    """What to score; nothing when no row has both a label and a prediction that fit the task."""
    labels = table.columns.get("label", ())
    predictions = table.columns.get("prediction", ())
    pairs = [
        (truth, said)
        for truth, said in zip(labels, predictions, strict=False)
        if truth is not None and said is not None
    ]
    if task == "regression":
        return _regression(pairs)
    if task == "multiclass":
        return _multiclass(pairs)
    return [*_binary(pairs), *_probability(labels, table.columns.get("probability", ()))]


def _binary(pairs: Sequence[tuple[Cell, Cell]]) -> list[Quality]:
    rows = [(int(truth), int(said)) for truth, said in pairs if _is_class(truth) and _is_class(said)]
    if not rows:
        return []
    scores = ["accuracy"]
    if any(said for _, said in rows):
        scores.append("precision")
    if any(truth for truth, _ in rows):
        scores.extend(("recall", "f1"))
    return [Quality([row[0] for row in rows], [row[1] for row in rows], tuple(scores), 1)]


def _probability(labels: Sequence[Cell], probabilities: Sequence[Cell]) -> list[Quality]:
    rows = [
        (int(truth), float(said))
        for truth, said in zip(labels, probabilities, strict=False)
        if _is_class(truth) and isinstance(said, float | int) and 0 <= said <= 1
    ]
    if len({truth for truth, _ in rows}) < 2:
        return []
    return [Quality([row[0] for row in rows], [row[1] for row in rows], ("rocauc", "logloss"), 1)]


def _multiclass(pairs: Sequence[tuple[Cell, Cell]]) -> list[Quality]:
    if not pairs:
        return []
    labels, predictions = [str(truth) for truth, _ in pairs], [str(said) for _, said in pairs]
    classes = sorted({*labels, *predictions})
    if len(classes) == 2:
        # Evidently takes two classes for a binary task, whose F1 is of one class and not the mean of both.
        return [Quality(labels, predictions, ("accuracy",), classes[1])]
    return [Quality(labels, predictions, ("accuracy", "f1"), None)]


def _regression(pairs: Sequence[tuple[Cell, Cell]]) -> list[Quality]:
    rows = [(_number(truth), _number(said)) for truth, said in pairs]
    kept = [(truth, said) for truth, said in rows if truth is not None and said is not None]
    # Evidently weights labels by their inverse for a score of its own that we do not ask for.
    inverse = math.fsum(1 / truth for truth, _ in kept if abs(truth) > 1 / _LARGEST)
    if len(kept) < 2 or not inverse:
        return []
    return [Quality([row[0] for row in kept], [row[1] for row in kept], ("mae", "rmse", "r2"), None)]


def _is_class(cell: Cell) -> TypeGuard[bool]:
    return isinstance(cell, bool | int | float) and cell in (0, 1)


def _number(cell: Cell) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    return float(cell) if abs(cell) <= _LARGEST else None
