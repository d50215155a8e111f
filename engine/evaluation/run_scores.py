"""How well what was served has done over the whole run: of one model key, or of several together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.evaluation.baselines import NAMES
from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.calibration import Bin
from engine.evaluation.metric_counts import MetricCounts, measure, merge
from engine.evaluation.metrics import Choice
from engine.evaluation.window_sums import WindowSums
from engine.records.config import Task


@dataclass(slots=True)
class ScoreTotals:
    """All that is scored over the whole run; tallies of several keys can be merged.

    Attributes:
        served: What the metrics know of what was served.
        last: The same of the last label.
        usual: The same of the most frequent class, or of the mean.
        sums: Losses, calibration and business metrics.
    """

    served: MetricCounts
    last: MetricCounts
    usual: MetricCounts
    sums: WindowSums

    def merge(self, other: "ScoreTotals") -> None:
        """Adds another, as if one run had scored the events of both. Metrics that cannot be added leave."""
        merge(self.served, other.served)
        merge(self.last, other.last)
        merge(self.usual, other.usual)
        self.sums.merge(other.sums)


@dataclass(frozen=True, slots=True)
class RunScores:
    """How well what was served has done, for the summary.

    Attributes:
        scores: Every metric over the whole run by its name, over the last events and fading where configured,
            and the mean `loss` and `baseline_loss`.
        baselines: The same metrics and the mean `loss` of each baseline, by its name.
        calibration_error: The expected calibration error; `None` in regression or before the first event.
        calibration: The bins behind it.
        business: The business metrics by name.
        undefined: Events that a metric could not take, by its name, if there were any.
    """

    scores: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    calibration_error: float | None
    calibration: Sequence[Bin]
    business: Mapping[str, BusinessTotal]
    undefined: Mapping[str, int]


def last_choice(choice: Choice, task: Task) -> Choice:
    """How the metrics are kept for the last label, which is said with certainty."""
    return choice if task == "regression" else choice.of_certain_outputs()


def standing(tally: ScoreTotals, choice: Choice, task: Task) -> RunScores:
    """What a tally says, of one key or of several merged."""
    scores = measure(choice, tally.served)
    last = measure(last_choice(choice, task), tally.last)
    usual = measure(choice, tally.usual)
    loss, baseline_loss, last_loss = tally.sums.totals.means()
    if loss is not None and baseline_loss is not None and last_loss is not None:
        scores |= {"loss": loss, "baseline_loss": baseline_loss}
        last["loss"], usual["loss"] = last_loss, baseline_loss
    names = NAMES[task]
    error = tally.sums.calibration.error()
    return RunScores(
        scores,
        {names[0]: last, names[1]: usual},
        error,
        () if error is None else tally.sums.calibration.bins(),
        tally.sums.business,
        {name: times for name, times in tally.served.undefined.items() if times},
    )
