"""A window's sampled outcomes as columns, the form in which a judge takes them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.monitoring.values import Cell, Table
from engine.records.events import AnomalyScore, Outcome
from engine.records.values import Target

OWN_COLUMNS = ("label", "prediction", "probability", "score")
"""Columns that are ours; a feature of such a name appears as `feature:name`."""

Serve = Callable[[Any], tuple[Target | None, float | Mapping[Target, float] | None]]


def tabulate(sample: Sequence[Outcome], serve: Serve) -> Table:
    """One column per feature seen in the sample, by name, then the label and what was served."""
    names = sorted({name for outcome in sample for name in outcome.example.features})
    columns: dict[str, list[Cell]] = {
        f"feature:{name}" if name in OWN_COLUMNS else name: [o.example.features.get(name) for o in sample]
        for name in names
    }
    served = [serve(outcome.output) for outcome in sample]
    columns["label"] = [outcome.label for outcome in sample]
    columns["prediction"] = [prediction for prediction, _ in served]
    if any(isinstance(probability, float) for _, probability in served):
        columns["probability"] = [p if isinstance(p, float) else None for _, p in served]
    if any(isinstance(outcome.output, AnomalyScore) for outcome in sample):
        columns["score"] = [getattr(outcome.output, "score", None) for outcome in sample]
    return Table(columns)
