"""How well what was served has done over the whole run: of one model key, or of several together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.learning.baselines import NAMES
from engine.learning.business import Worth
from engine.learning.calibration import Bin
from engine.learning.metrics import Choice
from engine.learning.sums import Sums
from engine.learning.track import Counted, measure, merge
from engine.records.config import Task


@dataclass(slots=True)
class Tally:
    """All that is scored over the whole run; tallies of several keys can be merged.

    Attributes:
        served: What the metrics know of what was served.
        last: The same of the last label.
        usual: The same of the most frequent class, or of the mean.
        sums: Losses, calibration and business metrics.
    """

    served: Counted
    last: Counted
    usual: Counted
    sums: Sums

    def merge(self, other: "Tally") -> None:
        """Adds another, as if one run had scored the events of both. Metrics that cannot be added leave."""
        merge(self.served, other.served)
        merge(self.last, other.last)
        merge(self.usual, other.usual)
        self.sums.merge(other.sums)


@dataclass(frozen=True, slots=True)
class Standing:
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
    business: Mapping[str, Worth]
    undefined: Mapping[str, int]


def last_choice(choice: Choice, task: Task) -> Choice:
    """How the metrics are kept for the last label, which is said with certainty."""
    return choice if task == "regression" else choice.of_certain_outputs()


def standing(tally: Tally, choice: Choice, task: Task) -> Standing:
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
    return Standing(
        scores,
        {names[0]: last, names[1]: usual},
        error,
        () if error is None else tally.sums.calibration.bins(),
        tally.sums.business,
        {name: times for name, times in tally.served.undefined.items() if times},
    )
