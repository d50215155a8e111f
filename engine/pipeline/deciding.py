"""Carries out what supervision finds, and writes it down with its evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.models.saving import digest
from engine.monitoring.drift import LossDrift
from engine.pipeline.candidates import Checkpoint, Shadow
from engine.pipeline.events import Decision, Event
from engine.pipeline.parts import Parts
from engine.records.events import Output
from engine.records.values import Features
from engine.registry import Reason, Version
from engine.supervision.values import Finding


def carry_out(parts: Parts, finding: Finding, time: float, events: list[Event], who: str = "") -> None:
    """Does what the finding says; after a rollback the very next prediction comes from the shadow.

    Args:
        parts: The engine's parts.
        finding: What is to be done.
        time: Event time at which it is.
        events: Where to write it down.
        who: The person who wants it; nobody when it is the engine's own finding.
    """
    candidates = parts.candidates
    previous = candidates.state.name
    shadow = finding.shadow
    at_once = None
    if finding.action == "suspect":
        shadows = candidates.revive()
        shadow = ", ".join(revived.checkpoint.name for revived in shadows)
        at_once = _compare_buffered(parts, shadows)
    elif finding.action == "rollback":
        _roll_back(parts, finding.shadow, time, events)
    elif finding.action == "promotion":
        _promote(parts, finding.shadow, time, events)
    elif finding.action in {"clear", "accept"}:
        candidates.dismiss()
    number = parts.progress.decisions
    parts.progress.decisions += 1
    learned, window = parts.counts.learned, parts.windows.index
    model, reason, evidence = candidates.state.name, finding.reason, finding.evidence
    decision = Decision(
        parts.key,
        number,
        time,
        learned,
        window,
        finding.action,
        reason,
        model,
        previous,
        shadow,
        evidence,
        who,
    )
    events.append(decision)
    parts.alerting.hear(decision)
    if at_once is not None:
        carry_out(parts, at_once, time, events)


def _compare_buffered(parts: Parts, shadows: Sequence[Shadow]) -> Finding | None:
    """Opens the suspicion and compares its shadows on the labelled outcomes that are still at hand.

    Only examples predicted after a shadow's checkpoint count: on earlier ones the champion knew less
    than the shadow does. Those that still wait for a label get the shadows' predictions now: the shadows
    have learned nothing since, so these are the predictions they would have made then.
    """
    parts.supervisor.begin([shadow.checkpoint.name for shadow in shadows])
    for held in parts.waiting.all():
        fair = _predict_fairly(parts, shadows, held.sequence, held.example.features)
        held.shadows = (held.shadows or {}) | fair  # beside what the challengers have said
    champion = parts.candidates.state.name
    finding = None
    for outcome in parts.windows.learnable():
        # A correction is of a prediction that was compared when its first label came.
        if outcome.loss is None or outcome.model != champion or outcome.correction:
            continue
        outputs = _predict_fairly(parts, shadows, outcome.sequence, outcome.example.features)
        losses = losses_of(parts, outputs, outcome.label)
        finding = parts.supervisor.compare(outcome.sequence, outcome.loss, losses, parts.counts.learned)
    return finding


def losses_of(parts: Parts, outputs: Mapping[str, Output | None], label: Any) -> dict[str, float]:
    """The loss of each output on the label, where it has one."""
    losses = {name: parts.ops.loss(output, label) for name, output in outputs.items() if output is not None}
    return {name: loss for name, loss in losses.items() if loss is not None}


def _predict_fairly(
    parts: Parts, shadows: Sequence[Shadow], sequence: int, features: Features
) -> dict[str, Output | None]:
    """What the shadows whose checkpoint is older than the prediction with this number say."""
    fair = [shadow for shadow in shadows if sequence >= shadow.checkpoint.sequence]
    return parts.candidates.predict_with(fair, features) if fair else {}


def _roll_back(parts: Parts, shadow: str, time: float, events: list[Event]) -> None:
    replaced = _replaced(parts, time, events)
    parts.candidates.take_over(shadow, replaced)
    _changed(parts)


def _promote(parts: Parts, name: str, time: float, events: list[Event]) -> None:
    """The challenger serves; the champion goes on as a challenger, under the name that it served under."""
    replaced = _replaced(parts, time, events)
    state = parts.candidates.state
    served, model = state.name, state.champion
    promoted = parts.challengers.take_over(name, served, model)
    parts.candidates.install(promoted, name, replaced)
    parts.contest.leave(name)
    parts.contest.enter([served], parts.counts.predicted)
    # By hand it may be promoted in bad times, and it has learned what the champion has.
    tainted = parts.supervisor.state.tainted
    _changed(parts)
    parts.supervisor.state.tainted = tainted


def _replaced(parts: Parts, time: float, events: list[Event]) -> Checkpoint:
    """The champion that is about to be replaced, kept."""
    replaced = checkpoint(parts, f"s{parts.counts.learned}")
    events.append(version(parts, replaced, "replaced", time))
    return replaced


def _changed(parts: Parts) -> None:
    parts.supervisor.changed(parts.counts.learned)
    parts.contest.changed(parts.counts.predicted)
    # The detector knows the losses of the champion that is gone.
    parts.drift = LossDrift(parts.config.monitoring.loss_drift_delta)


def checkpoint(parts: Parts, suffix: str) -> Checkpoint:
    """The champion as it is now."""
    return parts.candidates.save(
        parts.windows.index, parts.counts.predicted, parts.progress.outcomes, parts.counts.learned, suffix
    )


def version(parts: Parts, saved: Checkpoint, reason: Reason, time: float) -> Version:
    """The registry's entry for a checkpoint."""
    return Version(
        parts.key,
        saved.name,
        parts.candidates.state.parent,
        reason,
        saved.window,
        saved.learned,
        time,
        parts.scores.values(),
        digest(saved.saved),
        saved.saved,
    )
