"""Decisions in sentences, for alerts."""

from engine.events import Decision
from engine.supervision.decisions import SERVING


def sentence(decision: Decision) -> str:
    """A decision as a sentence; empty for one that needs no alert."""
    by_hand = f" ({decision.who})" if decision.who else ""
    if decision.action == "suspect":
        shadows = decision.shadow or "no vetted checkpoint yet to compare with"
        return f"{decision.model} is suspected; compared with: {shadows}"
    if decision.action == "hold":
        serves = f"; {decision.shadow} serves, as {decision.model}" if decision.shadow else ""
        return f"nothing is learned: {decision.reason}{serves}"
    if decision.action in SERVING:
        return f"{decision.shadow} took over from {decision.previous}, as {decision.model}{by_hand}"
    if decision.action == "accept":
        return f"{decision.model} stays: {decision.reason}"
    if decision.action == "clear":
        return f"{decision.model} is cleared: {decision.reason}"
    reported = decision.action in {"alert", "release", "unmask"} and not decision.who
    return decision.reason if reported else ""
