"""How the losses of whole windows go: above what is usual, or behind the baseline. Calls nothing."""

import math
from dataclasses import dataclass, field

from engine.supervision.decisions import ProposedDecision

_RISE = 0.25
"""Share by which a window's loss is above the usual before that can mean anything."""

_ERRORS = 4.5
"""And standard errors: chance alone reaches as many in one of 300,000 windows."""

_FOLLOWS = 0.3
"""Weight of the newest window in the usual loss."""

_AHEAD = 0.05
"""Share by which what is served loses less than the baseline when it is ahead of it."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A window that has closed: its number, labelled events, and the mean losses of served and baseline."""

    window: int
    labelled: int
    loss: float
    baseline: float

    def numbers(self) -> dict[str, float]:
        """What a decision keeps of it."""
        return {"events": float(self.labelled), "loss": self.loss, "baseline_loss": self.baseline}


@dataclass(slots=True)
class LossTrend:
    """What is remembered of the windows before.

    Attributes:
        behind: Whether what is served is behind the baseline: from the start, and after it fell behind, until
            it loses clearly less.
        usual: Mean over the last windows of the loss as a share of the baseline's; `None` before the first.
        risen: Windows that wait for their verdict and in which it had risen.
        high: Whether it had in the last window.
    """

    behind: bool = True
    usual: float | None = None
    risen: set[int] = field(default_factory=set)
    high: bool = False

    def rise(self, closed: Closed, *, bounded: bool) -> ProposedDecision | None:
        """Has the loss risen, against the baseline's, by more than chance explains?

        A storm makes flights harder to foretell for the baseline too: that says nothing of the model.
        """
        usual, loss, baseline = self.usual, closed.loss, closed.baseline
        self.high = False
        if usual is None or not baseline:
            self.usual = loss / baseline if baseline else usual
            return None
        # A loss between 0 and 1 varies no more than a coin with the same mean; one without a bound is taken
        # to vary as much as an exponential one.
        expected = usual * baseline
        variance = expected * max(1.0 - expected, 0.0) if bounded else expected * expected
        limit = expected + max(_RISE * expected, _ERRORS * math.sqrt(2.0 * variance / closed.labelled))
        self.high = loss > limit
        if not self.high:
            self.usual = usual + _FOLLOWS * (loss / baseline - usual)
            return None
        self.risen.add(closed.window)
        reason = (
            f"window {closed.window}: the loss rose to {loss:.4f}; against the baseline's {baseline:.4f}, up "
            f"to {limit:.4f} is usual"
        )
        return ProposedDecision("suspect", reason, "", closed.numbers() | {"limit": limit})

    def fall(self, closed: Closed, tolerance: float) -> ProposedDecision | None:
        """Has what is served fallen behind the baseline?

        Only falling is a reason: some models never reach the baseline, and are no more suspect for that.
        """
        loss, baseline = closed.loss, closed.baseline
        fallen = not self.behind and loss > baseline * (1.0 + tolerance)
        # Where the two are about the same, each window would begin anew.
        self.behind = fallen or (self.behind and loss > baseline * (1.0 - _AHEAD))
        if not fallen:
            return None
        reason = f"what is served is worse than the baseline: loss {loss:.4f} against {baseline:.4f}"
        return ProposedDecision("suspect", reason, "", closed.numbers())
