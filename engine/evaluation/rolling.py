"""Scores over the last labelled events, and scores that fade."""

from collections import deque
from typing import Any

from engine.evaluation.metric_counts import MetricCounter, MetricCounts, measure
from engine.evaluation.metrics import Choice
from engine.evaluation.outputs import Reader
from engine.records.events import Output
from engine.records.values import Target

_LARGEST = 1e100
"""From this weight on, what weighs so much less than the newest event is forgotten."""

_OVERLAP = 1e20
"""How much heavier than the oldest event the newest is, when the older ones are forgotten."""


class RollingScores:
    """The last labelled events themselves, from which values are computed anew whenever asked for.

    Nothing is ever taken back, so the values are those of fresh metrics, whatever the metric; an event costs
    an append, and a value as many updates as there are events.
    """

    def __init__(self, choice: Choice, read: Reader, last: int) -> None:
        self._choice = choice
        self._read = read
        self.name = f"last_{last}"
        self.state: deque[tuple[Target, Output, float | None]] = deque(maxlen=last)

    def update(self, label: Target, output: Output, loss: float | None) -> None:
        """Takes one labelled output."""
        self.state.append((label, output, loss))

    def values(self) -> dict[str, float]:
        """Every metric by its name, and the mean `loss`, over the last events."""
        track = MetricCounter(self._choice)
        for label, output, _ in self.state:
            track.update(label, *self._read(output))
        values = measure(self._choice, track.state)
        losses = [loss for *_, loss in self.state if loss is not None]
        if losses:
            values["loss"] = sum(losses) / len(losses)
        return values


class Fading:
    """Scores in which an event weighs a constant factor less with every event after it.

    Gama, Sebastião and Rodrigues (2013), "On evaluating stream learning algorithms". A factor of 0.999
    looks back over about 1 / (1 - 0.999) = 1,000 events.

    What counts is how much events weigh beside each other, so instead of all weights sinking, that of the
    next event grows. Before it grows too large a second track begins and runs along, until the events
    that it has not seen weigh less than 1e-20 of the newest; then it replaces the first.
    """

    name = "fading"

    def __init__(self, choice: Choice, factor: float) -> None:
        self._choice = choice
        self._factor = factor
        self._track = MetricCounter(choice, weights=True)
        self._next: MetricCounter | None = None
        self._weight = 1.0
        self._loss = 0.0
        self._events = 0.0

    def update(
        self, label: Target, output: Any, top: Target | None, probability: float, loss: float | None
    ) -> None:
        """Takes one labelled output, as `MetricCounter.update` does."""
        weight = self._weight
        self._track.update(label, output, top, probability, weight)
        if weight * _OVERLAP >= _LARGEST:
            if self._next is None:
                self._next = MetricCounter(self._choice, weights=True)
            self._next.update(label, output, top, probability, weight / _LARGEST * _OVERLAP)
            if weight >= _LARGEST:
                self._track, self._next = self._next, None
                weight = weight / _LARGEST * _OVERLAP
        self._weight = weight / self._factor
        if loss is not None:
            self._loss = self._loss * self._factor + loss
            self._events = self._events * self._factor + 1.0

    def values(self) -> dict[str, float]:
        """Every metric by its name, and the mean `loss`, with fading weights."""
        values = measure(self._choice, self._track.state)
        if self._events:
            values["loss"] = self._loss / self._events
        return values

    def state(self) -> tuple[MetricCounts, MetricCounts | None, float, float, float]:
        """What a snapshot keeps."""
        later = None if self._next is None else self._next.state
        return self._track.state, later, self._weight, self._loss, self._events

    def restore(self, state: tuple[MetricCounts, MetricCounts | None, float, float, float]) -> None:
        """Goes on from a snapshot's state."""
        track, later, self._weight, self._loss, self._events = state
        self._track.restore(track)
        self._next = None
        if later is not None:
            self._next = MetricCounter(self._choice, weights=True)
            self._next.restore(later)
