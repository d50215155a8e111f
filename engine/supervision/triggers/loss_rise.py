"""The loss over a window rises above what is usual, as a share of the baseline's."""

import math

from msgspec import Struct, msgpack

from engine.supervision.decisions import ProposedDecision, loss_text
from engine.supervision.triggers.base import ClosedWindow, Surroundings, Trigger

_RISE = 0.25
"""Share by which a window's loss is above the usual before that can mean anything."""

_ERRORS = 4.5
"""And standard errors: chance alone reaches as many in one of 300,000 windows."""

_FOLLOWS = 0.3
"""Weight of the newest window in the usual loss."""


class LossRisesState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        usual: Mean over the last windows of the loss as a share of the baseline's; `None` before the first.
        distrusted: Windows without a verdict in which the loss was above the usual.
        raised: Whether it was in the last window.
    """

    usual: float | None = None
    distrusted: set[int] = set()
    raised: bool = False


class LossRises(Trigger):
    """The loss over a window rises, against the baseline's, by more than chance explains.

    A storm makes flights harder to predict for the baseline too: that says nothing about the model.
    """

    name = "loss_rise"

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self.state = LossRisesState()

    def on_window(self, closed: ClosedWindow) -> ProposedDecision | None:
        """A suspicion when the loss is above the limit; else what is usual follows it."""
        state, loss, baseline = self.state, closed.loss, closed.baseline
        usual, state.raised = state.usual, False
        if usual is None or not baseline:
            state.usual = loss / baseline if baseline else usual
            return None
        # A loss between 0 and 1 varies no more than a coin with the same mean; one without a bound is taken
        # to vary as much as an exponential one.
        expected = usual * baseline
        bounded = self.given.bounded_loss
        variance = expected * max(1.0 - expected, 0.0) if bounded else expected * expected
        limit = expected + max(_RISE * expected, _ERRORS * math.sqrt(2.0 * variance / closed.labelled))
        state.raised = loss > limit
        if not state.raised:
            state.usual = usual + _FOLLOWS * (loss / baseline - usual)
            return None
        state.distrusted.add(closed.window)
        reason = (
            f"window {closed.window}: the loss rose to {loss_text(loss)}; against the baseline's "
            f"{loss_text(baseline)}, up to {loss_text(limit)} is usual"
        )
        return ProposedDecision("suspect", reason, "", closed.numbers() | {"limit": limit})

    def on_accept(self) -> None:
        """What is usual is found anew."""
        self.state.usual = None

    def distrusts(self, window: int) -> bool:
        """Whether the loss had risen in this window."""
        found = window in self.state.distrusted
        self.state.distrusted.discard(window)
        return found

    @property
    def raised(self) -> bool:
        """Whether it had in the last window."""
        return self.state.raised

    def dump(self) -> bytes:
        """Its state."""
        return msgpack.encode(self.state)

    def load(self, saved: bytes) -> None:
        """Goes on from a state."""
        self.state = msgpack.decode(saved, type=LossRisesState)
