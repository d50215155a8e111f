"""What a model's output says, for scores: the one place where it becomes a class and a probability."""

import math
from collections.abc import Callable
from typing import Any

from engine.models.tasks import top_class
from engine.records.config import Task
from engine.records.values import Target

Reader = Callable[[Any], tuple[Any, Target | None, float]]
"""Takes an output; gives it as metrics take it, what was predicted, and how probable that was said to be.

Binary: the served class, and the probability of the positive one. Multiclass: the served class and its own
probability. Regression: the value, and NaN, which nothing reads. Anomaly: the score, the decision (`None`
without a threshold), and the score again.
"""


def reader(task: Task) -> Reader:
    """Reads the outputs of a task.

    >>> reader("binary")({True: 0.25, False: 0.75})[1:], reader("multiclass")({"a": 0.25, "b": 0.75})[1:]
    ((False, 0.25), ('b', 0.75))
    """
    return {"binary": _binary, "multiclass": _classes, "regression": _value, "anomaly": _score}[task]


def _binary(output: Any) -> tuple[Any, Target, float]:
    return output, top_class(output), output.get(True, 0.0)


def _classes(output: Any) -> tuple[Any, Target, float]:
    top = top_class(output)
    return output, top, output[top]


def _value(output: Any) -> tuple[Any, Target, float]:
    return output, output, math.nan


def _score(output: Any) -> tuple[Any, Target | None, float]:
    return output.score, output.anomalous, output.score
