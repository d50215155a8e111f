"""All chosen metrics over one series of outputs and labels, updated only where they must be.

Most of River's metrics look at how often each label met each class, and ROCAUC at how often each label met
a probability between two of its thresholds. So that is what is counted, once for all of them, and River's
metric is given whole counts as weights when somebody asks for its value. The rest is updated per event.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from river.metrics.base import MeanMetric, Metric
from river.metrics.r2 import R2

from engine.evaluation.metrics import Choice, Chosen, number
from engine.records.values import Target


@dataclass(slots=True)
class MetricCounts:
    """What a track remembers.

    Attributes:
        pairs: Weight by label and served class.
        bins: Weight by label and the number of edges that lie below the probability.
        events: The metrics that are updated per event, by name.
        undefined: How many events each of these could not take, if any.
    """

    pairs: dict[tuple[Target, Target | None], float] = field(default_factory=dict)
    bins: dict[tuple[Target, int], float] = field(default_factory=dict)
    events: dict[str, Metric] = field(default_factory=dict)
    undefined: dict[str, int] = field(default_factory=dict)


class MetricCounter:
    """Counts for the metrics of a choice, over a state that a snapshot keeps.

    Args:
        choice: The metrics.
        weights: Whether events come with weights; then all metrics must take them.
    """

    def __init__(self, choice: Choice, *, weights: bool = False) -> None:
        sources = {each.source for each in choice.metrics}
        self._of_pairs, self._of_bins = "pairs" in sources, "bins" in sources
        self._edges = choice.edges
        self._weights = weights
        self._per_event = tuple(each for each in choice.metrics if each.source == "events")
        self.reads_outputs = any(not each.takes_class for each in self._per_event)
        self.restore(MetricCounts(events={each.name: each.make() for each in self._per_event}))

    def restore(self, counted: MetricCounts) -> None:
        """Goes on from a state."""
        self.state = counted
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
            output: What was put out; it may be left out when `reads_outputs` is false.
            top: Its class, or value.
            probability: As `engine.evaluation.outputs` reads it.
            weight: Of this event.
        """
        pairs, bins = self._pairs, self._bins
        if pairs is not None:
            pair = (label, top)
            pairs[pair] = pairs.get(pair, 0) + weight
        if bins is not None:
            cell = (label, bisect_left(self._edges, probability))
            bins[cell] = bins.get(cell, 0) + weight
        for name, update, takes_class in self._updates:
            said = top if takes_class else output
            try:
                if self._weights:
                    update(label, said, weight)
                else:
                    update(label, said)
            except Exception:  # noqa: BLE001 - the user's own may raise anything, River's RMSLE does below -1
                self._miss(name, 1)

    def update_all(self, rows: Sequence[tuple[Target, Any, Target | None, float]]) -> None:
        """Takes labelled outputs in order, each as `update` does with a weight of 1."""
        if not rows:
            return
        labels, outputs, tops, probabilities = zip(*rows, strict=True)
        if self._pairs is not None:
            _add(self._pairs, Counter(zip(labels, tops, strict=True)))
        if self._bins is not None:
            edges = self._edges
            places = [bisect_left(edges, probability) for probability in probabilities]
            _add(self._bins, Counter(zip(labels, places, strict=True)))
        for name, update, takes_class in self._updates:
            for label, said in zip(labels, tops if takes_class else outputs, strict=True):
                try:
                    update(label, said)
                except Exception:  # noqa: BLE001 - as in `update`
                    self._miss(name, 1)

    def correct(
        self, output: Any, top: Target | None, probability: float, before: Target, label: Target
    ) -> None:
        """An output that was counted with the label `before` is counted with another.

        Metrics with a window of their own (RollingROCAUC) are left as they were.
        """
        if self._pairs is not None:
            _move(self._pairs, (before, top), (label, top))
        if self._bins is not None:
            place = bisect_left(self._edges, probability)
            _move(self._bins, (before, place), (label, place))
        for each in self._per_event:
            metric: Any = self.state.events[each.name]
            said = top if each.takes_class else output
            if each.own:
                self._try(each.name, 1, metric.update, label, said)
                self._try(each.name, -1, metric.revert, before, said)
            elif each.weighted:
                # By a weight of -1, since RMSLE's `revert` forgets the logarithm; and second, since none of
                # them bears to be empty.
                self._try(each.name, 1, metric.update, label, said)
                self._try(each.name, -1, metric.update, before, said, -1.0)

    def _try(self, name: str, misses: int, step: Callable[..., None], *arguments: Any) -> None:
        try:
            step(*arguments)
        except Exception:  # noqa: BLE001 - as in `update`: what could not be taken cannot be taken back either
            self._miss(name, misses)

    def _miss(self, name: str, misses: int) -> None:
        self.state.undefined[name] = self.state.undefined.get(name, 0) + misses


def _move(cells: dict[Any, float], before: Any, after: Any) -> None:
    """One event leaves a cell for another; a cell without events is gone, as for River's classes."""
    cells[after] = cells.get(after, 0) + 1
    cells[before] -= 1
    if not cells[before]:
        del cells[before]


def measure(choice: Choice, counted: MetricCounts) -> dict[str, float]:
    """The value of every metric by its name; NaN for one that could not be merged."""
    values = {}
    for each in choice.metrics:
        if each.source != "events":
            values[each.name] = number(_filled(each, counted, choice.edges))
        else:
            kept = counted.events.get(each.name)
            values[each.name] = math.nan if kept is None else number(kept)
    return values


def _filled(chosen: Chosen, counted: MetricCounts, edges: Sequence[float]) -> Metric:
    """A fresh metric that is given the counts, each as one event of that weight."""
    metric: Any = chosen.make()
    total: float = 0
    for label, said, weight in _cells(chosen, counted, edges):
        metric.update(label, said, w=weight)
        total += weight
    if hasattr(metric, "cm"):
        # River counts calls here, and some metrics divide by it, or need it whole.
        metric.cm.n_samples = total
    return metric  # type: ignore[no-any-return]  # River's updates are typed without weights


def _cells(
    chosen: Chosen, counted: MetricCounts, edges: Sequence[float]
) -> Iterator[tuple[Target, Any, float]]:
    if chosen.source == "bins":
        # Some probability that lies between the same edges says as much to the metric as the real one.
        places = [*edges, edges[-1] + 1.0]
        for (label, place), weight in counted.bins.items():
            yield label, places[place], weight
    else:
        for (label, top), weight in counted.pairs.items():
            # The label's 0 is written out: of a class that is not there CrossEntropy thinks nothing bad.
            yield label, top if chosen.takes_class else {label: 0.0, top: 1.0}, weight


def merge(counted: MetricCounts, other: MetricCounts) -> None:
    """Adds what another track has counted, as if one track had taken the events of both.

    River's means and R2 can be added; a metric that cannot (the user's own, one with a window of its own)
    leaves the result.
    """
    for mine, theirs in ((counted.pairs, other.pairs), (counted.bins, other.bins)):
        _add(mine, theirs)
    _add(counted.undefined, other.undefined)
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
