"""The scores of a window's served predictions, as Evidently (and scikit-learn) define them.

Evidently computes them together with curves, tables and figures, in about 100 ms; here they take one. A
test holds that both give the same numbers.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from engine.tasks.base import Quality

_LEAST_PROBABILITY = float(np.finfo(np.float64).eps)


def score(quality: Quality) -> dict[str, float]:
    """Every score that the rows were chosen for, by name; one that comes out infinite is left out."""
    if "mae" in quality.scores:
        found = _regression(_numbers(quality.labels), _numbers(quality.predictions))
    elif "rocauc" in quality.scores:
        found = _probability(_numbers(quality.labels), _numbers(quality.predictions))
    else:
        found = _classes(quality)
    return {name: found[name] for name in quality.scores if math.isfinite(found[name])}


def _numbers(values: Sequence[int | float | str]) -> list[float]:
    return [float(value) for value in values]


def _regression(labels: Sequence[float], predictions: Sequence[float]) -> dict[str, float]:
    errors = [truth - predicted for truth, predicted in zip(labels, predictions, strict=True)]
    rows = len(labels)
    squares = math.fsum(error * error for error in errors)
    mean = math.fsum(labels) / rows
    spread = math.fsum((truth - mean) ** 2 for truth in labels)
    # Of constant labels as scikit-learn has it.
    r2 = 1 - squares / spread if spread else float(not squares)
    mae = math.fsum(abs(error) for error in errors) / rows
    return {"mae": mae, "rmse": math.sqrt(squares / rows), "r2": r2}


def _probability(labels: Sequence[float], probabilities: Sequence[float]) -> dict[str, float]:
    """ROC AUC by ranks, ties counting half (Mann and Whitney 1947), and the log loss."""
    truth, predicted = np.array(labels) == 1, np.array(probabilities)
    yes, no = predicted[truth], np.sort(predicted[~truth])
    below = np.searchsorted(no, yes, "left") + np.searchsorted(no, yes, "right")
    auc = int(below.sum()) / 2 / (len(yes) * len(no))
    clipped = np.clip(predicted, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    losses = -np.log(np.where(truth, clipped, 1 - clipped))
    return {"rocauc": auc, "logloss": math.fsum(losses.tolist()) / len(labels)}


def _classes(quality: Quality) -> dict[str, float]:
    pairs = Counter(zip(quality.labels, quality.predictions, strict=True))
    truths, predicted, hits = Counter(quality.labels), Counter(quality.predictions), Counter[object]()
    for (truth, guess), count in pairs.items():
        if truth == guess:
            hits[truth] += count
    found = {"accuracy": hits.total() / len(quality.labels)}
    if quality.positive is None:
        classes = sorted(truths.keys() | predicted.keys(), key=str)
        found["f1"] = math.fsum(_f1(hits[c], truths[c], predicted[c]) for c in classes) / len(classes)
        return found
    hit, true, guessed = (count[quality.positive] for count in (hits, truths, predicted))
    return found | {
        "precision": hit / guessed if guessed else 0.0,
        "recall": hit / true if true else 0.0,
        "f1": _f1(hit, true, guessed),
    }


def _f1(hits: int, truths: int, predicted: int) -> float:
    return 2 * hits / (truths + predicted) if truths + predicted else 0.0
