"""Progressive scores of the served predictions, always beside a baseline.

Progressive (prequential) evaluation, Gama, Sebastião and Rodrigues (2013): every labelled event is
scored with the prediction that was served for it, before any model learns from it.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from river import metrics

from engine.errors import ConfigError
from engine.learning.config import ScoresConfig
from engine.models.tasks import top_class
from engine.records.config import Task
from engine.records.events import AnomalyScore, Output
from engine.records.values import Target

_DEFAULT = {
    "binary": ["Accuracy"],
    "multiclass": ["Accuracy"],
    "regression": ["MAE"],
    "anomaly": ["RollingROCAUC"],
}


def make_metrics(config: ScoresConfig, task: Task) -> dict[str, metrics.base.Metric]:
    """The metrics by name.

    Raises:
        ConfigError: When River has no such metric, or it does not fit the task.
    """
    wanted = metrics.base.RegressionMetric if task == "regression" else metrics.base.ClassificationMetric
    made: dict[str, metrics.base.Metric] = {}
    for name in config.metrics or _DEFAULT[task]:
        kind = getattr(metrics, name, None)
        if not inspect.isclass(kind) or not issubclass(kind, metrics.base.Metric):
            raise ConfigError(f"scores.metrics: River has no metric {name!r}")
        only_binary = issubclass(kind, metrics.base.BinaryMetric)
        if not issubclass(kind, wanted) or (only_binary and task not in {"binary", "anomaly"}):
            raise ConfigError(f"scores.metrics: {name} is not a metric of a {task} task")
        try:
            made[name] = kind()
            float(made[name].get())
        except (TypeError, NotImplementedError) as error:
            raise ConfigError(
                f"scores.metrics: {name} is not one number without settings: {error}"
            ) from error
    return made


class Baseline:
    """What one gets without a model: class shares so far, or the mean label so far."""

    def __init__(self, task: Task) -> None:
        self._regression = task == "regression"
        self._anomaly = task == "anomaly"
        self._labels = 0
        self._total = 0.0
        self._classes: dict[Target, int] = {}

    def output(self) -> Output | None:
        """What the baseline says before the next label; `None` before the first."""
        if not self._labels:
            return None
        if self._regression:
            return self._total / self._labels
        if self._anomaly:
            share = self._classes.get(True, 0) / self._labels
            return AnomalyScore(share, share > 0.5)
        return {name: count / self._labels for name, count in self._classes.items()}

    def learn(self, label: Target) -> None:
        """Learns one label."""
        self._labels += 1
        if self._regression:
            self._total += float(label)
        else:
            self._classes[label] = self._classes.get(label, 0) + 1


@dataclass(slots=True)
class Totals:
    """Sums of losses over the same events: divide by `scored` for the means."""

    scored: int = 0
    loss: float = 0.0
    baseline_loss: float = 0.0

    def add(self, loss: float, baseline_loss: float) -> None:
        """Adds one scored event."""
        self.scored += 1
        self.loss += loss
        self.baseline_loss += baseline_loss


class Scores:
    """Scores over the whole run; predictions served as `None` are counted elsewhere, not scored."""

    def __init__(self, config: ScoresConfig, task: Task, loss: Callable[[Any, Any], float | None]) -> None:
        self._metrics = make_metrics(config, task)
        self._classes = task != "regression"
        self._loss = loss
        self._baseline = Baseline(task)
        self._totals = Totals()
        self._bind()

    def _bind(self) -> None:
        self._updates = [
            (metric.update, self._classes and bool(getattr(metric, "requires_labels", True)))
            for metric in self._metrics.values()
        ]

    def update(self, output: Any, label: Target, loss: float | None) -> float:
        """Scores one served output; returns the baseline's loss on the same label.

        The baseline has nothing to say before its first label; there it is given the model's own loss.
        """
        before = self._baseline.output()
        self._baseline.learn(label)
        baseline = (loss if before is None else self._loss(before, label)) or 0.0
        if loss is not None:
            self._totals.add(loss, baseline)
        for update, needs_label in self._updates:
            if isinstance(output, AnomalyScore):
                said: Any = output.anomalous if needs_label else output.score
            else:
                said = top_class(output) if needs_label else output
            if said is not None:
                update(label, said)
        return baseline

    def correct(
        self, output: Any, before: Target, label: Target, loss_before: float | None, loss: float | None
    ) -> None:
        """Takes back the score on one label and puts in that on another."""

    def values(self) -> dict[str, float]:
        """Every metric by its name, the mean `loss` and the `baseline_loss` over the same events."""
        named = {name: float(metric.get()) for name, metric in self._metrics.items()}
        totals = self._totals
        if totals.scored:
            named["loss"] = totals.loss / totals.scored
            named["baseline_loss"] = totals.baseline_loss / totals.scored
        return named

    def state(self) -> tuple[Any, ...]:
        """What a snapshot keeps."""
        return self._metrics, self._baseline, self._totals

    def restore(self, state: tuple[Any, ...]) -> None:
        """Goes on from a snapshot's state."""
        self._metrics, self._baseline, self._totals = state
        self._bind()
