"""The loss detector as supervision takes it."""

import msgspec

from engine.errors import SnapshotError
from engine.monitoring.detectors.loss_drift import LossDrift, LossDriftState


class AdwinOfLoss:
    """Finds a rise of the champion's loss.

    Args:
        delta: Chance of a false alarm at each test.
        bounded: Whether a loss lies between 0 and 1.
        allow: Modules of the user's own whose classes a snapshot may hold.
    """

    def __init__(self, delta: float, *, bounded: bool, allow: tuple[str, ...]) -> None:
        self._delta, self._bounded, self._allow = delta, bounded, allow
        self._detector = LossDrift(delta, bounded=bounded)
        self.update = self._detector.update

    @property
    def detector(self) -> LossDrift:
        """The detector itself."""
        return self._detector

    def dump(self) -> bytes:
        """Its state."""
        return msgspec.msgpack.encode(self._detector.state())

    def load(self, saved: bytes) -> None:
        """Goes on from a state.

        Raises:
            SnapshotError: When the bytes are no such state.
        """
        try:
            state = msgspec.msgpack.decode(saved, type=LossDriftState)
        except msgspec.MsgspecError as error:
            raise SnapshotError(f"loss detector: not a state of this format: {error}") from error
        self._detector.restore(state, self._allow)

    def reset(self) -> None:
        """Forgets everything."""
        self._detector = LossDrift(self._delta, bounded=self._bounded)
        self.update = self._detector.update
