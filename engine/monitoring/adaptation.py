"""Outputs that move because the model learns, which is no reason to warn.

The outputs of a window are compared with those of the last window that did not fail. When they moved, it is
adaptation, not drift, in two cases:

- They have not settled yet: no two consecutive windows had outputs alike. It takes no labels to see that, and
  it covers the time in which a model, or a detector of anomalies, has learned little.
- The labels say so: the errors on the labelled rows of the window are no larger than before.
"""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from engine.monitoring.columns import OUTPUTS
from engine.monitoring.config import DriftConfig
from engine.monitoring.quality import find_quality
from engine.monitoring.types import Check, EvaluationJob, Table
from engine.tasks.base import Quality

ADAPTATION = "adaptation"
"""Name of a check on outputs that moved as the model learned."""

FEWEST_LABELLED = 30
"""Labelled rows from which on their scores and errors say something."""

_MOVES = frozenset({"prediction drift", "constant", "new column"})
_DEVIATIONS = 3.0
"""Standard errors of a rise of the error that counts; few, since outputs that moved are evidence already."""


def as_adaptation(checks: Sequence[Check], job: EvaluationJob, config: DriftConfig, task: str) -> list[Check]:
    """The checks, with those on outputs that moved as the model learned under a name of their own."""
    outputs = job.outputs
    moved = [check for check in checks if check.column in OUTPUTS and check.name in _MOVES]
    if outputs is None or all(check.status == "pass" for check in moved):
        return list(checks)
    learned = not outputs.settled or not errors_rose(job.current, outputs.rows, task)

    def excused(check: Check) -> bool:
        # Limits of its own are taken as written, once the outputs have settled.
        written = outputs.settled and check.column in config.columns
        return check.status != "pass" and check in moved and learned and not written

    return [replace(check, name=ADAPTATION, status="pass") if excused(check) else check for check in checks]


def errors_rose(current: Table, before: Table, task: str) -> bool:
    """Whether the errors on labelled rows are larger than before, or there are too few rows to say no."""
    now, usual = find_quality(current, task), find_quality(before, task)
    shared = min(len(now), len(usual)) - 1
    if shared < 0:
        return True
    errors, known = _errors(now[shared]), _errors(usual[shared])
    if min(len(errors), len(known)) < FEWEST_LABELLED:
        return True
    rise = _mean(errors) - _mean(known)
    return rise > _DEVIATIONS * math.sqrt(_error_of_mean(errors) + _error_of_mean(known))


def _errors(quality: Quality) -> list[float]:
    """The error of each row: squared for probabilities, absolute for values, 0 or 1 for classes."""
    pairs = zip(quality.labels, quality.predictions, strict=True)
    if "rocauc" in quality.scores:
        return [(float(truth) - float(said)) ** 2 for truth, said in pairs]
    if "mae" in quality.scores:
        return [abs(float(truth) - float(said)) for truth, said in pairs]
    return [float(truth != said) for truth, said in pairs]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _error_of_mean(values: Sequence[float]) -> float:
    """Squared standard error of the mean."""
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values) ** 2
