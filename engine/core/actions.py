"""Carries out decisions, and writes them down with their evidence.

After a change, the very next prediction comes from the model that took over.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from engine.alerts.policy import AlertPolicy
from engine.config import EngineConfig
from engine.core import gate
from engine.core.label_join import LabelJoin
from engine.core.live_model import Checkpoint, Moment
from engine.core.model_pool import ModelPool
from engine.core.shadow_selection import (
    best_checkpoints,
    broken_features,
    compare_on,
    masked_shadow,
)
from engine.core.shadows import Shadow
from engine.core.window_review import WindowReview
from engine.evaluation.progressive_scores import Scores
from engine.events import Decision, Event
from engine.models.serialization import digest
from engine.monitoring.types import Check
from engine.records.events import Strange
from engine.records.values import Example
from engine.registry.versions import Version
from engine.rows import Reason, Role
from engine.supervision.challenger_trials import ChallengerTrials
from engine.supervision.decisions import CHANGES, Action, ProposedDecision
from engine.supervision.supervisor import Supervisor


class ActionsState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        decisions: Decisions taken.
        decided: How many of each kind.
    """

    decisions: int = 0
    decided: dict[Action, int] = {}


class Actions:
    """Decides nothing: does what supervision or a person has decided.

    Attributes:
        holdout: Labelled rows, not of the stream: a challenger must be no worse on them to be promoted.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the components that a decision changes
        self,
        config: EngineConfig,
        key: str,
        labels: LabelJoin,
        review: WindowReview,
        scores: Scores,
        pool: ModelPool,
        supervisor: Supervisor,
        trials: ChallengerTrials,
        alerts: AlertPolicy,
        moment: Callable[[float], Moment],
    ) -> None:
        self._config, self._key, self._labels, self._review = config, key, labels, review
        self._scores, self._pool, self._supervisor, self._trials = scores, pool, supervisor, trials
        self._alerts, self._moment = alerts, moment
        self._state = ActionsState()
        self.holdout: Sequence[Example] = ()

    @property
    def decided(self) -> dict[Action, int]:
        """How many decisions of each kind were taken."""
        return {**self._state.decided}

    def act(
        self, proposal: ProposedDecision, time: float, *, who: str = "", checks: Iterable[Check] = ()
    ) -> list[Event]:
        """Does what the proposal says; returns the decision, and the versions that it brought about.

        Args:
            proposal: What is to be done.
            time: Event time at which it is, seconds since 1970.
            who: The person who wants it; "" when supervision does.
            checks: The checks of the window that a suspicion comes from.
        """
        if proposal.action == "promotion" and self.holdout:
            proposal = self._gated(proposal)
        previous, about = self._pool.champion.name, proposal.shadow
        events: list[Event] = []
        at_once: ProposedDecision | None = None
        if proposal.action == "suspect":
            shadows, at_once = self._open_suspicion(checks)
            about = "; ".join(shadow.name for shadow in shadows)
        elif proposal.action in CHANGES:
            events += self._change(proposal, time, who)
        elif proposal.action == "promotion":
            events += self._promote(proposal.shadow, time)
        elif proposal.action == "hold":
            before = self._pool.champion.name
            events += self._hold(time)
            about = self._pool.champion.parent if self._pool.champion.name != before else ""
        elif proposal.action == "unmask":
            self._pool.unmask()
        elif proposal.action in {"clear", "accept"}:
            events += self._dismissed(time)
            self._pool.shadows.clear()
        decision = self._decision(proposal, time, previous=previous, shadow=about, who=who)
        events.append(decision)
        self._alerts.add(decision)
        if at_once is None and self._supervisor.contaminated and not self._supervisor.suspecting:
            # Contamination without a suspicion would never end.
            reason = f"{self._pool.champion.name} too has learned from windows that failed"
            at_once = ProposedDecision("suspect", reason, "", {})
        return events if at_once is None else events + self.act(at_once, time)

    def _decision(
        self, proposal: ProposedDecision, time: float, *, previous: str, shadow: str, who: str
    ) -> Decision:
        """The entry of the audit log, under a number of its own."""
        state, action, at = self._state, proposal.action, self._moment(time)
        number = state.decisions
        state.decisions += 1
        state.decided[action] = state.decided.get(action, 0) + 1
        return Decision(
            self._key,
            number,
            time,
            at.learned,
            at.window,
            action,
            proposal.reason,
            self._pool.champion.name,
            previous,
            shadow,
            proposal.evidence,
            who,
        )

    def _open_suspicion(self, checks: Iterable[Check]) -> tuple[list[Shadow], ProposedDecision | None]:
        """Brings the shadows to life and compares them on the rows at hand.

        Returns:
            The shadows, and what is to be done already.
        """
        limits, pool, supervisor = self._config.supervision, self._pool, self._supervisor
        known = pool.checkpoints.known()
        windows = self._review.windows.learnable_by_window()
        candidates = max(
            1, len(known) + limits.mask + limits.reset + limits.guard + len(pool.challengers.alive)
        )
        supervisor.begin(pool.champion.name, candidates, self._review.label_span())
        vetted = best_checkpoints(pool, known, windows, limits.shadows)
        others: list[Shadow] = []
        if limits.mask:
            masked = masked_shadow(pool, broken_features(checks), self._review.reference)
            others += [] if masked is None else [masked]
        if limits.reset:
            others.append(pool.fresh(f"{pool.champion.name}.fresh", 0))
        for shadow in (*vetted, *others):
            pool.shadows.add(shadow)
        for shadow in pool.shadows.alive.values():  # a guarded one was there before
            supervisor.enter(shadow.name, shadow.action)
        for name, challenger in pool.challengers.alive.items():
            if challenger.until is not None:  # it has been replaced, and may come back
                supervisor.enter(name, "promotion")
            else:
                supervisor.joint.joins(name)
        for pending in self._labels.pending():
            fair = [one for one in vetted if pending.sequence >= one.sequence]
            outputs = {one.name: one.live.try_predict(pending.example.features) for one in fair}
            pending.shadows = (pending.shadows or {}) | outputs
        proposal = compare_on(pool, supervisor, vetted, others, windows)
        return [*pool.shadows.alive.values()], supervisor.permit(proposal)

    def guard(self, strange: Strange) -> None:
        """An example is strange: a model that does not see what is goes on beside what serves.

        That it loses less is a reason to suspect what serves; that something is strange is none.
        """
        pool, supervisor = self._pool, self._supervisor
        if supervisor.labels_on_hold:
            return
        if pool.shadows.guarded is None:
            at = self._moment(0.0)
            shadow = pool.guarded(at.predicted, at.outcomes)
            pool.shadows.add(shadow)
            supervisor.guarded_enters(shadow.name, at.predicted)
        supervisor.guarded.note(strange.hidden)
        supervisor.note_strange()

    def _dismissed(self, time: float, *, but: str = "") -> list[Event]:
        """The shadows that have served with the champion, as versions: the suspicion ends."""
        at, supervisor = self._moment(time), self._supervisor
        if supervisor.manual_only:
            return []
        return [
            self.version(
                shadow.live.checkpoint(f"{shadow.name}.s{self._pool.learned}", at, {}, shadow.live.parent),
                "served together",
                time,
                role="shadow",
            )
            for shadow in self._pool.shadows.alive.values()
            if shadow.name != but
        ]

    def _change(self, proposal: ProposedDecision, time: float, who: str) -> list[Event]:
        """A shadow takes over; the model that it replaces goes on as a challenger for a while."""
        pool, supervision = self._pool, self._config.supervision
        contaminated = self._supervisor.contaminated and proposal.action == "reset"
        at = self._moment(time)
        retired = pool.retired(at.window + supervision.compare_after)
        replaced, version = self._replaced(time)
        shared = self._dismissed(time, but=proposal.shadow)
        pool.take_over(proposal.shadow, replaced)
        insured = proposal.shadow if supervision.compare_after and not who else ""
        started = self._changed(time, contaminated=contaminated, winner=insured)
        if supervision.compare_after:
            pool.challengers.add(retired)
            self._trials.enter([retired.live.name], at.predicted)
        return [*shared, version, started]

    def _hold(self, time: float) -> list[Event]:
        """The newest vetted checkpoint serves while the labels fail, unless only people may change it."""
        pool = self._pool
        shared = self._dismissed(time)
        pool.shadows.clear()
        newest = pool.checkpoints.newest
        if self._supervisor.manual_only or newest is None:
            return shared
        replaced, version = self._replaced(time)
        pool.install(pool.revive(newest).live, replaced)
        return [*shared, version, self._changed(time, contaminated=False)]

    def _promote(self, name: str, time: float) -> list[Event]:
        """A challenger serves; the champion goes on as a challenger, under the name that it served under."""
        pool, at = self._pool, self._moment(time)
        served = pool.champion.name
        shared = self._dismissed(time)
        replaced, version = self._replaced(time)
        until = at.window + self._config.supervision.compare_after
        pool.promote(name, replaced, until)
        self._trials.leave(name)
        self._trials.enter([served], at.predicted)
        # By hand it may be promoted in bad times, and it has learned what the champion has.
        return [*shared, version, self._changed(time, contaminated=self._supervisor.contaminated)]

    def _replaced(self, time: float) -> tuple[Checkpoint, Version]:
        """The champion that is about to be replaced, and its entry in the registry."""
        replaced = self.checkpoint(f"s{self._pool.learned}", time)
        return replaced, self.version(replaced, "replaced", time)

    def _changed(self, time: float, *, contaminated: bool, winner: str = "") -> Version:
        """Another model serves: it is saved as it begins to."""
        started = self.version(self.checkpoint("start", time), "in charge", time)
        at = self._moment(time)
        champion = self._pool.champion.name
        self._supervisor.changed(at.learned, contaminated=contaminated, winner=winner, champion=champion)
        self._trials.changed(at.predicted)
        return started

    def _gated(self, promotion: ProposedDecision) -> ProposedDecision:
        """The promotion, with its evidence on the held-out rows; or an alert, and the trial begins anew."""
        proposal = gate.gated(self._config, self._pool, promotion, self.holdout)
        if proposal.action != "promotion":
            self._trials.again(promotion.shadow, self._moment(0.0).predicted)
        return proposal

    def checkpoint(self, suffix: str, time: float, window: int | None = None) -> Checkpoint:
        """The champion as it is now; its window is the open one unless another is named."""
        at = self._moment(time)
        if window is not None:
            at = replace(at, window=window)
        return self._pool.checkpoint(suffix, at, self.scores_so_far(at))

    def scores_so_far(self, at: Moment) -> dict[str, float]:
        """Progressive scores of what was served until now; empty before the first outcome."""
        return self._scores.values() if at.outcomes else {}

    def version(
        self,
        saved: Checkpoint,
        reason: Reason,
        time: float,
        *,
        role: Role = "champion",
        approved_by: str = "",
    ) -> Version:
        """The registry's entry for a checkpoint, kept for this reason."""
        return Version(
            self._key,
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
            tuple(known.name for known in self._pool.checkpoints.known()),
            digest(saved.saved),
            saved.saved,
        )

    def state(self) -> ActionsState:
        """What a snapshot keeps."""
        return self._state

    def restore(self, state: ActionsState) -> None:
        """Goes on from a snapshot's state."""
        self._state = state
