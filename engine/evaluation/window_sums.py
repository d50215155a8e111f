"""What is summed up over a window and over the run: losses, calibration, business metrics."""

from dataclasses import dataclass, field

from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.calibration import Calibration


@dataclass(slots=True)
class Totals:
    """Sums of losses over the same events: divide by `scored` for the means.

    Before a baseline knows its first label it has nothing to say; there it is given the model's own loss.

    Attributes:
        scored: The events.
        loss: Of what was served: half the Brier score, or the absolute error.
        baseline_loss: Of the class shares so far, or the mean so far.
        last_label_loss: Of the last label said with certainty: 0 or 1 for classes, on the scale of `loss`.
    """

    scored: int = 0
    loss: float = 0.0
    baseline_loss: float = 0.0
    last_label_loss: float = 0.0

    def add(self, loss: float, baseline_loss: float, last_label_loss: float) -> None:
        """Adds one scored event."""
        self.scored += 1
        self.loss += loss
        self.baseline_loss += baseline_loss
        self.last_label_loss += last_label_loss

    def merge(self, other: "Totals") -> None:
        """Adds the sums of another."""
        self.scored += other.scored
        self.loss += other.loss
        self.baseline_loss += other.baseline_loss
        self.last_label_loss += other.last_label_loss

    def means(self) -> tuple[float, float, float] | tuple[None, None, None]:
        """The mean `loss`, `baseline_loss` and `last_label_loss`; `None` without events."""
        if not self.scored:
            return None, None, None
        return (
            self.loss / self.scored,
            self.baseline_loss / self.scored,
            self.last_label_loss / self.scored,
        )


@dataclass(slots=True)
class WindowSums:
    """Everything that is a sum over events, so that windows add up to the run.

    Attributes:
        totals: The losses.
        calibration: Sums by tenths of the probability; nothing is added to them in regression.
        business: The worth of the predictions, by business metric.
    """

    totals: Totals = field(default_factory=Totals)
    calibration: Calibration = field(default_factory=Calibration)
    business: dict[str, BusinessTotal] = field(default_factory=dict)

    def merge(self, other: "WindowSums") -> None:
        """Adds the sums of another."""
        self.totals.merge(other.totals)
        self.calibration.merge(other.calibration)
        for name, worth in other.business.items():
            self.business.setdefault(name, BusinessTotal()).merge(worth)
