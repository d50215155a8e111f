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

    def score(self, label: Target, *, output: bool) -> tuple[tuple[Any, Target, float], float] | None:
        """What it says before it knows this label, and the loss of that; then learns it.

        It says the shares (when `output` is true), the most frequent class, and the share of `True`; nothing
        before the first label. The loss is the halved Brier score of the shares: that of
        `engine.models.tasks`, without a sum.
        """
        labels, counts, before = self.labels, self.counts, self.majority
        count = counts.get(label, 0)
        found = None
        if labels:
            shares = {name: known / labels for name, known in counts.items()} if output else None
            loss = (self.squares / (labels * labels) - 2.0 * (count / labels) + 1.0) / 2.0
            found = (shares, before, counts.get(True, 0) / labels), loss if loss > 0.0 else 0.0
        self._learn(label, count + 1)
        return found

    def _learn(self, label: Target, count: int) -> None:
        """One more label, which is the `count`th of its class."""
        counts = self.counts
        self.labels += 1
        counts[label] = count
        self.squares += 2 * count - 1
        if label != self.majority:
            most = counts.get(self.majority, 0)
            if count >= most:
                self.majority = label if count > most else top_class(counts)

    def correct(self, before: Target, label: Target) -> None:
        """A label that was learned was another."""
        self.squares -= 2 * self.counts[before] - 1
        self.counts[before] -= 1
        if not self.counts[before]:
            del self.counts[before]
        self.labels -= 1
        self._learn(label, self.counts.get(label, 0) + 1)
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

    def score(self, label: Any, *, output: bool) -> tuple[tuple[Any, Target, float], float] | None:  # noqa: ARG002 - as in `Shares`
        """What it says before it knows this label, and the absolute error of that; then learns it.

        It says the mean, three times over: a value has neither class nor probability.
        """
        number = float(label)
        found = None
        if self.labels:
            mean = self.total / self.labels
            found = (mean, mean, mean), abs(mean - number)
        self.labels += 1
        self.total += number
        return found

    def correct(self, before: Any, label: Any) -> None:
        """A label that was learned was another."""
        self.total += float(label) - float(before)
