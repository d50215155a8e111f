"""Sums over a window, which add up to the run: losses, calibration and business metrics."""

from msgspec import Struct, field

from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.calibration import Calibration


class Totals(Struct, forbid_unknown_fields=True):
    """Sums of losses over the same events; divide by `scored` for the means.

    Before its first label a baseline has no output; such an event counts with the model's own loss.

    Attributes:
        scored: Number of events.
        loss: Loss of the served outputs: half the Brier score, or the absolute error.
        baseline_loss: Loss of the class prior or of the running mean.
        last_label_loss: Loss of the last label as a certain prediction: 0 or 1 for classes, on the scale of
            `loss`.
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

    def copy(self) -> "Totals":
        """A copy whose numbers are Python's own: losses of NumPy's add up to NumPy's."""
        return Totals(self.scored, float(self.loss), float(self.baseline_loss), float(self.last_label_loss))


class WindowSums(Struct, forbid_unknown_fields=True):
    """All sums over the events of a window, or of the run; this is also their snapshot state.

    Attributes:
        totals: Sums of losses.
        calibration: Sums by tenths of the probability; empty in regression.
        business: Sums of the business metrics, by name.
    """

    totals: Totals = field(default_factory=Totals)
    calibration: Calibration = field(default_factory=Calibration)
    business: dict[str, BusinessTotal] = field(default_factory=dict)

    def merge(self, other: "WindowSums") -> None:
        """Adds the sums of another."""
        self.totals.merge(other.totals)
        self.calibration.merge(other.calibration)
        for name, total in other.business.items():
            self.business.setdefault(name, BusinessTotal()).merge(total)

    def copy(self) -> "WindowSums":
        """A copy that shares nothing with these sums."""
        business = {name: total.copy() for name, total in self.business.items()}
        return WindowSums(self.totals.copy(), self.calibration.copy(), business)
