"""The champion's loss rises, event by event."""

from engine.supervision.decisions import ProposedDecision
from engine.supervision.triggers.base import LossDetector, Surroundings, Trigger


class LossDrifts(Trigger):
    """The champion's loss rises, by a detector that looks at every event (ADWIN)."""

    name = "loss_drift"

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self._detector = given.loss_detector

    @property
    def detector(self) -> LossDetector:
        """What finds the rise."""
        return self._detector

    def on_loss(self, loss: float) -> ProposedDecision | None:
        """A suspicion when the detector finds a rise."""
        if not self._detector.update(loss):
            return None
        return ProposedDecision("suspect", "the champion's loss has risen (ADWIN)", "", {})

    def on_change(self) -> None:
        """The detector forgets the losses of the previous champion."""
        self._detector.reset()

    def dump(self) -> bytes:
        """The detector's state."""
        return self._detector.dump()

    def load(self, saved: bytes) -> None:
        """Goes on from the detector's state."""
        self._detector.load(saved)
