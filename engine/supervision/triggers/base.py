"""What a trigger is: it watches losses, windows or verdicts, and proposes a suspicion."""

from typing import ClassVar, Protocol

from msgspec import Struct

from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import ProposedDecision
from engine.windows import Status


class ClosedWindow(Struct, frozen=True):
    """A window that has closed: its number, labelled events, and the mean losses of served and baseline."""

    window: int
    labelled: int
    loss: float
    baseline: float

    def numbers(self) -> dict[str, float]:
        """What a decision keeps of it."""
        return {"events": float(self.labelled), "loss": self.loss, "baseline_loss": self.baseline}


class LossDetector(Protocol):
    """Says when a stream of losses has risen. It is handed in: supervision imports no models."""

    def update(self, loss: float) -> bool:
        """Takes the next loss; whether the losses have risen."""

    def dump(self) -> bytes:
        """Its state."""

    def load(self, saved: bytes) -> None:
        """Goes on from a state."""

    def reset(self) -> None:
        """Forgets everything: the losses are another model's from now on."""


class Surroundings(Struct, frozen=True):
    """What triggers are made with.

    Attributes:
        config: The section `supervision`.
        bounded_loss: Whether a loss lies between 0 and 1.
        loss_detector: Finds a rise of the loss event by event.
    """

    config: SupervisionConfig
    bounded_loss: bool
    loss_detector: LossDetector


class Trigger:
    """A reason to suspect the champion. What it returns opens a suspicion.

    It is asked only while no suspicion is open, but it sees every window, so that it knows what is usual.

    Attributes:
        name: The trigger is on when `supervision.on_<name>` is true.
        given: The configuration, and what else it is made with.
    """

    name: ClassVar[str]

    def __init__(self, given: Surroundings) -> None:
        self.given = given

    def on_loss(self, loss: float) -> ProposedDecision | None:  # noqa: ARG002 - most do not look at it
        """The champion's loss on a labelled event."""
        return None

    def on_window(self, closed: ClosedWindow) -> ProposedDecision | None:  # noqa: ARG002 - as above
        """A window has closed, with enough labelled events for its means to say something."""
        return None

    def on_verdict(self, status: Status, reason: str) -> ProposedDecision | None:  # noqa: ARG002 - as above
        """A window has its verdict."""
        return None

    def on_null_outputs(self, share: float) -> ProposedDecision | None:  # noqa: ARG002 - as above
        """Too large a share of the champion's predictions is null."""
        return None

    def on_change(self) -> None:
        """Another model serves."""

    def on_accept(self) -> None:
        """The world has changed: what was usual no longer is."""

    def distrusts(self, window: int) -> bool:  # noqa: ARG002 - as above
        """Whether a window must not be learned by vetted shadows, whatever its verdict; asked once."""
        return False

    @property
    def raised(self) -> bool:
        """Whether the last window was still worse than usual."""
        return False

    def dump(self) -> bytes:
        """What a snapshot keeps of it; nothing of one that remembers nothing."""
        return b""

    def load(self, saved: bytes) -> None:
        """Goes on from what a snapshot kept."""
