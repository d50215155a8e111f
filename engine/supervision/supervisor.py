"""Evidence in, findings out: when to suspect, when to roll back, when a suspicion ends. Calls nothing.

A suspicion is open from its finding `suspect` until a change, a `clear` or an `accept`. While it is
open, shadows are compared with the champion on every labelled event.

- rollback, mask, reset: a trial decided for a shadow, on at least `min_events`, by more than `tolerance`,
  outside the cool-down
- clear: a window passed during all of which the shadows were learning too, and over it the champion was
  no worse than the best of them; or a window passed and there is no shadow to compare with
- accept: `patience` windows failed in a row and no shadow proved better: the world changed
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from engine.records.events import Strange
from engine.supervision.challenger_trials import ChallengerTrial
from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import Action, ProposedDecision
from engine.supervision.evidence import Advantage
from engine.supervision.findings import better, cleared, waits, waits_if_strange
from engine.supervision.guarded import GuardedComparison
from engine.supervision.joint_serving import JointServing
from engine.supervision.lent_evidence import LentEvidence
from engine.supervision.mixture import Mixture
from engine.supervision.suspicion import PairedLosses, Suspicion
from engine.supervision.triggers.base import ClosedWindow, Trigger
from engine.supervision.usual_loss import MeanLoss, UsualLoss
from engine.tasks.aggregation import Aggregation, Span
from engine.windows import Status


class SupervisorState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        suspicion: The open one, if any.
        contaminated: Whether the champion has learned from a window that failed and was not cleared since.
        failed_in_row: Windows that failed since the last that did not.
        changed_at: Labelled events learned when the last change was made; -1 before any.
        usual: The champion's loss in the past.
        pinned: Whether a person has pinned the champion.
        notified: Shadows that an alert was about, since only a person may put them in charge.
        labels_on_hold: Whether the labels fail, so that nothing is learned from them.
        mixture: The weights of those that serve together: champion and shadows while it is suspected, and for
            a while after a change the champion and the one that it replaced.
        guarded: How a guarded model does beside a champion that is not suspected.
        triggers: The state of each trigger, by its name.
    """

    suspicion: Suspicion | None = None
    contaminated: bool = False
    failed_in_row: int = 0
    changed_at: int = -1
    usual: UsualLoss = field(default_factory=UsualLoss)
    pinned: bool = False
    notified: frozenset[str] = frozenset()
    labels_on_hold: bool = False
    mixture: Mixture | None = None
    guarded: Advantage | None = None
    triggers: dict[str, bytes] = {}


class Supervisor:
    """The rules.

    Args:
        config: How much evidence it takes.
        triggers: Reasons to suspect the champion.
        bounded_loss: Whether a loss lies between 0 and 1.
        aggregation: How the outputs of several models become one.

    Attributes:
        joint: Whose outputs are served while the champion is suspected, with which weight.
        guarded: A guarded model beside a champion that is not suspected.
        loss_triggers: The triggers that look at single losses; most do not, and are not asked.
    """

    def __init__(
        self,
        config: SupervisionConfig,
        triggers: Sequence[Trigger],
        *,
        bounded_loss: bool,
        aggregation: Aggregation,
    ) -> None:
        self._config = config
        self._triggers = triggers
        self.loss_triggers = [one for one in triggers if type(one).on_loss is not Trigger.on_loss]
        self._bounded = bounded_loss
        self.joint, self.guarded = JointServing(aggregation), GuardedComparison()
        self._state = SupervisorState()

    @property
    def suspicion(self) -> Suspicion | None:
        """The open suspicion, if any."""
        return self._state.suspicion

    @property
    def usual(self) -> MeanLoss:
        """What the champion loses while it is not suspected."""
        return self._state.usual.now

    @property
    def contaminated(self) -> bool:
        """Whether the champion has learned from a window that failed and was not cleared since."""
        return self._state.contaminated

    @property
    def labels_on_hold(self) -> bool:
        """Whether the labels fail, so that nothing is learned from them, or compared."""
        return self._state.labels_on_hold

    @property
    def loss_is_high(self) -> bool:
        """Whether the loss over the last window was above what is usual."""
        return any(trigger.raised for trigger in self._triggers)

    def distrusts(self, window: int) -> bool:
        """Whether a window must not be learned by vetted shadows, whatever its verdict; asked once."""
        # Each of them is asked: it forgets the window then.
        return any([trigger.distrusts(window) for trigger in self._triggers])  # noqa: C419 - see above

    @property
    def suspecting(self) -> bool:
        """Whether a suspicion is open."""
        return self._state.suspicion is not None

    def on_loss(self, loss: float, proposal: ProposedDecision | None) -> ProposedDecision | None:
        """Takes the champion's loss on an event, which sets the scale of differences.

        Args:
            loss: The loss.
            proposal: What the comparison on this event proposes.

        Returns:
            The proposal, when it is permitted; or else a reason to suspect the champion, unless it is.
        """
        state = self._state
        if state.suspicion is None:
            state.usual.now.add(loss)
        if state.suspicion is not None or proposal is not None:
            return self.permit(proposal)
        for trigger in self.loss_triggers:
            proposal = trigger.on_loss(loss) if proposal is None else proposal
        return proposal

    @property
    def scale(self) -> float:
        """What a difference in loss counts in: without a bound of its own, three times the usual error."""
        return self._state.usual.scale(bounded=self._bounded)

    def may_change(self, learned: int) -> bool:
        """Whether the last change is long enough ago for another.

        Args:
            learned: Labelled events learned by now.
        """
        changed_at = self._state.changed_at
        return changed_at < 0 or learned - changed_at >= self._config.pause

    @property
    def manual_only(self) -> bool:
        """Whether only a person may change the serving model."""
        return self._state.pinned or not self._config.automatic

    def permit(self, finding: ProposedDecision | None) -> ProposedDecision | None:
        """What becomes of a change that was found: when only a person may make it, an alert, once."""
        if finding is None or finding.action == "suspect" or not self.manual_only:
            return finding
        if finding.shadow in self._state.notified:
            return None
        self._state.notified |= {finding.shadow}
        why = "what serves is pinned" if self._state.pinned else "supervision.automatic is off"
        reason = f"{finding.reason}; nothing was changed: {why}"
        return ProposedDecision("alert", reason, finding.shadow, finding.evidence)

    def pin(self, *, pinned: bool) -> None:
        """Only a person may change what serves from now on, or supervision may again."""
        self._state.pinned = pinned

    @property
    def shadows_learn(self) -> bool:
        """Whether shadows are alive and learn: the last window judged during the suspicion did not fail."""
        return self._state.suspicion is not None and self._state.suspicion.learning

    def begin(self, champion: str, candidates: int, span: Span | None = None) -> None:
        """Opens a suspicion, with no shadow yet.

        Args:
            champion: The name of what serves.
            candidates: How many shadows it could be compared with, all counted: they share the error rate.
            span: In regression the values that count; `None` when they are not known yet.
        """
        usual = self._state.usual
        usual.suspect()
        spread = usual.spread(bounded=self._bounded)
        self._state.suspicion = Suspicion(self._config.alpha, candidates, spread)
        self.joint.begin(champion, span, self.scale)

    @property
    def serves_together(self) -> bool:
        """Whether several models serve together at present."""
        return self.joint.active and not self.manual_only

    @property
    def weights(self) -> dict[str, float]:
        """The weights of the models that serve together, by name; empty when one serves alone."""
        return self.joint.weights if self.serves_together else {}

    def enter(self, name: str, action: Action, *, instead_of: str = "") -> None:
        """A shadow is compared from now on, in place of one that ends, if any."""
        if self._state.suspicion is not None:
            self._state.suspicion.join(name, action, instead_of)
            self.joint.joins(name, instead_of=instead_of)

    def leaves(self, name: str) -> None:
        """A replaced champion is compared no more, and has no weight."""
        self.joint.leaves(name)
        if self._state.suspicion is not None:
            self._state.suspicion.leave(name)

    def start_together(self, guarded: str) -> None:
        """From now on champion and shadows serve together.

        Args:
            guarded: The guarded one, which may have been compared before; "" for none.
        """
        self.joint.start(guarded, self.guarded.end())

    def guarded_enters(self, name: str, sequence: int) -> None:
        """A guarded model is compared with the champion from prediction number `sequence` on."""
        if self.suspecting:
            self.enter(name, "rollback")
        else:
            self.guarded.begin(sequence)

    @property
    def strange_is_harmless(self) -> bool:
        """Whether what is unlike all that passed does no harm, as far as is known."""
        return not self.suspecting and self.guarded.harmless

    def note_strange(self) -> None:
        """An example was unlike all that passed: no rollback before a window without any."""
        if self._state.suspicion is not None:
            self._state.suspicion.strange = True

    def compare(
        self, sequence: int, champion: float, shadows: Mapping[str, float], learned: int, since: int = 0
    ) -> ProposedDecision | None:
        """Takes the losses of champion and shadows on one labelled event.

        Args:
            sequence: The prediction's sequence number.
            champion: The loss of what the champion put out.
            shadows: The same of each shadow, by name.
            learned: Labelled events learned so far.
            since: Predictions made since that one: a trial must cover more than is not known yet.

        Returns:
            What to do, when a shadow has proved better.
        """
        suspicion = self._state.suspicion
        if suspicion is None:
            return None
        suspicion.add(sequence, champion, shadows, self.scale)
        return self._better(suspicion, learned, since)

    def close(self, learned: int) -> ProposedDecision | None:
        """A window has closed: a fresh model that has proved better takes over, if it leads."""
        suspicion, mixture = self._state.suspicion, self.joint.mixture
        if suspicion is None or mixture is None:
            return None
        return self._better(suspicion, learned, mixture.late, at_close=True)

    def _better(
        self, suspicion: Suspicion, learned: int, since: int, *, at_close: bool = False
    ) -> ProposedDecision | None:
        """A change to the one that has proved better, unless it waits."""
        mixture = self.joint.mixture
        weights = {} if mixture is None else mixture.weights
        name = suspicion.winner(max(self._config.trial_events, since), self._config.tolerance, weights)
        if name is None or not self.may_change(learned):
            return None
        if mixture is not None and waits(suspicion, name, leads=at_close and name == mixture.leader):
            return None
        return better(suspicion.actions[name], name, suspicion.trials[name])

    def changed(
        self, learned: int, *, contaminated: bool = False, winner: str = "", champion: str = ""
    ) -> None:
        """Another model serves.

        Args:
            learned: Labelled events learned by now.
            contaminated: Whether it has learned from windows that failed.
            winner: The shadow that it was, where the model that it replaced goes on beside it.
            champion: Its name now.
        """
        mixture = self.joint.mixture
        self._end(self._state)
        if winner:
            self.joint.insure(mixture, winner, champion)
        self._state.changed_at = learned
        self._state.contaminated = contaminated
        for trigger in self._triggers:
            trigger.on_change()

    def on_verdict(self, status: Status, reason: str) -> ProposedDecision | None:
        """Takes the verdict of the window before the one that just closed."""
        state = self._state
        if status == "unjudged" or state.labels_on_hold:
            return None
        proposal = None
        if status != "fail" and state.suspicion is None:
            state.usual.passes()
        if state.suspicion is None:
            proposal = _first([trigger.on_verdict(status, reason) for trigger in self._triggers])
        if status == "fail":
            if state.suspicion is None and proposal is None:
                return None
            state.contaminated = True
            state.failed_in_row += 1
            if state.suspicion is None:
                return proposal
            state.suspicion.learn(learning=False)
            return self._accepted(state, reason)
        state.failed_in_row = 0
        if state.suspicion is None:
            return proposal
        state.suspicion.learn(learning=True)
        found = cleared(state.suspicion, self._config.trial_events, self._config.tolerance)
        if found is not None:
            self._end(state)
        return found

    def on_null_outputs(self, share: float) -> ProposedDecision | None:
        """Takes that too large a share of the champion's predictions is null."""
        proposal = _first([trigger.on_null_outputs(share) for trigger in self._triggers])
        return None if self.suspecting or self._state.labels_on_hold else proposal

    def on_labels(self, *, failed: bool, reason: str) -> ProposedDecision | None:
        """Takes whether the labels of the judged window fail: then losses on them are no evidence."""
        state = self._state
        if failed and not state.labels_on_hold and self._config.on_label_fail == "hold":
            self._end(state)
            state.labels_on_hold = True
            return ProposedDecision("hold", f"the labels fail: {reason}", "", {})
        if not failed and state.labels_on_hold:
            state.labels_on_hold = False
            return ProposedDecision("release", "the labels do not fail any more", "", {})
        return None

    def on_window(
        self, window: int, labelled: int, loss: float | None, baseline: float | None
    ) -> ProposedDecision | None:
        """Takes the mean losses of a window that has closed: is what is served worse than it was?"""
        if loss is None or baseline is None or labelled < self._config.trial_events:
            return None
        closed = ClosedWindow(window, labelled, loss, baseline)
        proposal = _first([trigger.on_window(closed) for trigger in self._triggers])
        return None if self.suspecting or self._state.labels_on_hold else proposal

    def _accepted(self, state: SupervisorState, reason: str) -> ProposedDecision | None:
        if state.failed_in_row < self._config.patience:
            return None
        self._end(state)
        for trigger in self._triggers:
            trigger.on_accept()
        text = f"{self._config.patience} windows in a row failed and no shadow was better; the last: {reason}"
        return ProposedDecision("accept", text, "", {"failed_windows": float(self._config.patience)})

    def _end(self, state: SupervisorState) -> None:
        state.suspicion = None
        self.joint.end()
        state.notified = frozenset()
        state.contaminated = False
        state.failed_in_row = 0

    def next_window(self, sequence: int) -> None:
        """A window has closed; predictions from number `sequence` on belong to the next."""
        self._state.usual.close()
        self.guarded.next_window(sequence)
        self.joint.next_window()
        if self._state.suspicion is not None:
            self._state.suspicion.next_window(sequence)

    def lend(self, challengers: Mapping[str, ChallengerTrial]) -> LentEvidence:
        """The evidence, which whoever has it may add to until something comes of it.

        Args:
            challengers: The standing of each, by its name.
        """
        state, suspicion, mixture = self._state, self._state.suspicion, self.joint.mixture
        silent = {*state.notified} if self.manual_only else set()
        waiting = set[str]()
        if suspicion is not None and mixture is not None:
            silent |= {name for name in suspicion.trials if waits(suspicion, name, leads=False)}
            waiting |= {name for name in suspicion.trials if waits_if_strange(suspicion.actions[name])}
        return LentEvidence(
            suspicion,
            mixture,
            self.guarded.state,
            challengers,
            not self.manual_only,
            self._config.trial_events,
            self._config.tolerance,
            0 if state.changed_at < 0 else state.changed_at + self._config.pause,
            not state.contaminated,
            silent,
            waiting,
            self._note,
        )

    def _note(self, strange: Strange) -> None:
        self.guarded.note(strange.hidden)
        self.note_strange()

    def losses(self) -> dict[str, PairedLosses]:
        """The losses of champion and each shadow on the same events of the open window; for reports."""
        suspicion = self._state.suspicion
        return {} if suspicion is None else {n: t for n, t in suspicion.losses.items() if t.events}

    def state(self) -> SupervisorState:
        """What a snapshot keeps."""
        self._state.mixture, self._state.guarded = self.joint.mixture, self.guarded.state
        self._state.triggers = {trigger.name: trigger.dump() for trigger in self._triggers}
        return self._state

    def restore(self, state: SupervisorState) -> None:
        """Goes on from a snapshot's state; a trigger that was off then begins anew."""
        self._state = state
        self.joint.mixture, self.guarded.state = state.mixture, state.guarded
        for trigger in self._triggers:
            if trigger.name in state.triggers:
                trigger.load(state.triggers[trigger.name])


def _first(proposals: Sequence[ProposedDecision | None]) -> ProposedDecision | None:
    return next((proposal for proposal in proposals if proposal is not None), None)
