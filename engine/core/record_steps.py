"""What the steps of a record do; `Engine.process` takes them in their order."""

from collections.abc import Callable, Iterable

from engine.core.admission import Admitted
from engine.core.components import Components
from engine.core.label_join import Resolution
from engine.events import Event
from engine.records.events import DeadLetter, Outcome
from engine.records.values import Example, Label, Record, Target, shown
from engine.supervision.decisions import ProposedDecision


class RecordSteps:
    """The steps of one record.

    Args:
        parts: The components that do the work.
        settle: Brings them up to date, where somebody else has taken records.

    Attributes:
        events: What came of records since the last time that `taken` was asked.
    """

    def __init__(self, parts: Components, settle: Callable[[], None]) -> None:
        self._parts, self._settle = parts, settle
        self.events: list[Event] = []

    def taken(self) -> list[Event]:
        """What came of records, once."""
        full_reports = self._parts.review.full_reports
        if full_reports.is_awaited:
            self.events += full_reports.made()
        events, self.events = self.events, []
        return events

    def turn_away(self, letter: DeadLetter) -> None:
        """A record, or a label, is a dead letter."""
        self.events.append(letter)
        self._parts.rates.note(letter)

    def review_rates(self) -> None:
        """Rates of what goes wrong are due: they are reported, and null outputs open a suspicion."""
        parts = self._parts
        supervisor, alerts = parts.supervisor, parts.alerts
        found = parts.rates.look(parts.counts, parts.place(), held=supervisor.labels_on_hold)
        if found is None:
            return
        if found.status != "pass" or alerts.pending:
            self._settle()  # something comes of it
        self.events.append(found)
        alerts.add(found)
        for check in found.checks:
            if check.name == "null outputs" and check.status == "fail":
                proposal = supervisor.on_null_outputs(check.value or 0.0)
                if proposal is not None:
                    self.events += parts.actions.act(proposal, parts.admission.clock.time)
        self.events += alerts.due()

    def advance(self, time: float) -> Iterable[Resolution | DeadLetter]:
        """Event time moves on: windows that are due close; returns the predictions and labels that expire."""
        parts = self._parts
        clock, windows = parts.admission.clock, parts.review.windows
        clock.tick(time)
        if windows.by_time:
            while windows.due(clock.now):
                self.events += parts.window_close.close(clock.time)
        return parts.labels.expire(clock.now)

    def join(self, record: Record, admitted: Admitted) -> Iterable[Resolution | DeadLetter]:
        """A label finds its prediction; an example is predicted, and finds the labels that came before it."""
        parts = self._parts
        labels, review = parts.labels, parts.review
        if type(record) is Label:
            return labels.match(record)
        example: Example = record  # type: ignore[assignment]  # the only other kind that is admitted
        wrong = admitted.late or labels.duplicate(example.id)
        if wrong is not None:
            return (parts.admission.reject(example, wrong),)
        strange = review.input_guard.look(admitted.features) if review.guards else None
        if strange is not None:
            parts.actions.guard(strange)
        pending = parts.serving.predict(example, admitted, strange, self.events)
        return (pending,) if isinstance(pending, DeadLetter) else labels.join(pending, example)

    def resolve(self, found: Resolution | DeadLetter) -> None:
        """Scores a prediction on its label, compares, learns, acts, and puts the outcome into its window."""
        if isinstance(found, DeadLetter):
            self.turn_away(found)
            return
        pending, label, time, before = found.pending, found.label, found.time, found.before
        parts = self._parts
        pool, windows = parts.pool, parts.review.windows
        since = parts.serving.state.predicted - pending.sequence - 1
        slot = windows.place(time, parts.admission.clock.now) if windows.by_time else windows.index
        loss = proposal = None
        if label is not None and pending.output is not None:
            loss = pool.ops.loss(pending.output, label)
            self._score(found, label, loss, slot)
            if loss is not None and before is None:
                proposal = parts.comparison.compare(pending, label, loss, since)
                if parts.detectors.see_loss:
                    self._detect_in_loss(found, loss)
        elif label is not None and pending.shadows and before is None:
            proposal = parts.comparison.compare(pending, label, None, since)
        outcome = self._outcome(found, loss)
        self.events.append(outcome)
        learns = found.enters if pool.ops.unsupervised else label is not None
        full = found.enters and windows.add(slot, outcome, learnable=learns)
        if learns and not parts.supervisor.labels_on_hold:
            raised = pool.count_learned(pool.champion.learn(outcome))
            if raised is not None or pool.compares:
                self._learn_compared(outcome, raised)
        elif learns:
            pool.skip()
        if proposal is not None or full:
            self.conclude(proposal, time, full=full)
        parts.labels.remember(found, loss, parts.admission.clock.now)

    def conclude(self, proposal: ProposedDecision | None, time: float, *, full: bool) -> None:
        """Acts on what the comparison has brought about, and closes the window that is full."""
        if proposal is not None:
            self.events += self._parts.actions.act(proposal, time)
        if full:
            self.events += self._parts.window_close.close(time)

    def _outcome(self, found: Resolution, loss: float | None) -> Outcome:
        """What has become of a prediction, under the next number."""
        progress, pending = self._parts.progress, found.pending
        order = progress.outcomes
        progress.outcomes = order + 1
        return Outcome(
            order,
            pending.sequence,
            pending.example,
            pending.output,
            pending.model,
            found.label,
            loss,
            found.time,
            found.before is not None,
            self._parts.serving.state.predicted,
            pending.strange,
            pending.shadows is not None and pending.model in pending.shadows,
        )

    def _score(self, found: Resolution, label: Target, loss: float | None, slot: int) -> None:
        """A label that is corrected corrects the scores of the run; the comparison was made on the first."""
        pending, before, scores = found.pending, found.before, self._parts.scores
        features = pending.example.features
        if before is not None and before.label is not None:
            scores.correct(pending.output, before.label, label, before.loss, loss, features)
        else:
            scores.update(pending.output, label, loss, pending.last_label, features, slot)

    def _detect_in_loss(self, found: Resolution, loss: float) -> None:
        """Detectors look at the loss of what was served, on its first label."""
        parts, pending, label = self._parts, found.pending, found.label
        serve = parts.pool.ops.serve
        drifts = parts.detectors.loss(loss, lambda: serve(pending.output)[0] != label)
        self.events += parts.serving.drifts(pending.sequence, found.time, drifts)

    def _learn_compared(self, outcome: Outcome, raised: str | None) -> None:
        """Challengers and shadows learn an outcome, after the champion; who raises is reported, once."""
        pool = self._parts.pool
        if raised is not None:
            self._report_raised(pool.champion.name, "", outcome, raised)
        for name, found in pool.challengers.learn(outcome):
            self.report_challenger(name, outcome, found)
        pool.shadows.learn(outcome, vetted=self._parts.supervisor.shadows_learn)

    def report_challenger(self, name: str, outcome: Outcome, raised: str) -> None:
        """A challenger has raised while it learned, for the first time."""
        self._report_raised(f"challenger {name}", name, outcome, raised)

    def _report_raised(self, who: str, challenger: str, outcome: Outcome, raised: str) -> None:
        reason = f"{who} cannot learn example {shown(outcome.example.id)}: {raised}"
        proposal = ProposedDecision("alert", reason, challenger, {})
        self.events += self._parts.actions.act(proposal, outcome.time)
