"""Class probabilities as an output: the top class, the Brier score, what makes them useless.

`None` stands for every way in which River says "not learned yet" (`None`, `{}`).
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any

from engine.records.values import Target, shown
from engine.tasks.base import Read


def top_class(output: Mapping[Target, float]) -> Target:
    """The most probable class; the first of them in a tie, as River does it.

    >>> top_class({"a": 0.2, "b": 0.7, "c": 0.1}), top_class({False: 0.5, True: 0.5})
    ('b', False)
    """
    if len(output) == 2:  # what binary tasks ask for, twice an event
        (first, p), (second, q) = output.items()
        return second if q > p else first
    return max(output, key=output.__getitem__)


def bounded(loss: float) -> float:
    """The loss, limited to [0, 1]: probabilities may not add up to 1, and NaN costs 1."""
    return max(loss, 0.0) if loss <= 1.0 else 1.0


def probability_error(output: Any) -> str | None:
    """The reason why an output is not a probability for each class; `None` if it is, or is `None`."""
    if output is None:
        return None
    if not isinstance(output, Mapping):
        return f"expected a probability for each class, got {shown(output)}"
    probabilities: Mapping[Any, float] = output
    for label, probability in probabilities.items():
        # A sum of floats may end a little above 1; NaN is neither above nor below.
        if not isinstance(probability, Real) or not 0.0 <= probability <= 1.0 + 1e-6:
            return f"class {shown(label)}: expected a probability from 0 to 1, got {shown(probability)}"
    return None


def repeat_class(last: Any, output: bool) -> Read:
    """The last label as an output: its class, with certainty."""
    return {last: 1.0} if output else None, last, 1.0


def zero_one_loss(prediction: Any, label: Any) -> float:
    """1 if the class is wrong, else 0."""
    return float(prediction != label)
