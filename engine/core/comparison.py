"""Comparison of the champion with shadows and challengers, on one labelled event."""

import math
from collections.abc import Mapping

from engine.core.model_pool import ModelPool
from engine.core.waiting import PendingPrediction
from engine.records.events import Output
from engine.records.values import Target
from engine.supervision.challenger_trials import ChallengerTrials
from engine.supervision.decisions import ProposedDecision
from engine.supervision.supervisor import Supervisor


class Comparison:
    """Gives supervision the losses of one event.

    Args:
        pool: The models.
        supervisor: Shadows against the champion, and reasons to suspect it.
        trials: Challengers against the champion.
    """

    def __init__(self, pool: ModelPool, supervisor: Supervisor, trials: ChallengerTrials) -> None:
        self._pool, self._supervisor, self._trials = pool, supervisor, trials

    def compare(
        self, pending: PendingPrediction, label: Target, loss: float | None, since: int
    ) -> ProposedDecision | None:
        """Compares the models on one event.

        Only the champion's own predictions count: after a change, labels still come for what its predecessor
        served.

        Args:
            pending: The prediction, with the outputs of all models that were compared then.
            label: The truth.
            loss: The loss of the served output; `None` when it was null.
            since: Predictions made since.

        Returns:
            What the evidence proposes, if anything.
        """
        supervisor, champion = self._supervisor, self._pool.champion.name
        if pending.model != champion or supervisor.labels_on_hold:
            return None
        outputs, proposal = pending.shadows, None
        if outputs:
            if supervisor.joint.mixture is not None:
                self._weigh(pending, outputs, label, since)
            if champion in outputs:
                own, served = outputs[champion], loss
                loss = None if own is None else self._pool.ops.loss(own, label)
                supervisor.joint.note(_or_worst(loss), _or_worst(served), supervisor.scale)
            proposal = self._compared(pending.sequence, outputs, label, loss, since)
        # Only now: the scale of a bet must be known before the event that settles it.
        return supervisor.permit(proposal) if loss is None else supervisor.on_loss(loss, proposal)

    def _weigh(
        self, pending: PendingPrediction, outputs: Mapping[str, Output | None], label: Target, since: int
    ) -> None:
        """Weights follow the losses of all, the champion's included."""
        champion, joint = pending.model, self._supervisor.joint
        if champion in outputs:
            joint.weigh(outputs, label, served=pending.output, since=since)
        else:
            joint.weigh({**outputs, champion: pending.output}, label, served=None, since=since)

    def _compared(
        self,
        sequence: int,
        outputs: Mapping[str, Output | None],
        label: Target,
        loss: float | None,
        since: int,
    ) -> ProposedDecision | None:
        pool, supervisor, trials = self._pool, self._supervisor, self._trials
        own = _or_worst(loss)
        proposal = promotion = None
        losses = pool.losses(outputs, label)
        if losses and supervisor.suspecting:
            proposal = supervisor.compare(sequence, own, losses, pool.learned, since)
        elif losses:
            proposal = self._against_guarded(sequence, own, losses)
        if losses and trials.alive:
            promotion = trials.compare(sequence, own, losses, supervisor.scale, since)
            if supervisor.contaminated or not supervisor.may_change(pool.learned):
                promotion = None
        return proposal if proposal is not None or supervisor.suspecting else promotion

    def _against_guarded(
        self, sequence: int, own: float, losses: Mapping[str, float]
    ) -> ProposedDecision | None:
        guarded = self._pool.shadows.guarded
        if guarded is None or guarded.name not in losses:
            return None
        supervisor = self._supervisor
        return supervisor.guarded.add(sequence, own, losses[guarded.name], supervisor.scale)


def _or_worst(loss: float | None) -> float:
    """A loss; of a null output, which is worse than any other, infinity."""
    return math.inf if loss is None else loss
