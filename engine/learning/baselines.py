"""What one gets without a model, as far as it is more than the last label: class shares, or the mean."""

from dataclasses import dataclass, field
from typing import Any

from engine.models.tasks import top_class
from engine.records.config import Task
from engine.records.values import Target

NAMES: dict[Task, tuple[str, str]] = {
    "binary": ("last_label", "majority"),
    "multiclass": ("last_label", "majority"),
    "regression": ("last_value", "mean"),
    "anomaly": ("last_label", "majority"),
}
"""What the two baselines of a task are called."""


@dataclass(slots=True)
class Shares:
    """The shares of the classes among the labels so far: River's `PriorClassifier`.

    A metric of classes is told the most frequent one (the first of them in a tie), any other the shares.

    Attributes:
        labels: How many labels there were.
        counts: How many of each class.
        squares: The sum of the squares of these.
        majority: The most frequent class.
    """

    labels: int = 0
    counts: dict[Target, int] = field(default_factory=dict)
    squares: int = 0
    majority: Target = ""

    def says(self, *, output: bool) -> tuple[Any, Target, float] | None:
        """The shares (when `output` is true), the most frequent class, and the share of `True`."""
        if not self.labels:
            return None
        labels = self.labels
        shares = {name: count / labels for name, count in self.counts.items()} if output else None
        return shares, self.majority, self.counts.get(True, 0) / labels

    def loss(self, label: Target) -> float:
        """The halved Brier score of the shares on a label: that of `engine.models.tasks`, without a sum."""
        labels = self.labels
        share = self.counts.get(label, 0) / labels
        return max((self.squares / (labels * labels) - 2.0 * share + 1.0) / 2.0, 0.0)

    def learn(self, label: Target) -> None:
        """Learns one label."""
        self.labels += 1
        count = self.counts.get(label, 0) + 1
        self.counts[label] = count
        self.squares += 2 * count - 1
        if label != self.majority:
            most = self.counts.get(self.majority, 0)
            if count >= most:
                self.majority = label if count > most else top_class(self.counts)

    def correct(self, before: Target, label: Target) -> None:
        """A label that was learned was another."""
        self.squares -= 2 * self.counts[before] - 1
        self.counts[before] -= 1
        if not self.counts[before]:
            del self.counts[before]
        self.labels -= 1
        self.learn(label)
        self.majority = top_class(self.counts)


@dataclass(slots=True)
class Mean:
    """The mean of the labels so far.

    Attributes:
        labels: How many labels there were.
        total: Their sum.
    """

    labels: int = 0
    total: float = 0.0

    def says(self, *, output: bool) -> tuple[Any, Target, float] | None:  # noqa: ARG002 - as in `Shares`
        """The mean, three times over: a value has neither class nor probability."""
        if not self.labels:
            return None
        mean = self.total / self.labels
        return mean, mean, mean

    def loss(self, label: Any) -> float:
        """The absolute error of the mean."""
        return abs(self.total / self.labels - float(label))

    def learn(self, label: Any) -> None:
        """Learns one label."""
        self.labels += 1
        self.total += float(label)

    def correct(self, before: Any, label: Any) -> None:
        """A label that was learned was another."""
        self.total += float(label) - float(before)
