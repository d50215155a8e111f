"""The loss detector as supervision takes it."""

from engine.models.serialization import dump, load
from engine.monitoring.detectors.loss_drift import LossDrift

_KIND = "loss detector"


class AdwinOfLoss:
    """Finds a rise of the champion's loss."""

    def __init__(self, delta: float, allow: tuple[str, ...]) -> None:
        self._delta, self._allow = delta, allow
        self._detector = LossDrift(delta)
        self.update = self._detector.update

    def dump(self) -> bytes:
        """Its state."""
        return dump(self._detector, _KIND)

    def load(self, saved: bytes) -> None:
        """Goes on from a state."""
        self._detector = load(saved, _KIND, self._allow)
        self.update = self._detector.update

    def reset(self) -> None:
        """Forgets everything."""
        self._detector = LossDrift(self._delta)
        self.update = self._detector.update
