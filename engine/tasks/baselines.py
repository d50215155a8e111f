"""Naive baselines: class prior and running mean."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from engine.records.escape import escape, unescape
from engine.records.values import Target
from engine.tasks.base import Read
from engine.tasks.outputs import top_class


class _PriorState(Struct, frozen=True, forbid_unknown_fields=True):
    labels: int
    counts: dict[Target, int]
    squares: int
    majority: Target


class _MeanState(Struct, frozen=True, forbid_unknown_fields=True):
    labels: int
    total: float


@dataclass(slots=True)
class ClassPrior:
    """Class frequencies among the labels so far, as River's `PriorClassifier`.

    A metric of classes sees the most frequent class (the first of them in a tie), others see the shares.

    Attributes:
        labels: Number of labels.
        counts: Number of labels of each class.
        squares: Sum of the squares of these.
        majority: The most frequent class.
    """

    labels: int = 0
    counts: dict[Target, int] = field(default_factory=dict)
    squares: int = 0
    majority: Target = ""

    def score(self, label: Any, *, output: bool) -> tuple[Read, float] | None:
        """The shares (if `output`), the most frequent class and the share of `True`, with the loss.

        The loss is half the Brier score of the shares, as in `engine.tasks.outputs`, but without a sum.
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
        """Adds one label, the `count`th of its class."""
        counts = self.counts
        self.labels += 1
        counts[label] = count
        self.squares += 2 * count - 1
        if label != self.majority:
            most = counts.get(self.majority, 0)
            if count >= most:
                self.majority = label if count > most else top_class(counts)

    def correct(self, before: Any, label: Any) -> None:
        """Replaces a label that was learned."""
        self.squares -= 2 * self.counts[before] - 1
        self.counts[before] -= 1
        if not self.counts[before]:
            del self.counts[before]
        self.labels -= 1
        self._learn(label, self.counts.get(label, 0) + 1)
        self.majority = top_class(self.counts)

    def state(self) -> bytes:
        """The snapshot state."""
        counts = {escape(name): count for name, count in self.counts.items()}
        return msgspec.msgpack.encode(_PriorState(self.labels, counts, self.squares, escape(self.majority)))

    def restore(self, state: bytes) -> None:
        """Continues from a snapshot state."""
        kept = msgspec.msgpack.decode(state, type=_PriorState)
        self.labels, self.squares, self.majority = kept.labels, kept.squares, unescape(kept.majority)
        self.counts = {unescape(name): count for name, count in kept.counts.items()}


@dataclass(slots=True)
class MajorityClass(ClassPrior):
    """The most frequent class as a decision: its loss is 1 if it is wrong, else 0."""

    def score(self, label: Any, *, output: bool) -> tuple[Read, float] | None:
        """As `ClassPrior.score`, with the loss of the decision."""
        found = ClassPrior.score(self, label, output=output)
        return None if found is None else (found[0], float(found[0][1] != label))


@dataclass(slots=True)
class RunningMean:
    """The mean of the labels so far.

    Attributes:
        labels: Number of labels.
        total: Their sum.
    """

    labels: int = 0
    total: float = 0.0

    def score(self, label: Any, *, output: bool) -> tuple[Read, float] | None:  # noqa: ARG002 - as in `ClassPrior`
        """The mean, in every place of the output, with its absolute error."""
        number = float(label)
        found = None
        if self.labels:
            mean = self.total / self.labels
            found = (mean, mean, mean), abs(mean - number)
        self.labels += 1
        self.total += number
        return found

    def correct(self, before: Any, label: Any) -> None:
        """Replaces a label that was learned."""
        self.total += float(label) - float(before)

    def state(self) -> bytes:
        """The snapshot state."""
        return msgspec.msgpack.encode(_MeanState(self.labels, float(self.total)))

    def restore(self, state: bytes) -> None:
        """Continues from a snapshot state."""
        kept = msgspec.msgpack.decode(state, type=_MeanState)
        self.labels, self.total = kept.labels, kept.total
