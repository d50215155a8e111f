"""A window fails, or warns."""

from engine.supervision.decisions import ProposedDecision
from engine.supervision.triggers.base import Trigger
from engine.windows import Status


class WindowFails(Trigger):
    """A window fails."""

    name = "fail"

    def on_verdict(self, status: Status, reason: str) -> ProposedDecision | None:
        """A suspicion for every window that fails."""
        return ProposedDecision("suspect", reason, "", {}) if status == "fail" else None


class WindowWarns(Trigger):
    """A window warns."""

    name = "warn"

    def on_verdict(self, status: Status, reason: str) -> ProposedDecision | None:
        """A suspicion for every window that warns."""
        return ProposedDecision("suspect", reason, "", {}) if status == "warn" else None
