"""Joins labels with predictions, in any order, more than once, or not at all.

- a label before its example waits for it, at most `labels.early_wait`
- a prediction waits for its label, at most `labels.wait`; then it resolves without a label, or with the one
  that stands for none (`labels.expired_label`)
- a label for a prediction that is resolved is a correction: learned or rejected
- a second example with the same id is rejected, as long as the first waits or is remembered
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from engine.config import EngineConfig
from engine.core.waiting import EarlyLabel, PendingPrediction, ResolvedPrediction, Waiting
from engine.errors import ConfigError
from engine.records.events import DeadLetter
from engine.records.values import Example, Label, Target, shown
from engine.tasks.registry import find_task

Holding = Callable[[Any], Any]
"""Makes of an ordered dictionary another kind of one, which has its entries."""


class Resolution(Struct, gc=False):
    """What becomes of a prediction: its label, or that it has none.

    Attributes:
        pending: The prediction.
        label: The truth, or what stands for it; without one nothing is scored.
        time: Event time of the label, or of the stream when the prediction expired; seconds since 1970.
        before: The outcome that it has had, when this corrects it.
        enters: Whether it enters a window; not when its example was learned at once and is there already.
        final: Whether the prediction waits for nothing more.
    """

    pending: PendingPrediction
    label: Target | None
    time: float
    before: ResolvedPrediction | None = None
    enters: bool = True
    final: bool = True


class JoinCounts(Struct, forbid_unknown_fields=True):
    """How labels and predictions met; see `engine.records.events.Counts`."""

    inline: int = 0
    matched: int = 0
    corrected: int = 0
    unmatched: int = 0
    expired: int = 0
    presumed: int = 0
    at_once: int = 0
    unlabelled: int = 0


class LabelJoinState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps, oldest first."""

    counts: JoinCounts
    pending: list[tuple[str, PendingPrediction]]
    early: list[tuple[str, EarlyLabel]]
    resolved: list[tuple[str, ResolvedPrediction]]


class LabelJoin:
    """Holds predictions without a label, labels without an example, and ids that are resolved.

    Args:
        config: How long and how many.
        key: The model key, for dead letters.
        unsupervised: Whether models learn from features alone, and so at once.

    Attributes:
        counts: How labels and predictions met.

    Raises:
        ConfigError: When `labels.expired_label` is no label of the task.
    """

    def __init__(self, config: EngineConfig, key: str, *, unsupervised: bool) -> None:
        labels = config.labels
        self._key = key
        self._unsupervised = unsupervised
        self._corrects = labels.corrections == "learn"
        # Without an id field every id is a place in the input, and none can come twice.
        self._has_ids = config.record.id is not None
        self._remembers = self._has_ids and labels.max_remembered > 0
        self._expired_label = _expired_label(config)
        self._pending: Waiting[PendingPrediction] = Waiting(labels.wait, labels.max_waiting)
        self._early: Waiting[EarlyLabel] = Waiting(labels.early_wait, labels.max_waiting)
        self._resolved: Waiting[ResolvedPrediction] = Waiting(labels.remember, labels.max_remembered)
        self.counts = JoinCounts()

    @property
    def waiting(self) -> int:
        """How many predictions wait for a label."""
        return len(self._pending)

    @property
    def early_entries(self) -> Mapping[str, EarlyLabel]:
        """The labels that wait for their example, by its id, oldest first."""
        return self._early.entries

    @property
    def early(self) -> int:
        """How many labels wait for their example."""
        return len(self._early)

    @property
    def remembered(self) -> int:
        """How many resolved predictions are remembered."""
        return len(self._resolved)

    def pending(self) -> list[PendingPrediction]:
        """The predictions that wait, oldest first."""
        return self._pending.all()

    def hold_in(self, pending: Holding, resolved: Holding) -> None:
        """Predictions that wait, and resolved ones, are held in what these make of them, from now on."""
        self._pending.entries = pending(self._pending.entries)
        self._resolved.entries = resolved(self._resolved.entries)

    def duplicate(self, name: str) -> str | None:
        """What is wrong with an example whose id is known already; `None` when it is not."""
        if name in self._pending.entries:
            return f"id {shown(name)}: a prediction with this id waits already"
        if name in self._resolved.entries:
            return f"id {shown(name)}: an example with this id has come before"
        return None

    def join(self, pending: PendingPrediction, example: Example) -> Iterable[Resolution | DeadLetter]:
        """Gives a fresh prediction the labels that are there already, or lets it wait."""
        early = self._early.take(example.id) if self._early.entries else None
        counts = self.counts
        if example.label is not None:
            counts.inline += 1
            counts.at_once += self._unsupervised
            found = Resolution(pending, example.label, example.time)
            return (found,) if early is None else self._then(found, early.label)
        if early is not None:
            counts.matched += 1
            counts.at_once += self._unsupervised
            return (Resolution(pending, early.label.value, max(example.time, early.label.time)),)
        if not self._unsupervised:
            self._pending.add(example.id, pending)
            return ()
        counts.at_once += 1
        if self._has_ids:
            self._pending.add(example.id, pending)
        else:
            counts.unlabelled += 1
        return (Resolution(pending, None, example.time, final=not self._has_ids),)

    def _then(self, first: Resolution, label: Label) -> Iterator[Resolution | DeadLetter]:
        """A resolution, and once it is remembered, another label for the same prediction."""
        yield first
        yield from self.match(label)

    def match(self, label: Label) -> Iterable[Resolution | DeadLetter]:
        """Finds the prediction that a label is for, or lets the label wait."""
        pending = self._pending.take(label.id)
        if pending is not None:
            self.counts.matched += 1
            return (Resolution(pending, label.value, label.time, enters=not self._unsupervised),)
        resolved = self._resolved.get(label.id)
        if resolved is not None:
            return (self._correct(label, resolved),)
        early = self._early.get(label.id)
        if early is None:
            self._early.add(label.id, EarlyLabel(label.time, label))
            return ()
        if not self._corrects:
            return (self._unmatched(label, "another label waits for this example already"),)
        self._early.take(label.id)
        self._early.add(label.id, EarlyLabel(label.time, label))
        return (self._unmatched(early.label, "a later label came before its example did"),)

    def expire(self, now: float) -> Iterable[Resolution | DeadLetter]:
        """What has waited too long.

        Args:
            now: The stream's event time; minus infinity before there is one.
        """
        pending = self._pending.expired(now)
        early = self._early.expired(now) if self._early.entries else ()
        return self._expired(pending, early, now) if pending or early else ()

    def _expired(
        self, pending: Iterable[PendingPrediction], early: Iterable[EarlyLabel], now: float
    ) -> Iterator[Resolution | DeadLetter]:
        label, counts = self._expired_label, self.counts
        time = 0.0 if now == -math.inf else now
        for one in pending:
            found = Resolution(one, label, time, enters=not self._unsupervised)
            if label is None and self._unsupervised:
                counts.unlabelled += 1
                self.remember(found, None, now)
            else:
                counts.expired += 1
                counts.presumed += label is not None
                yield found
        for left in early:
            yield self._unmatched(left.label, "no example with this id came in time, or it is forgotten")

    def remember(self, found: Resolution, loss: float | None, now: float) -> None:
        """Remembers a resolution, after it was scored: the loss of the served output, where there is one."""
        pending = found.pending
        name = pending.example.id
        if found.before is not None:
            # It is remembered from its last outcome on, so it goes to the end.
            self._resolved.take(name)
            self._resolved.add(name, ResolvedPrediction(found.time, found.label, loss, pending))
        elif found.final and self._remembers:
            pending.shadows = None
            kept = pending if self._corrects else None
            self._resolved.add(name, ResolvedPrediction(found.time, found.label, loss, kept))
            self._resolved.expired(now)

    def _correct(self, label: Label, resolved: ResolvedPrediction) -> Resolution | DeadLetter:
        pending = resolved.pending
        if pending is None or resolved.label == label.value:  # a label delivered twice is no correction
            fate = "expired without a label" if resolved.label is None else "has its label"
            return self._unmatched(label, f"its prediction {fate} already")
        self.counts.corrected += 1
        return Resolution(pending, label.value, label.time, resolved, enters=not self._unsupervised)

    def _unmatched(self, label: Label, why: str) -> DeadLetter:
        self.counts.unmatched += 1
        reason = f"id {shown(label.id)}: {why}"
        return DeadLetter("unmatched", reason, label.source, label.position, label.raw, self._key)

    def state(self) -> LabelJoinState:
        """What a snapshot keeps."""
        return LabelJoinState(self.counts, self._pending.state(), self._early.state(), self._resolved.state())

    def restore(self, state: LabelJoinState) -> None:
        """Goes on from a snapshot's state."""
        self.counts = state.counts
        self._pending.restore(state.pending)
        self._early.restore(state.early)
        self._resolved.restore(state.resolved)


def _expired_label(config: EngineConfig) -> Target | None:
    """The label that stands for none, as models learn it.

    Raises:
        ConfigError: When it is no label of the task.
    """
    value: Any = config.labels.expired_label
    if value is None:
        return None
    labels = find_task(config.model.task).labels
    label = labels.reader(config.record)(value)
    if label is None:
        expected = labels.expected(config.record)
        raise ConfigError(f"labels.expired_label: expected {expected}, got {value!r}")
    return label
