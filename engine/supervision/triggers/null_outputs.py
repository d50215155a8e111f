"""The champion puts out nothing."""

from engine.supervision.decisions import ProposedDecision
from engine.supervision.triggers.base import Trigger


class OutputsVanish(Trigger):
    """Too many predictions are null, although the champion has learned.

    Weights that have overflown, for one, put out NaN for ever: there is no loss that could rise.
    """

    name = "null_outputs"

    def on_null_outputs(self, share: float) -> ProposedDecision | None:
        """A suspicion."""
        reason = f"{share:.0%} of the champion's predictions are null"
        return ProposedDecision("suspect", reason, "", {"null_share": share})
