"""Labelled outputs to score, and River's own metrics on them, for the tests of scores."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from river import linear_model, metrics

from engine.errors import ConfigError
from engine.evaluation.config import ScoresConfig
from engine.evaluation.metrics import choose
from engine.evaluation.progressive_scores import Scores
from engine.models.operations import task_ops
from engine.tasks.outputs import top_class

OPS = {
    "binary": task_ops("binary", linear_model.LogisticRegression()),
    "multiclass": task_ops("multiclass", linear_model.LogisticRegression()),
    "regression": task_ops("regression", linear_model.LinearRegression()),
}
TASKS: tuple[str, ...] = ("binary", "multiclass", "regression")

Event = tuple[Any, Any]
"""An output and its label."""


def make(task: str, *names: str | dict[str, Any], **settings: Any) -> Scores:
    return Scores(ScoresConfig(metrics=list(names), **settings), task)


def loss_of(task: str, output: Any, label: Any) -> float:
    loss = OPS[task].loss(output, label)
    assert loss is not None
    return loss


def update(scores: Scores, task: str, output: Any, label: Any) -> None:
    scores.update(output, label, OPS[task].loss(output, label), scores.last_label)


def fill(scores: Scores, task: str, events: Sequence[Event]) -> Scores:
    for output, label in events:
        update(scores, task, output, label)
    return scores


def accepted(task: str, **settings: Any) -> list[str]:
    """Every metric of River that can be kept for the task."""
    names = []
    for name in metrics.__all__:
        try:
            choose(ScoresConfig(metrics=[name], **settings), task)
        except ConfigError:
            continue
        names.append(name)
    return sorted(set(names))


def river(name: str, **settings: Any) -> Any:
    """A metric of River's, most of which have no types."""
    return getattr(metrics, name)(**settings)


def rivers_own(name: str, task: str, events: Sequence[Event], weights: Sequence[float] = ()) -> Any:
    """River's metric, updated event by event as its documentation does it; NaN where it raises.

    River's metrics begin at 0, and so does the area under a curve of one class; neither is a score.
    """
    if not events or (name == "ROCAUC" and len({label for _, label in events}) < 2):
        return math.nan
    metric = river(name)
    for number, (output, label) in enumerate(events):
        said = top_class(output) if task != "regression" and metric.requires_labels else output
        try:
            metric.update(label, said, *weights[number : number + 1])
        except ValueError:
            continue  # RMSLE below -1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return metric.get()
    except ZeroDivisionError:
        return math.nan


def _binary(probability: float, label: bool) -> Event:
    return {False: 1 - probability, True: probability}, label


def _multiclass(shares: Sequence[float], label: str) -> Event:
    total = sum(shares)
    return {name: share / total for name, share in zip("abc", shares, strict=True)}, label


_probabilities = st.one_of(
    st.floats(0, 1), st.sampled_from([i / 9 for i in range(10)] + [i / 10 for i in range(11)])
)
_values = st.integers(-8, 1000).map(lambda number: number / 16)
_events: dict[str, st.SearchStrategy[Event]] = {
    "binary": st.builds(_binary, _probabilities, st.booleans()),
    "multiclass": st.builds(
        _multiclass, st.tuples(*[st.floats(0.01, 1)] * 3), st.sampled_from(["a", "b", "c", "d"])
    ),
    "regression": st.tuples(_values, _values),
}


def streams(task: str, smallest: int = 0, largest: int = 40) -> st.SearchStrategy[list[Event]]:
    return st.lists(_events[task], min_size=smallest, max_size=largest)
