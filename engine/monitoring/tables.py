"""A window's sampled outcomes as columns, the form in which a judge takes them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from engine.monitoring.types import Cell, Table
from engine.records.events import Outcome
from engine.records.values import Example, by_feature
from engine.tasks.base import Served

OWN_COLUMNS = ("label", "prediction", "probability", "score")
"""Columns that are ours; a feature of such a name appears as `feature:name`."""


def feature_of(column: str) -> str:
    """The feature in a column: those named as a column of ours are under another name.

    >>> feature_of("hour"), feature_of("feature:label"), feature_of("feature:x")
    ('hour', 'label', 'feature:x')
    """
    own = column.removeprefix("feature:") if isinstance(column, str) else column  # a number, in River's data
    return own if own in OWN_COLUMNS else column


_NUMBERS = float, int

Serve = Callable[[Any], Served]


@runtime_checkable
class ByColumns(Protocol):
    """Outcomes that are held in a way that gives columns sooner than rows."""

    def features(self) -> list[tuple[str, list[Cell]]]:
        """Names of features, each with a cell an outcome."""

    def labels(self) -> list[Cell]:
        """The label of each."""

    def served(self, serve: Serve) -> tuple[list[Any], list[Any], list[Any]]:
        """Predictions, probabilities and scores, which `serve` makes of an output."""


def tabulate(sample: Sequence[Outcome], serve: Serve) -> Table:
    """One column per feature seen in the sample, by name, then the label and what was served."""
    if isinstance(sample, ByColumns):
        columns = _named(dict(sample.features()))
        columns["label"] = sample.labels()
        predictions, probabilities, scores = sample.served(serve)
    else:
        columns = _named(by_feature([outcome.example.features for outcome in sample]))
        columns["label"] = [outcome.label for outcome in sample]
        predictions, probabilities, scores = _served(sample, serve)
    columns["prediction"] = predictions
    if any(isinstance(probability, float | int) for probability in probabilities):
        columns["probability"] = [float(p) if isinstance(p, _NUMBERS) else None for p in probabilities]
    if any(score is not None for score in scores):
        columns["score"] = scores
    return Table(columns)


def _served(sample: Sequence[Outcome], serve: Serve) -> tuple[list[Any], ...]:
    """Predictions, probabilities and scores."""
    if not sample:
        return [], [], []
    return tuple(map(list, zip(*[serve(outcome.output) for outcome in sample], strict=True)))


def tabulate_examples(examples: Sequence[Example]) -> Table:
    """The same of rows that nobody has predicted: features, and labels if there are any."""
    columns = _named(by_feature([example.features for example in examples]))
    if any(example.label is not None for example in examples):
        columns["label"] = [example.label for example in examples]
    return Table(columns)


def _named(features: Mapping[str, list[Cell]]) -> dict[str, list[Cell]]:
    return {
        f"feature:{name}" if name in OWN_COLUMNS else name: features[name]
        for name in sorted(features, key=str)
    }
