"""Rolling scores over the last labelled events, and fading scores."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from engine.evaluation.metric_counts import MetricCounter, MetricCounts, MetricCountsState, measure
from engine.evaluation.metrics import Choice
from engine.records.escape import escape, escape_output, unescape, unescape_output
from engine.records.events import Output
from engine.records.values import Target
from engine.tasks.base import Reader

_LARGEST = 1e100
"""Weight of the newest event at which the oldest events are forgotten."""

_OVERLAP = 1e20
"""Ratio of the weights of the newest event and of the oldest one that is kept then."""

RollingState = list[tuple[Target, Output, float | None]]
"""Snapshot state of `RollingScores`: label, output and loss of each event, escaped."""


class FadingState(Struct, frozen=True, forbid_unknown_fields=True):
    """Snapshot state of `FadingScores`."""

    current: MetricCountsState
    successor: MetricCountsState | None
    weight: float
    loss: float
    events: float


class RollingScores:
    """The last labelled events, from which values are computed whenever they are needed.

    No event is ever subtracted, so the values are those of fresh metrics, whatever the metric. An event costs
    one append, and a value as many updates as there are events.
    """

    def __init__(self, choice: Choice, read: Reader, last: int) -> None:
        self._choice = choice
        self._read = read
        self.name = f"last_{last}"
        self._events: deque[tuple[Target, Output, float | None]] = deque(maxlen=last)

    def update(self, label: Target, output: Output, loss: float | None) -> None:
        """Takes one labelled output."""
        self._events.append((label, output, loss))

    def values(self) -> dict[str, float]:
        """Every metric by name, and the mean `loss`, over the last events."""
        counter = MetricCounter(self._choice)
        for label, output, _ in self._events:
            counter.update(label, *self._read(output))
        values = measure(self._choice, counter.counts)
        losses = [loss for *_, loss in self._events if loss is not None]
        if losses:
            values["loss"] = sum(losses) / len(losses)
        return values

    def state(self) -> RollingState:
        """The snapshot state."""
        return [
            (escape(label), escape_output(output), None if loss is None else float(loss))
            for label, output, loss in self._events
        ]

    def restore(self, state: RollingState) -> None:
        """Continues from a snapshot state."""
        self._events.clear()
        self._events += [(unescape(label), unescape_output(output), loss) for label, output, loss in state]


class FadingScores:
    """Scores in which every event weighs less, by a constant factor, with each event after it.

    Gama, Sebastião and Rodrigues (2013), "On evaluating stream learning algorithms". A factor of 0.999
    looks back over about 1 / (1 - 0.999) = 1,000 events.

    Only the ratio of weights matters, so the weight of the next event grows while all others stay. Before it
    becomes too large, a second counter starts with the same events, until the events that it has missed weigh
    less than 1e-20 of the newest; then it replaces the first.
    """

    name = "fading"

    def __init__(self, choice: Choice, factor: float) -> None:
        self._choice = choice
        self._factor = factor
        self._counter = MetricCounter(choice, weights=True)
        self._successor: MetricCounter | None = None
        self._weight = 1.0
        self._loss = 0.0
        self._events = 0.0

    def update(
        self, label: Target, output: Any, top: Target | None, probability: float, loss: float | None
    ) -> None:
        """Takes one labelled output, as `MetricCounter.update` does."""
        weight = self._weight
        self._counter.update(label, output, top, probability, weight)
        if weight * _OVERLAP >= _LARGEST:
            if self._successor is None:
                self._successor = MetricCounter(self._choice, weights=True)
            self._successor.update(label, output, top, probability, weight / _LARGEST * _OVERLAP)
            if weight >= _LARGEST:
                self._counter, self._successor = self._successor, None
                weight = weight / _LARGEST * _OVERLAP
        self._weight = weight / self._factor
        if loss is not None:
            self._loss = self._loss * self._factor + loss
            self._events = self._events * self._factor + 1.0

    def values(self) -> dict[str, float]:
        """Every metric by name, and the mean `loss`, with fading weights."""
        values = measure(self._choice, self._counter.counts)
        if self._events:
            values["loss"] = self._loss / self._events
        return values

    def state(self) -> FadingState:
        """The snapshot state."""
        successor = None if self._successor is None else self._successor.counts.state()
        return FadingState(
            self._counter.counts.state(), successor, self._weight, float(self._loss), self._events
        )

    def restore(self, state: FadingState, allow: Iterable[str] = ()) -> None:
        """Continues from a snapshot state; `allow` is as in `MetricCounts.restored`."""
        self._counter.continue_from(MetricCounts.restored(state.current, allow))
        self._weight, self._loss, self._events = state.weight, state.loss, state.events
        self._successor = None
        if state.successor is not None:
            self._successor = MetricCounter(self._choice, weights=True)
            self._successor.continue_from(MetricCounts.restored(state.successor, allow))
