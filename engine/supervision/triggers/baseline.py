"""The served predictions fall behind the naive baseline over a window."""

from msgspec import Struct, msgpack

from engine.supervision.decisions import ProposedDecision, loss_text
from engine.supervision.triggers.base import ClosedWindow, Surroundings, Trigger

_AHEAD = 0.05
"""Share by which the served loss is below the baseline's when it is ahead of it."""


class FallsBehindState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        behind: Whether what is served is behind the baseline: from the start, and after it fell behind, until
            it loses clearly less.
    """

    behind: bool = True


class FallsBehind(Trigger):
    """The served predictions fall behind the baseline.

    Only falling is a reason: some models never reach the baseline, and are no more suspect for that.
    """

    name = "baseline"

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self.state = FallsBehindState()

    def on_window(self, closed: ClosedWindow) -> ProposedDecision | None:
        """A suspicion when the served loss is above the baseline's after it was below."""
        state, loss, baseline = self.state, closed.loss, closed.baseline
        fallen = not state.behind and loss > baseline * (1.0 + self.given.config.tolerance)
        # Where the two are about the same, each window would begin anew.
        state.behind = fallen or (state.behind and loss > baseline * (1.0 - _AHEAD))
        if not fallen:
            return None
        reason = (
            f"what is served is worse than the baseline: loss {loss_text(loss)} against {loss_text(baseline)}"
        )
        return ProposedDecision("suspect", reason, "", closed.numbers())

    def dump(self) -> bytes:
        """Its state."""
        return msgpack.encode(self.state)

    def load(self, saved: bytes) -> None:
        """Goes on from a state."""
        self.state = msgpack.decode(saved, type=FallsBehindState)
