"""The fate of a prediction: it is scored, champion and shadows are compared, and only then they learn."""

from collections.abc import Mapping

from engine.core.closing import close_window
from engine.core.deciding import carry_out
from engine.core.detecting import detect_in_loss
from engine.core.parts import Parts
from engine.core.suspecting import losses_of
from engine.core.waiting import PendingPrediction, ResolvedPrediction
from engine.events import Event
from engine.monitoring.worker.evaluator import WindowEvaluator
from engine.records.events import Outcome, Output
from engine.records.values import Target, shown
from engine.supervision.decisions import ProposedDecision


def settle(  # noqa: PLR0913 - the parts, the prediction, its fate, and where to write what comes of it
    parts: Parts,
    judge: WindowEvaluator,
    held: PendingPrediction,
    label: Target | None,
    events: list[Event],
    *,
    time: float,
    before: ResolvedPrediction | None = None,
    enters: bool = True,
) -> float | None:
    """Scores a prediction on its label, compares, learns, and puts the outcome into the window.

    Args:
        parts: The engine's parts.
        judge: Judges the window, when this fills it.
        held: The prediction.
        label: The truth, or what stands for it; without one nothing is scored.
        events: Where to write what comes of it.
        time: Event time of the label, or of the stream when the prediction expired.
        before: The outcome that it has had, when this corrects it.
        enters: Whether it enters the window; not when its example was learned at once and is there.

    Returns:
        The loss of what was served, when there is a label to measure it on.
    """
    loss = finding = None
    windows = parts.windows
    slot = windows.place(time, parts.clock.now) if windows.by_time else windows.index
    if label is not None and held.output is not None:
        loss, finding = _score(parts, held, label, before, slot)
        if loss is not None and before is None and parts.detectors.see_loss:
            detect_in_loss(parts, held, label, loss, events, time=time)
    order = parts.progress.outcomes
    parts.progress.outcomes = order + 1
    outcome = Outcome(
        order,
        held.sequence,
        held.example,
        held.output,
        held.model,
        label,
        loss,
        time,
        before is not None,
        parts.counts.predicted,
    )
    events.append(outcome)
    learns = enters if parts.ops.unsupervised else label is not None
    full = enters and windows.add(slot, outcome, learnable=learns)
    if learns:
        _learn(parts, outcome, events)
    if finding is not None:
        carry_out(parts, finding, time, events)
    if full:
        close_window(parts, judge, time, events)
    return loss


def _score(
    parts: Parts, held: PendingPrediction, label: Target, before: ResolvedPrediction | None, slot: int
) -> tuple[float | None, ProposedDecision | None]:
    """The loss of what was served, and what it says of champion and shadows.

    A correction corrects the scores of the run; it is no evidence, for its prediction was compared when
    the first label came.
    """
    loss = parts.ops.loss(held.output, label)
    if before is not None and before.label is not None:
        parts.scores.correct(held.output, before.label, label, before.loss, loss, held.example.features)
        return loss, None
    parts.scores.update(held.output, label, loss, held.last_label, held.example.features, slot)
    if loss is None or before is not None:
        return loss, None
    return loss, _weigh(parts, held, label, loss)


def _weigh(parts: Parts, held: PendingPrediction, label: Target, loss: float) -> ProposedDecision | None:
    """What the loss on one event says of champion and shadows.

    Only the champion's own predictions count: after a change, labels still come for what its
    predecessor served.
    """
    supervisor = parts.supervisor
    if held.model != parts.candidates.state.name or supervisor.state.held:
        return None
    finding = promotion = None
    suspecting = supervisor.state.suspicion is not None
    if held.shadows:
        losses = _losses(parts, held.shadows, parts.candidates.state.shadows, label)
        if losses and suspecting:
            finding = supervisor.compare(held.sequence, loss, losses, parts.counts.learned)
        promotion = _contested(parts, held, label, loss)
    # Only now: the scale of a bet must be known before the event that settles it.
    supervisor.on_loss(loss)
    if suspecting:
        return supervisor.permit(finding)
    if promotion is not None:
        return supervisor.permit(promotion)
    watched = parts.config.supervision.on_loss_drift
    return supervisor.on_loss_drift() if watched and parts.drift.update(loss) else None


def _contested(parts: Parts, held: PendingPrediction, label: Target, loss: float) -> ProposedDecision | None:
    """What the event says of champion and challengers: nothing in a cool-down or under a taint."""
    losses = _losses(parts, held.shadows or {}, parts.contest.state, label)
    if not losses:
        return None
    supervisor = parts.supervisor
    finding = parts.contest.compare(held.sequence, loss, losses, supervisor.scale)
    may = supervisor.may_change(parts.counts.learned) and not supervisor.state.tainted
    return finding if may else None


def _losses(
    parts: Parts, outputs: Mapping[str, Output | None], alive: Mapping[str, object], label: Target
) -> dict[str, float]:
    if not alive:
        return {}
    if outputs.keys() != alive.keys():
        outputs = {name: output for name, output in outputs.items() if name in alive}
    return losses_of(parts, outputs, label)


def _learn(parts: Parts, outcome: Outcome, events: list[Event]) -> None:
    if parts.supervisor.state.held:
        parts.counts.not_learned += 1
        return
    models = parts.candidates.state
    failed = parts.candidates.learn(models.champion, outcome, models.without)
    if failed is None:
        parts.counts.learned += 1
        models.learned.add(outcome.example.time)
    else:
        parts.counts.not_learned += 1
        if parts.progress.complained != models.name:
            parts.progress.complained = models.name
            reason = f"{models.name} cannot learn example {shown(outcome.example.id)}: {failed}"
            carry_out(parts, ProposedDecision("alert", reason, "", {}), outcome.time, events)
    if parts.challengers.state.alive:
        for name, raised in parts.challengers.learn(outcome):
            reason = f"challenger {name} cannot learn example {shown(outcome.example.id)}: {raised}"
            carry_out(parts, ProposedDecision("alert", reason, name, {}), outcome.time, events)
    if models.shadows:
        parts.candidates.learn_shadows(outcome, vetted=parts.supervisor.shadows_learn)
