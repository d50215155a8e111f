"""Scores of the served predictions over the whole run: of one model key, or of several together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.calibration import Bin
from engine.evaluation.metric_counts import MetricCounts, MetricCountsState, measure, merge
from engine.evaluation.metrics import Choice
from engine.evaluation.window_sums import WindowSums
from engine.tasks.base import LearningTask
from engine.tasks.registry import find_task


class ScoreTotalsState(Struct, frozen=True, forbid_unknown_fields=True):
    """`ScoreTotals` as a value, to be sent to the process that merges all keys."""

    served: MetricCountsState
    last_label: MetricCountsState
    baseline: MetricCountsState
    sums: WindowSums


@dataclass(slots=True)
class ScoreTotals:
    """Counts and sums over the whole run; those of several keys can be merged.

    Attributes:
        served: Metric counts of the served outputs.
        last_label: Metric counts of the last label as a prediction.
        baseline: Metric counts of the class prior or the running mean.
        sums: Losses, calibration and business metrics.
    """

    served: MetricCounts
    last_label: MetricCounts
    baseline: MetricCounts
    sums: WindowSums

    def merge(self, other: "ScoreTotals") -> None:
        """Adds others, as if one run had scored all events; metrics that cannot be added are removed."""
        merge(self.served, other.served)
        merge(self.last_label, other.last_label)
        merge(self.baseline, other.baseline)
        self.sums.merge(other.sums)

    def state(self) -> ScoreTotalsState:
        """These totals as a value."""
        counts = self.served.state(), self.last_label.state(), self.baseline.state()
        return ScoreTotalsState(*counts, self.sums.copy())

    @classmethod
    def restored(cls, state: ScoreTotalsState, allow: Iterable[str] = ()) -> "ScoreTotals":
        """The totals of a state; `allow` is as in `MetricCounts.restored`."""
        return cls(
            MetricCounts.restored(state.served, allow),
            MetricCounts.restored(state.last_label, allow),
            MetricCounts.restored(state.baseline, allow),
            state.sums.copy(),
        )


@dataclass(frozen=True, slots=True)
class RunScores:
    """Scores over the whole run, for the summary.

    Attributes:
        scores: Every metric over the whole run by name, rolling and fading where configured, and the mean
            `loss` and `baseline_loss`.
        baselines: The same metrics and the mean `loss` of each baseline, by its name.
        calibration_error: The expected calibration error; `None` in regression or before the first event.
        calibration: The reliability bins.
        business: The business metrics by name.
        undefined: Number of events that a metric could not take, by its name, if any.
    """

    scores: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    calibration_error: float | None
    calibration: Sequence[Bin]
    business: Mapping[str, BusinessTotal]
    undefined: Mapping[str, int]


def last_label_choice(choice: Choice, task: LearningTask) -> Choice:
    """The metrics as the last-label baseline needs them."""
    return choice.of_certain_outputs() if task.certain_labels else choice


def run_scores(totals: ScoreTotals, choice: Choice, name: str) -> RunScores:
    """The scores of totals, of one key or of several merged, in the task of this name."""
    task = find_task(name)
    scores = measure(choice, totals.served)
    last_label = measure(last_label_choice(choice, task), totals.last_label)
    baseline = measure(choice, totals.baseline)
    loss, baseline_loss, last_label_loss = totals.sums.totals.means()
    if loss is not None and baseline_loss is not None and last_label_loss is not None:
        scores |= {"loss": loss, "baseline_loss": baseline_loss}
        last_label["loss"], baseline["loss"] = last_label_loss, baseline_loss
    names = task.baseline_names
    error = totals.sums.calibration.error()
    return RunScores(
        scores,
        {names[0]: last_label, names[1]: baseline},
        error,
        () if error is None else totals.sums.calibration.bins(),
        totals.sums.business,
        {name: times for name, times in totals.served.undefined.items() if times},
    )
