"""Progressive metrics over one series of outputs and labels.

Most of River's metrics depend on the number of events by label and class, and ROCAUC on the number of events
by label and pair of thresholds that the probability lies between. These numbers are counted once for all
metrics; when a value is needed, a fresh metric of River's takes whole counts as weights. Other metrics are
updated per event.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from river import metrics
from river.metrics.base import MeanMetric, Metric
from river.metrics.r2 import R2

from engine.errors import is_fault
from engine.evaluation.metrics import Choice, Chosen, number
from engine.models.serialization import dump, load
from engine.records.escape import escape, unescape
from engine.records.values import Target

_KIND = "metric"

_MEANS = frozenset({metrics.MAE, metrics.MSE, metrics.RMSE, metrics.R2})


class MetricCountsState(Struct, frozen=True, forbid_unknown_fields=True):
    """Snapshot state of `MetricCounts`: escaped labels and classes, and saved metrics by name."""

    pairs: dict[tuple[Target, Target | None], int | float]
    bins: dict[tuple[Target, int], int | float]
    events: bytes
    undefined: dict[str, int]
    scored: int


@dataclass(slots=True)
class MetricCounts:
    """Counts and metrics of one series of outputs and labels.

    Attributes:
        pairs: Weight by label and served class.
        bins: Weight by label and number of edges below the probability.
        events: The metrics that are updated per event, by name.
        undefined: Number of events that each of these could not take, if any.
        scored: Number of events.
    """

    pairs: dict[tuple[Target, Target | None], float] = field(default_factory=dict)
    bins: dict[tuple[Target, int], float] = field(default_factory=dict)
    events: dict[str, Metric] = field(default_factory=dict)
    undefined: dict[str, int] = field(default_factory=dict)
    scored: int = 0

    def state(self) -> MetricCountsState:
        """The snapshot state.

        Raises:
            SnapshotError: If a metric cannot be saved.
        """
        pairs: dict[tuple[Target, Target | None], float] = {}
        for (label, top), weight in self.pairs.items():
            pair = escape(label), None if top is None else escape(top)
            pairs[pair] = pairs.get(pair, 0) + weight
        bins = {(escape(label), place): weight for (label, place), weight in self.bins.items()}
        events = dump(self.events, _KIND) if self.events else b""
        return MetricCountsState(pairs, bins, events, {**self.undefined}, self.scored)

    @classmethod
    def restored(cls, state: MetricCountsState, allow: Iterable[str] = ()) -> "MetricCounts":
        """The counts of a snapshot state.

        Args:
            state: The state.
            allow: Modules whose metric classes may appear (the user's own).

        Raises:
            SnapshotError: If a metric cannot be restored.
        """
        return cls(
            {
                (unescape(label), None if top is None else unescape(top)): weight
                for (label, top), weight in state.pairs.items()
            },
            {(unescape(label), place): weight for (label, place), weight in state.bins.items()},
            load(state.events, _KIND, allow) if state.events else {},
            {**state.undefined},
            state.scored,
        )


class Cells(Struct, frozen=True):
    """What a counter counts in cells.

    Attributes:
        pairs: Whether labels are counted with predicted classes.
        bins: Whether labels are counted with probabilities between edges.
        edges: The edges.
    """

    pairs: bool
    bins: bool
    edges: tuple[float, ...]


class MetricCounter:
    """Updates the counts that the metrics of a choice need.

    Args:
        choice: The metrics.
        weights: Whether events have weights; then all metrics must take them.

    Attributes:
        counts: The counts so far.
        reads_outputs: Whether a metric needs the whole output, not only its class.
    """

    def __init__(self, choice: Choice, *, weights: bool = False) -> None:
        sources = {each.source for each in choice.metrics}
        self._of_pairs, self._of_bins = "pairs" in sources, "bins" in sources
        self._edges = choice.edges
        self._weights = weights
        self._per_event = tuple(each for each in choice.metrics if each.source == "events")
        self.reads_outputs = any(not each.takes_class for each in self._per_event)
        self.continue_from(MetricCounts(events={each.name: each.make() for each in self._per_event}))

    @property
    def cells(self) -> Cells | None:
        """What is counted in cells; `None` when there are metrics that see every event besides."""
        return None if self._per_event else Cells(self._of_pairs, self._of_bins, tuple(self._edges))

    @property
    def of_values(self) -> list[tuple[str, str]] | None:
        """The metrics by name with their classes, when all are River's means over values; else `None`."""
        kinds = {name: type(metric) for name, metric in self.counts.events.items()}
        if self._of_pairs or self._of_bins or not kinds or not {*kinds.values()} <= _MEANS:
            return None
        return [(name, kind.__name__) for name, kind in kinds.items()]

    def continue_from(self, counted: MetricCounts) -> None:
        """Continues from these counts."""
        self.counts = counted
        self._pairs = counted.pairs if self._of_pairs else None
        self._bins = counted.bins if self._of_bins else None
        self._updates: tuple[tuple[str, Callable[..., None], bool], ...] = tuple(
            (each.name, counted.events[each.name].update, each.takes_class) for each in self._per_event
        )

    def update(
        self, label: Target, output: Any, top: Target | None, probability: float, weight: float = 1
    ) -> None:
        """Takes one labelled output.

        Args:
            label: The truth.
            output: The output; it may be `None` if `reads_outputs` is false.
            top: The predicted class or value.
            probability: As the task's `read` returns it.
            weight: Weight of this event.
        """
        pairs, bins = self._pairs, self._bins
        self.counts.scored += 1
        if pairs is not None:
            pair = (label, top)
            pairs[pair] = pairs.get(pair, 0) + weight
        if bins is not None:
            cell = (label, bisect_left(self._edges, probability))
            bins[cell] = bins.get(cell, 0) + weight
        for name, update, takes_class in self._updates:
            predicted = top if takes_class else output
            try:
                if self._weights:
                    update(label, predicted, weight)
                else:
                    update(label, predicted)
            except BaseException as error:  # the user's own may raise anything, River's RMSLE does below -1
                if not is_fault(error):
                    raise
                self._miss(name, 1)

    def update_all(self, rows: Sequence[tuple[Target, Any, Target | None, float]]) -> None:
        """Takes labelled outputs in order, with a weight of 1 each."""
        if not rows:
            return
        self.counts.scored += len(rows)
        labels, outputs, tops, probabilities = zip(*rows, strict=True)
        if self._pairs is not None:
            _add(self._pairs, Counter(zip(labels, tops, strict=True)))
        if self._bins is not None:
            edges = self._edges
            places = [bisect_left(edges, probability) for probability in probabilities]
            _add(self._bins, Counter(zip(labels, places, strict=True)))
        for name, update, takes_class in self._updates:
            for label, predicted in zip(labels, tops if takes_class else outputs, strict=True):
                try:
                    update(label, predicted)
                except BaseException as error:  # as in `update`
                    if not is_fault(error):
                        raise
                    self._miss(name, 1)

    def correct(
        self, output: Any, top: Target | None, probability: float, before: Target, label: Target
    ) -> None:
        """Counts an output with the label `label` instead of `before`.

        Metrics with a window of their own (RollingROCAUC) do not change.
        """
        if self._pairs is not None:
            _move(self._pairs, (before, top), (label, top))
        if self._bins is not None:
            place = bisect_left(self._edges, probability)
            _move(self._bins, (before, place), (label, place))
        for each in self._per_event:
            metric: Any = self.counts.events[each.name]
            predicted = top if each.takes_class else output
            if each.own:
                self._try(each.name, 1, metric.update, label, predicted)
                self._try(each.name, -1, metric.revert, before, predicted)
            elif each.weighted:
                # By a weight of -1, since RMSLE's `revert` omits the logarithm; and second, since none of
                # them can be empty.
                self._try(each.name, 1, metric.update, label, predicted)
                self._try(each.name, -1, metric.update, before, predicted, -1.0)

    def _try(self, name: str, misses: int, step: Callable[..., None], *arguments: Any) -> None:
        try:
            step(*arguments)
        except BaseException as error:  # as in `update`; an event that failed cannot be taken back either
            if not is_fault(error):
                raise
            self._miss(name, misses)

    def _miss(self, name: str, misses: int) -> None:
        self.counts.undefined[name] = self.counts.undefined.get(name, 0) + misses


def _move(cells: dict[Any, float], before: Any, after: Any) -> None:
    """Moves one event to another cell; an empty cell is removed, as River removes classes."""
    cells[after] = cells.get(after, 0) + 1
    cells[before] -= 1
    if not cells[before]:
        del cells[before]


def measure(choice: Choice, counted: MetricCounts) -> dict[str, float]:
    """The value of every metric by name.

    It is NaN before the first event (River's metrics begin at 0), for an area under a curve while there is
    only one class, and for a metric that could not be merged.
    """
    values = {}
    for each in choice.metrics:
        labels = {label for label, _ in counted.bins or counted.pairs} if each.edges else ()
        if not counted.scored or (each.edges and len(labels) < 2):
            values[each.name] = math.nan
        elif each.source != "events":
            values[each.name] = number(_filled(each, counted, choice.edges))
        else:
            kept = counted.events.get(each.name)
            values[each.name] = math.nan if kept is None else number(kept)
    return values


def _filled(chosen: Chosen, counted: MetricCounts, edges: Sequence[float]) -> Metric:
    """A fresh metric, updated once per count, with the count as weight."""
    metric: Any = chosen.make()
    total: float = 0
    for label, predicted, weight in _cells(chosen, counted, edges):
        metric.update(label, predicted, w=weight)
        total += weight
    if hasattr(metric, "cm"):
        # River counts calls here, and some metrics divide by it, or need a whole number.
        metric.cm.n_samples = total
    return metric  # type: ignore[no-any-return]  # River's updates are typed without weights


def _cells(
    chosen: Chosen, counted: MetricCounts, edges: Sequence[float]
) -> Iterator[tuple[Target, Any, float]]:
    if chosen.source == "bins":
        # Any probability between the same edges has the same effect on the metric.
        places = [*edges, edges[-1] + 1.0]
        for (label, place), weight in counted.bins.items():
            yield label, places[place], weight
    else:
        for (label, top), weight in counted.pairs.items():
            # The label's 0 is explicit: CrossEntropy ignores a class that is missing.
            yield label, top if chosen.takes_class else {label: 0.0, top: 1.0}, weight


def merge(counted: MetricCounts, other: MetricCounts) -> None:
    """Adds other counts, as if one counter had taken the events of both.

    River's means and R2 can be added; a metric that cannot (the user's own, one with a window of its own) is
    removed.
    """
    for mine, theirs in ((counted.pairs, other.pairs), (counted.bins, other.bins)):
        _add(mine, theirs)
    _add(counted.undefined, other.undefined)
    counted.scored += other.scored
    for name, metric in list(counted.events.items()):
        if name not in other.events or not _merge(metric, other.events[name]):
            del counted.events[name]


def _add(mine: dict[Any, Any], theirs: Mapping[Any, Any]) -> None:
    for cell, weight in theirs.items():
        mine[cell] = mine.get(cell, 0) + weight


def _merge(metric: Any, other: Any) -> bool:
    if type(metric).__module__.startswith("river."):
        if isinstance(metric, MeanMetric):
            if other._mean.n:
                metric._mean += other._mean
            return True
        if isinstance(metric, R2):
            if other._y_var.n:
                metric._y_var += other._y_var
            metric._residual_sum_of_squares += other._residual_sum_of_squares
            return True
    return False
