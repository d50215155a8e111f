"""What happens when a window closes, in five steps.

1. The window is summed up, and what was counted since the last one gets its preliminary verdict.
2. The verdict of the window before it is waited for and reported, and takes effect: it opens or ends
   suspicions, vets checkpoints, and decides what shadows may learn.
3. The window's own losses take effect: triggers see them, and replaced champions leave.
4. A checkpoint of the champion is taken, unless it has learned from a window that failed.
5. The window is given to the evaluator.
"""

from collections.abc import Callable

from engine.alerts.policy import AlertPolicy
from engine.config import EngineConfig
from engine.core.actions import Actions
from engine.core.admission import Admission
from engine.core.live_model import Moment
from engine.core.model_pool import ModelPool
from engine.core.shadow_selection import broken_features, follow_failing, restart_fresh
from engine.core.window_review import PendingVerdict, WindowReview, verdict_of, window_scores
from engine.evaluation.progressive_scores import Scores
from engine.events import Event, WindowScores
from engine.monitoring.tables import feature_of
from engine.monitoring.types import Verdict
from engine.monitoring.verdicts import summary, worst
from engine.supervision.challenger_trials import ChallengerTrials
from engine.supervision.decisions import ProposedDecision
from engine.supervision.supervisor import Supervisor
from engine.windows import Status, Window


class WindowClose:
    """Closes windows: the one place where their review, supervision and the models meet."""

    def __init__(  # noqa: PLR0913, PLR0917 - the components that meet here
        self,
        config: EngineConfig,
        admission: Admission,
        review: WindowReview,
        scores: Scores,
        pool: ModelPool,
        supervisor: Supervisor,
        trials: ChallengerTrials,
        actions: Actions,
        alerts: AlertPolicy,
        moment: Callable[[float], Moment],
    ) -> None:
        self._config, self._admission, self._review, self._scores = config, admission, review, scores
        self._pool, self._supervisor, self._trials = pool, supervisor, trials
        self._actions, self._alerts, self._moment = actions, alerts, moment

    def close(self, time: float) -> list[Event]:
        """Closes the oldest open window at this event time; returns what came of it."""
        review, counts = self._review, self._admission.counts
        events: list[Event] = []
        window = review.windows.close()
        predicted = self._moment(time).predicted
        scores = window_scores(
            window,
            self._scores.close_window(window.slot),
            self._supervisor,
            self._trials.next_window(predicted),
        )
        preliminary = review.preliminary(window, time, counts.rejected, counts.warned)
        if preliminary is not None:
            events.append(preliminary)
        judged = review.take_verdict()
        if judged is not None:
            report = review.report(judged)
            self._alerts.add(report)
            if not judged.reported:
                events += [report, *review.begin_full_report(judged)]
            events += self._apply_verdict(judged, window, time)
        events += self._apply_losses(window, scores, time)
        self._keep_checkpoint(window, time)
        looked = "pass" if preliminary is None else preliminary.status
        review.submit(window, scores, self._pool.champion.name, looked=looked)
        return events

    def _apply_losses(self, window: Window, scores: WindowScores, time: float) -> list[Event]:
        supervisor, events = self._supervisor, list[Event]()
        was_high = supervisor.loss_is_high
        proposal = supervisor.on_window(window.index, scores.labelled, scores.loss, scores.baseline_loss)
        if proposal is not None:
            events += self._actions.act(proposal, time)
        found = supervisor.permit(supervisor.close(self._pool.learned))
        if found is None and supervisor.serves_together:
            found = supervisor.joint.lead()
        if found is not None:
            events += self._actions.act(found, time)
        if was_high and not supervisor.loss_is_high:
            self._restart_fresh(window)
        if not supervisor.suspecting and self._review.input_guard.quiet:
            self._pool.shadows.clear()
            supervisor.guarded.end()
        for name in self._pool.challengers.leave(window.index, supervisor.weights):
            self._trials.leave(name)
            supervisor.leaves(name)
        supervisor.next_window(self._moment(time).predicted)
        return events

    def _keep_checkpoint(self, window: Window, time: float) -> None:
        at = self._moment(time)
        supervisor = self._supervisor
        if supervisor.contaminated or supervisor.labels_on_hold:
            return
        if at.learned >= self._config.supervision.trial_events:
            self._pool.checkpoints.add(self._actions.checkpoint(f"w{window.index}", time, window.index))

    def _apply_verdict(self, judged: PendingVerdict, closed: Window, time: float) -> list[Event]:
        """The verdict on the window before the one that has just closed takes effect."""
        verdict, window = verdict_of(judged), judged.window
        pool, supervisor, review = self._pool, self._supervisor, self._review
        were_learning = supervisor.shadows_learn
        events = self._apply_columns(verdict, time)
        status, reason = self._status(verdict), verdict.reason
        if supervisor.distrusts(window.index) and status in {"pass", "warn"}:
            status, reason = "fail", "; ".join(filter(None, ["the loss had risen", reason]))
        proposal = supervisor.on_verdict(status, f"window {window.index}: {reason}")
        overlap = review.windows.overlap
        ended = proposal is not None and proposal.action in {"clear", "accept"}
        if review.guards and (ended or status not in {"fail", "unjudged"}):
            review.vet(window, strange=ended or supervisor.strange_is_harmless)
        if status == "fail":
            pool.checkpoints.discard_unvetted()
            pool.shadows.unlearn(window.index, overlap)
        elif status != "unjudged":
            # At its close the champion may have learned what belongs to later windows: those must pass too.
            vetted = pool.checkpoints.vet(window.index - overlap)
            if vetted is not None:
                approval = f"window {vetted.window}: {verdict.status}"
                events.append(self._actions.version(vetted, "passed", window.end, approved_by=approval))
        review.refer_if_passed(judged)
        if proposal is not None:
            events += self._actions.act(proposal, time, checks=verdict.checks)
        elif status == "fail":
            follow_failing(pool, supervisor, review, verdict.checks, mask=self._config.supervision.mask)
        if supervisor.shadows_learn:
            self._let_learn(window, closed, were_learning=were_learning)
        review.refer_if_moving(judged, accepted=proposal is not None and proposal.action == "accept")
        return events

    def _apply_columns(self, verdict: Verdict, time: float) -> list[Event]:
        """What the verdict says of the labels, and of features that are hidden from the models."""
        if verdict.status == "unjudged":
            return []
        events: list[Event] = []
        failing = [check for check in verdict.checks if check.status == "fail"]
        labels = [check for check in failing if check.column == "label"]
        proposal = self._supervisor.on_labels(failed=bool(labels), reason=summary(labels))
        if proposal is not None:
            events += self._actions.act(proposal, time)
        masked = self._pool.champion.masked
        if masked and not masked & broken_features(failing):
            reason = f"window {verdict.window}: {', '.join(sorted(map(str, masked)))} passed again"
            events += self._actions.act(ProposedDecision("unmask", reason, "", {}), time)
        return events

    def _status(self, verdict: Verdict) -> Status:
        """The verdict on what the models see: features that are hidden from them cannot do any harm."""
        masked = self._pool.champion.masked
        if not masked or verdict.status == "unjudged":
            return verdict.status
        return worst(
            [
                check
                for check in verdict.checks
                if feature_of(check.column) not in masked and check.name != "drifted columns"
            ]
        )

    def _let_learn(self, judged: Window, closed: Window, *, were_learning: bool) -> None:
        """The judged window did not fail: shadows learn it, and from the open window on they learn live.

        Windows without a verdict are learned on trust; what shadows were before is kept to take that back.
        """
        shadows = self._pool.shadows
        if were_learning:
            shadows.forget(judged.index - self._review.windows.overlap)
        else:
            self._restart_fresh(judged, closed)
            shadows.catch_up(judged.learnable)
            shadows.keep(closed.index)
            shadows.catch_up(closed.learnable)
        shadows.keep(closed.index + 1)

    def _restart_fresh(self, *windows: Window) -> None:
        restart_fresh(self._pool, self._moment(0.0).predicted, windows)
