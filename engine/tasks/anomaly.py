"""Anomaly detection: a score for how unusual an example is, with a decision if there is a threshold."""

from dataclasses import replace
from typing import Any

from engine.records.events import AnomalyScore
from engine.records.values import Target
from engine.tasks.aggregation import heaviest, of_classes
from engine.tasks.base import LearningTask, Read, Served, no_output_error
from engine.tasks.baselines import MajorityClass
from engine.tasks.binary import YES_OR_NO, class_names, decision_quality
from engine.tasks.outputs import repeat_class, zero_one_loss


def _wrong_decision(output: AnomalyScore, label: Target) -> float | None:
    return None if output.anomalous is None else float(output.anomalous != label)


def _serve(output: AnomalyScore | None) -> Served:
    return (None, None, None) if output is None else (output.anomalous, None, output.score)


def _read(output: Any) -> Read:
    return output.score, output.anomalous, output.score


ANOMALY = LearningTask(
    name="anomaly",
    labels=replace(YES_OR_NO, required=False),
    model_kind="anomaly detector",
    default_model=("preprocessing.MinMaxScaler", {"type": "anomaly.HalfSpaceTrees", "seed": 1}),
    unsupervised=True,
    loss=_wrong_decision,
    bounded_loss=True,
    aggregation=of_classes(lambda output, label: _wrong_decision(output, label) or 0.0, heaviest),
    serve=_serve,
    output_error=no_output_error,
    read=_read,
    baseline=MajorityClass,
    baseline_names=("last_label", "majority"),
    repeat_label=repeat_class,
    repeat_loss=zero_one_loss,
    certain_labels=True,
    metrics=("RollingROCAUC",),
    metric_kind="two classes",
    quality=decision_quality,
    classes=True,
    class_names=class_names,
    certainty="score",
)
