"""Carries out what supervision finds, and writes it down with its evidence."""

from collections.abc import Iterable
from typing import Any

from engine.core.candidates import MODEL, Checkpoint
from engine.core.challengers import Challenger
from engine.core.gate import gated
from engine.core.parts import Parts
from engine.core.suspecting import open_suspicion
from engine.events import Decision, Event
from engine.models.serialization import digest, dump
from engine.monitoring.detectors.loss_drift import LossDrift
from engine.monitoring.types import Check
from engine.registry.versions import Learned, Version
from engine.rows import Reason, Role
from engine.supervision.decisions import CHANGES, ProposedDecision


def carry_out(  # noqa: PLR0913 - what, when, on whose behalf, and where to write what comes of it
    parts: Parts,
    finding: ProposedDecision,
    time: float,
    events: list[Event],
    *,
    who: str = "",
    checks: Iterable[Check] = (),
) -> None:
    """Does what the finding says; after a change the very next prediction comes from the shadow.

    Args:
        parts: The engine's parts.
        finding: What is to be done.
        time: Event time at which it is.
        events: Where to write it down.
        who: The person who wants it; nobody when it is the engine's own finding.
        checks: The checks of the window that a suspicion comes from.
    """
    if finding.action == "promotion" and parts.holdout:
        finding = gated(parts, finding)
    candidates = parts.candidates
    previous = candidates.state.name
    shadow = finding.shadow
    at_once = None
    if finding.action == "suspect":
        shadows, at_once = open_suspicion(parts, checks)
        shadow = "; ".join(alive.name for alive in shadows)
    elif finding.action in CHANGES:
        _change(parts, finding, time, events)
    elif finding.action == "promotion":
        _promote(parts, finding.shadow, time, events)
    elif finding.action == "hold":
        shadow = _hold(parts, time, events)
    elif finding.action == "unmask":
        candidates.unmask()
        parts.challengers.unmask()
    elif finding.action in {"clear", "accept"}:
        candidates.dismiss()
    decision = _decision(parts, finding, time, previous=previous, shadow=shadow, who=who)
    events.append(decision)
    parts.alerting.hear(decision)
    if at_once is None and parts.supervisor.state.tainted and not parts.supervisor.suspecting:
        # A taint without a suspicion would never end.
        reason = f"{candidates.state.name} too has learned from windows that failed"
        at_once = ProposedDecision("suspect", reason, "", {})
    if at_once is not None:
        carry_out(parts, at_once, time, events)


def _decision(  # noqa: PLR0913 - what a decision says
    parts: Parts, finding: ProposedDecision, time: float, *, previous: str, shadow: str, who: str
) -> Decision:
    """What was decided, under a number of its own."""
    progress = parts.progress
    number, action = progress.decisions, finding.action
    progress.decisions += 1
    progress.decided[action] = progress.decided.get(action, 0) + 1
    return Decision(
        parts.key,
        number,
        time,
        parts.counts.learned,
        parts.windows.index,
        action,
        finding.reason,
        parts.candidates.state.name,
        previous,
        shadow,
        finding.evidence,
        who,
    )


def _change(parts: Parts, finding: ProposedDecision, time: float, events: list[Event]) -> None:
    """A shadow takes over; the model that it replaces goes on as a challenger for a while."""
    served = parts.candidates.state.name
    tainted = parts.supervisor.state.tainted and finding.action == "reset"
    gone = _as_challenger(parts)
    replaced = _replaced(parts, time, events)
    parts.candidates.take_over(finding.shadow, replaced)
    _changed(parts, time, events)
    parts.supervisor.state.tainted = tainted
    if parts.config.supervision.compare_after:
        parts.challengers.join(served, gone)
        parts.contest.enter([served], parts.counts.predicted)


def _hold(parts: Parts, time: float, events: list[Event]) -> str:
    """The last vetted checkpoint serves while the labels fail, unless only people may change it; its name."""
    parts.candidates.dismiss()
    ladder = parts.candidates.state.ladder
    if parts.supervisor.hands_off or not ladder:
        return ""
    replaced = _replaced(parts, time, events)
    vetted = parts.candidates.alive(ladder[-1])
    parts.candidates.install(vetted.model, vetted.name, replaced, vetted.learned, vetted.without)
    _changed(parts, time, events)
    return vetted.name


def _promote(parts: Parts, name: str, time: float, events: list[Event]) -> None:
    """The challenger serves; the champion goes on as a challenger, under the name that it served under."""
    replaced = _replaced(parts, time, events)
    state = parts.candidates.state
    served = state.name
    promoted = parts.challengers.take_over(name, served, _as_challenger(parts))
    parts.candidates.install(promoted.model, name, replaced, promoted.learned, promoted.without)
    parts.contest.leave(name)
    parts.contest.enter([served], parts.counts.predicted)
    # By hand it may be promoted in bad times, and it has learned what the champion has.
    tainted = parts.supervisor.state.tainted
    _changed(parts, time, events)
    parts.supervisor.state.tainted = tainted


def _as_challenger(parts: Parts) -> Challenger:
    """The champion as it goes on for a while when it is replaced."""
    state = parts.candidates.state
    until = parts.windows.index + parts.config.supervision.compare_after
    return Challenger(
        state.champion, 1.0, retired=True, until=until, without=state.without, learned=state.learned
    )


def _replaced(parts: Parts, time: float, events: list[Event]) -> Checkpoint:
    """The champion that is about to be replaced, kept."""
    replaced = checkpoint(parts, f"s{parts.counts.learned}")
    events.append(version(parts, replaced, "replaced", time))
    return replaced


def _changed(parts: Parts, time: float, events: list[Event]) -> None:
    """Another model serves: it is kept as it begins to."""
    events.append(version(parts, checkpoint(parts, "start"), "in charge", time))
    parts.supervisor.changed(parts.counts.learned)
    parts.contest.changed(parts.counts.predicted)
    # The detector knows the losses of the champion that is gone.
    parts.drift = LossDrift(parts.config.monitoring.loss_drift_delta)


def checkpoint(parts: Parts, suffix: str) -> Checkpoint:
    """The champion as it is now."""
    state = parts.candidates.state
    name = f"{state.name}.{suffix}"
    return saved_now(parts, name, state.champion, state.learned, parent=state.parent, without=state.without)


def saved_now(  # noqa: PLR0913 - a model and what is known of it
    parts: Parts,
    name: str,
    model: Any,
    learned: Learned,
    *,
    parent: str = "",
    without: frozenset[str] = frozenset(),
) -> Checkpoint:
    """A model as it is now, as a value."""
    counts = parts.counts
    return Checkpoint(
        name,
        parts.windows.index,
        counts.predicted,
        parts.progress.outcomes,
        counts.records,
        dict(parts.progress.positions),
        learned.copy(),
        parts.scores.values() if parts.progress.outcomes else {},
        parent,
        dump(model, MODEL),
        without,
    )


def version(  # noqa: PLR0913 - a checkpoint, and what it is kept for
    parts: Parts,
    saved: Checkpoint,
    reason: Reason,
    time: float,
    *,
    role: Role = "champion",
    approved_by: str = "",
) -> Version:
    """The registry's entry for a checkpoint."""
    return Version(
        parts.key,
        saved.name,
        saved.parent,
        role,
        reason,
        saved.window,
        saved.records,
        saved.positions,
        saved.learned,
        time,
        saved.scores,
        approved_by,
        tuple(known.name for known in parts.candidates.known()),
        digest(saved.saved),
        saved.saved,
    )
