"""Comparison of the champion with shadows and challengers, on one labelled event."""

from engine.core.model_pool import ModelPool
from engine.core.waiting import PendingPrediction
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
        self, pending: PendingPrediction, label: Target, loss: float | None
    ) -> ProposedDecision | None:
        """Compares the models on one event.

        Only the champion's own predictions count: after a change, labels still come for what its predecessor
        served.

        Args:
            pending: The prediction, with the outputs of all models that were compared then.
            label: The truth.
            loss: The loss of the served output; `None` when it was null.

        Returns:
            What the evidence proposes, if anything.
        """
        supervisor = self._supervisor
        if pending.model != self._pool.champion.name or supervisor.labels_on_hold:
            return None
        proposal = self._compared(pending, label, loss) if pending.shadows else None
        # Only now: the scale of a bet must be known before the event that settles it.
        return supervisor.permit(proposal) if loss is None else supervisor.on_loss(loss, proposal)

    def _compared(
        self, pending: PendingPrediction, label: Target, loss: float | None
    ) -> ProposedDecision | None:
        pool, supervisor, trials, outputs = self._pool, self._supervisor, self._trials, pending.shadows or {}
        proposal = promotion = None
        if supervisor.suspecting and (losses := pool.losses(outputs, pool.shadows.alive, label)):
            served = supervisor.null_loss(losses.values()) if loss is None else loss
            proposal = supervisor.compare(pending.sequence, served, losses, pool.learned)
        if trials.alive and (losses := pool.losses(outputs, trials.alive, label)):
            served = supervisor.null_loss(losses.values()) if loss is None else loss
            promotion = trials.compare(pending.sequence, served, losses, supervisor.scale)
            if supervisor.contaminated or not supervisor.may_change(pool.learned):
                promotion = None
        return proposal if supervisor.suspecting else promotion
