"""`Engine`: one model key, from records to events. No input or output, no clock, no thread of its own.

with Engine(config) as engine:
    events = engine.begin()
    events += engine.process(records)     # as often as there are records
    saved = engine.snapshot()             # at any moment
engine = Engine.restore(saved, config)

An engine is for one thread at a time; a second call while one is under way is a `UsageError`. It can be
pickled and deep-copied: the copy goes on from a snapshot, with an evaluator of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Self

from engine.alerts.policy import AlertPolicy
from engine.config import EngineConfig
from engine.core.actions import Actions
from engine.core.admission import Admission, Admitted
from engine.core.call_lock import CallLock, drained
from engine.core.commands import proposed
from engine.core.comparison import Comparison
from engine.core.label_join import LabelJoin, Resolution
from engine.core.lane import Lane, Sources, Taken
from engine.core.lane_plan import why_not
from engine.core.lane_state import Parts
from engine.core.live_model import Moment
from engine.core.model_pool import ModelPool
from engine.core.overall_summary import pack_share
from engine.core.rate_watch import Place, RateWatch
from engine.core.serving import Serving
from engine.core.state import EngineState, Progress, outputs_of
from engine.core.window_close import WindowClose
from engine.core.window_review import WindowReview
from engine.core.wiring import make_scores, make_supervisor
from engine.errors import SnapshotError
from engine.evaluation.progressive_scores import Scores
from engine.events import Event, Summary
from engine.models.identity import difference, identity
from engine.monitoring.detectors.detectors import Detectors
from engine.monitoring.worker.evaluator import WindowEvaluator, make_evaluator
from engine.packing import pack, unpack
from engine.records.decode import Decoder
from engine.records.events import Counts, DeadLetter, Outcome
from engine.records.values import Example, Label, Record, Target, shown
from engine.registry.versions import Start
from engine.supervision.challenger_trials import ChallengerTrials
from engine.supervision.decisions import Command, ProposedDecision
from engine.supervision.supervisor import Supervisor
from engine.tasks.registry import find_task

_KIND = "engine snapshot"


class Engine:
    """Predicts, joins labels, scores, learns and supervises for one model key.

    Its components are its attributes: for inspection, by tests and notebooks. They are changed by the engine
    alone.

    Args:
        config: What to build.
        key: The model key; it is part of every event's identity.
        evaluator: Evaluates windows, and may be shared by engines. Without one, the engine makes and closes
            its own.
        reference: With `window.reference = "pinned"`: rows that every window is compared with.
        start: The model to begin with, already trained.
        holdout: Labelled rows, not of the stream: a challenger must be no worse on them to be promoted.

    Attributes:
        config: What it was built from.
        key: The model key.
        admission: The contract, and event time.
        labels: Predictions without a label, and labels without an example.
        pool: The models.
        progressive_scores: Scores of what was served.
        detectors: Drift detectors that look event by event.
        review: Windows and their verdicts.
        supervisor: Evidence against the champion.
        trials: Challengers against the champion.
        actions: Carries out decisions.
        alerts: Which problems are reported.
        rates: How many records go wrong.

    Raises:
        ModelError: When the model cannot be built or does not fit the task.
        ConfigError: When a metric, of scores or of business, cannot be built or does not fit the task; when
            the model to begin with is of another kind than the configuration's.
        SnapshotError: When the model to begin with cannot be restored.
    """

    def __init__(  # noqa: PLR0913 - what to build, and what it may be given
        self,
        config: EngineConfig,
        key: str = "main",
        evaluator: WindowEvaluator | None = None,
        reference: Iterable[Example] = (),
        *,
        start: Start | None = None,
        holdout: Sequence[Example] = (),
    ) -> None:
        self.config, self.key = config, key
        self._pool = pool = ModelPool(config)
        self._admission = Admission(config, key)
        self._labels = LabelJoin(config, key, unsupervised=pool.ops.unsupervised)
        self._progressive_scores = scores = make_scores(config, decides=pool.ops.decides)
        task, detectors = config.model.task, config.monitoring.detectors
        self.detectors = Detectors(detectors, task, decides=pool.ops.decides)
        self._owns_evaluator = evaluator is None
        self._evaluator = evaluator or make_evaluator(config.monitoring, task)
        self._review = WindowReview(config, key, pool.ops, self._evaluator)
        self._supervisor = make_supervisor(config)
        self.trials = ChallengerTrials(config.supervision, pool.challengers.alive)
        self.alerts = AlertPolicy(config.alerts)
        rivals = pool, self._supervisor, self.trials
        shared = self.alerts, self._moment
        self.actions = Actions(config, key, self._labels, self._review, scores, *rivals, *shared)
        self.actions.holdout = holdout
        self._window_close = WindowClose(
            config, self._admission, self._review, scores, *rivals, self.actions, *shared
        )
        self._serving = Serving(
            key, self._admission, pool, self._supervisor, scores, self._review, self.detectors
        )
        self._comparison = Comparison(*rivals)
        self._rates = RateWatch(config.monitoring.rates, key)
        self._progress = Progress()
        self._events: list[Event] = []
        self._lock = CallLock(key)
        self._model: str | None = None
        self._lane: Lane | None = None
        self._no_lane = ""
        if start is not None:
            pool.begin_from(start)
        if config.window.reference == "pinned":
            self._review.pin(reference, self._admission.contract)

    def __repr__(self) -> str:
        return (
            f"<Engine {self.key!r} task={self.config.model.task} serving={self._pool.champion.name} "
            f"records={self._admission.counts.records}>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> list[Event]:
        """Before the first record: the model as it begins, as a version. Later there is nothing to report."""
        with self._lock:
            if self._admission.counts.records or self.native_records:
                return []
            time = self._admission.clock.time
            return [self.actions.version(self.actions.checkpoint("start", time), "start", time)]

    def process(self, records: Iterable[Record]) -> list[Event]:
        """Takes a batch of records in order; returns what came of them, in order.

        How records are cut into batches makes no difference to what comes of them. An iterator is drained
        before its first record is taken, so that one that raises changes nothing: cut an endless one into
        batches (`itertools.batched`). Each record goes through these steps:

        1. Admit: its shape, the contract and event time are checked.
        2. Join: event time moves on, and windows and predictions that are due resolve. An example is
           predicted by the champion and all it is compared with, and is held until its label comes; a label
           finds its prediction.
        3. Score and compare: the served output is scored on the label, and champion, shadows and challengers
           are compared.
        4. Learn: only now do the models learn from the label.
        5. Act: a decision that the comparison brought about is carried out; the next prediction comes from
           the model that it put in charge.
        6. Review: an outcome that fills a window closes it.
        7. Alert: problems that began, changed or ended are reported.

        Raises:
            UsageError: When the engine is in use, closed, or given something that is no list of records.
            EvaluatorError: When the evaluator it was given is closed.
        """
        given = records if type(records) is list else drained(records)
        alerts, admit, resolve = self.alerts, self._admission.admit, self._resolve
        with self._lock:
            self._settle()
            received, watch = self._admission.counts, self._rates
            for record in given:
                if received.records >= watch.state.due:
                    self._review_rates()
                admitted = admit(record)
                if isinstance(admitted, DeadLetter):
                    self._turn_away(admitted)
                    continue
                for found in self._advance(record.time):  # type: ignore[union-attr]  # it has one: it is admitted
                    resolve(found)
                for found in self._join(record, admitted):
                    resolve(found)
                if alerts.pending:
                    self._events += alerts.due()
            self._review.windows.let_go(len(given))
            events, self._events = self._events, []
            return events

    def process_lines(
        self,
        lines: list[bytes],
        offsets: Sequence[int] | None = None,
        sources: Sources = (("", False),),
        origins: bytes = b"",
        decode: Callable[[int], Record] | None = None,
    ) -> list[Event]:
        """Takes lines of JSON in order; does what `process` does with the records in them.

        Where the crate `riverkeeper_native` is installed and the configuration lets it, plain records are
        taken natively, several times as fast. Their predictions come as lines, and their outcomes not at all:
        what `engine.core.serialize.encode` makes of the events is the same.

        Args:
            lines: The records.
            offsets: Where each stands in its source; their numbers when omitted.
            sources: Where they come from: names, and whether it is the stream of labels.
            origins: One byte a line: which of the sources. Empty: all come from the first.
            decode: Gives the record of a line by its number, when the engine needs it decoded.

        Raises:
            UsageError: When the engine is in use or closed.
        """
        places = range(len(lines)) if offsets is None else offsets
        decode = decode or self._decoding(lines, places, sources, origins)
        lane, events, at = self._lane_here(), list[Event](), 0
        if lane is None:
            return self.process([decode(place) for place in range(len(lines))])
        try:
            while at < len(lines):
                with self._lock:
                    rest = lane.rest(len(lines) - at)
                    taken = None if rest else lane.run(lines, places, at, sources, origins)
                    if taken is not None:
                        events += self._taken(lane, taken, taken.at - at)
                if taken is None:
                    events += self.process([decode(place) for place in range(at, at + rest)])
                    at += rest
                    continue
                at = taken.at
                if taken.special:
                    with lane.asked(taken.asked):
                        events += self.process([decode(at)])
                    at += 1
        except BaseException:
            self._events = events + self._events  # they come with the next call
            raise
        return events

    def _taken(self, lane: Lane, taken: Taken, records: int) -> list[Event]:
        """What came of records that the lane has taken; acts on what the last of them has brought about."""
        if taken.lines.count:
            self._events.append(taken.lines)
        for scored in taken.scored:
            self._progressive_scores.update(*scored)
        if taken.rates_due:
            lane.count()
            self._review_rates()
            lane.go_on()
        for number, value, sequence, time in taken.seen:
            self._events += self._serving.drifts(sequence, time, self.detectors.see(number, value))
        for name, outcome, raised in taken.raised:
            if self._pool.challengers.is_first(name):
                self._report_raised(f"challenger {name}", name, outcome, raised)
        if taken.proposal is not None:
            self._settle()
            proposal, time = taken.proposal
            self._conclude(proposal, time, full=False)
        if self.alerts.pending:
            self._events += self.alerts.due()
        self._review.windows.let_go(records)
        if taken.stopped is not None:
            raise taken.stopped
        events, self._events = self._events, []
        return events

    def _lane_here(self) -> Lane | None:
        """The native lane, made when it is first wanted."""
        if self._lane is None and not self._no_lane:
            parts = self._parts()
            self._no_lane = why_not(self.config, parts.supervisor) or ""
            if not self._no_lane:
                self._lane = Lane(self.config, self.key, parts)
        return self._lane

    def _parts(self) -> Parts:
        return Parts(
            self._admission,
            self._labels,
            self._serving,
            self._review,
            self._pool,
            self._supervisor,
            self._progressive_scores,
            self.detectors,
            self._rates,
            self.alerts,
            self.trials,
            lambda: self._progress,
        )

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self.config.record, find_task(self.config.model.task).labels)

    def _decoding(
        self, lines: list[bytes], offsets: Sequence[int], sources: Sources, origins: bytes
    ) -> Callable[[int], Record]:
        def decode(at: int) -> Record:
            source, is_label = sources[origins[at] if origins else 0]
            return self._decoder.decode(lines[at], source, offsets[at], is_label=is_label)

        return decode

    @property
    def native_lane(self) -> str:
        """Why `process_lines` takes no record natively; empty when it does."""
        self._lane_here()
        return self._no_lane

    @property
    def native_records(self) -> int:
        """Records that `process_lines` has taken natively."""
        return 0 if self._lane is None else self._lane.taken

    def switch_after(self, records: int | None) -> None:
        """So many records are taken natively in a row, and then one by the engine: it makes no difference.

        For tests, which show that. `None`: as many as are plain.
        """
        lane = self._lane_here()
        if lane is not None:
            lane.most = records

    def _settle(self) -> None:
        """The components are up to date, whoever took the last record."""
        if self._lane is not None:
            self._lane.give_back()

    @property
    def admission(self) -> Admission:
        """The contract, and event time."""
        self._settle()
        return self._admission

    @property
    def labels(self) -> LabelJoin:
        """Predictions without a label, and labels without an example."""
        self._settle()
        return self._labels

    @property
    def pool(self) -> ModelPool:
        """The models."""
        self._settle()
        return self._pool

    @property
    def progressive_scores(self) -> Scores:
        """Scores of what was served."""
        self._settle()
        return self._progressive_scores

    @property
    def review(self) -> WindowReview:
        """Windows and their verdicts."""
        self._settle()
        return self._review

    @property
    def supervisor(self) -> Supervisor:
        """Evidence against the champion."""
        self._settle()
        return self._supervisor

    @property
    def rates(self) -> RateWatch:
        """How many records go wrong."""
        self._settle()
        return self._rates

    def _turn_away(self, letter: DeadLetter) -> None:
        self._events.append(letter)
        self._rates.note(letter)

    def _review_rates(self) -> None:
        """Rates of what goes wrong are due: they are reported, and null outputs open a suspicion."""
        held = self._supervisor.labels_on_hold
        found = self._rates.look(self._counts, self._place(), held=held)
        if found is None:
            return
        if found.status != "pass" or self.alerts.pending:
            self._settle()  # something comes of it
        self._events.append(found)
        self.alerts.add(found)
        for check in found.checks:
            if check.name == "null outputs" and check.status == "fail":
                proposal = self._supervisor.on_null_outputs(check.value or 0.0)
                if proposal is not None:
                    self._events += self.actions.act(proposal, self._admission.clock.time)
        self._events += self.alerts.due()

    def _place(self) -> Place:
        return Place(self._admission.clock.now, self._review.windows.index, self._pool.champion.name)

    def _advance(self, time: float) -> Iterable[Resolution | DeadLetter]:
        """Event time moves on: windows that are due close; returns the predictions and labels that expire."""
        clock, windows = self._admission.clock, self._review.windows
        clock.tick(time)
        if windows.by_time:
            while windows.due(clock.now):
                self._events += self._window_close.close(clock.time)
        return self._labels.expire(clock.now)

    def _join(self, record: Record, admitted: Admitted) -> Iterable[Resolution | DeadLetter]:
        """A label finds its prediction; an example is predicted, and finds the labels that came before it."""
        if type(record) is Label:
            return self._labels.match(record)
        example: Example = record  # type: ignore[assignment]  # the only other kind that is admitted
        wrong = admitted.late or self._labels.duplicate(example.id)
        if wrong is not None:
            return (self._admission.reject(example, wrong),)
        strange = self._review.input_guard.look(admitted.features) if self._review.guards else None
        if strange is not None:
            self.actions.guard(strange)
        pending = self._serving.predict(example, admitted, strange, self._events)
        return (pending,) if isinstance(pending, DeadLetter) else self._labels.join(pending, example)

    def _resolve(self, found: Resolution | DeadLetter) -> None:
        """Scores a prediction on its label, compares, learns, acts, and puts the outcome into its window."""
        if isinstance(found, DeadLetter):
            self._turn_away(found)
            return
        pending, label, time, before = found.pending, found.label, found.time, found.before
        pool, windows, events = self._pool, self._review.windows, self._events
        since = self._serving.state.predicted - pending.sequence - 1
        slot = windows.place(time, self._admission.clock.now) if windows.by_time else windows.index
        loss = proposal = None
        if label is not None and pending.output is not None:
            loss = pool.ops.loss(pending.output, label)
            self._score(found, label, loss, slot)
            if loss is not None and before is None:
                proposal = self._comparison.compare(pending, label, loss, since)
                if self.detectors.see_loss:
                    self._detect_in_loss(found, loss)
        elif label is not None and pending.shadows and before is None:
            proposal = self._comparison.compare(pending, label, None, since)
        outcome = self._outcome(found, loss)
        events.append(outcome)
        learns = found.enters if pool.ops.unsupervised else label is not None
        full = found.enters and windows.add(slot, outcome, learnable=learns)
        if learns and not self._supervisor.labels_on_hold:
            raised = pool.count_learned(pool.champion.learn(outcome))
            if raised is not None or pool.compares:
                self._learn_compared(outcome, raised)
        elif learns:
            pool.skip()
        if proposal is not None or full:
            self._conclude(proposal, time, full=full)
        self._labels.remember(found, loss, self._admission.clock.now)

    def _conclude(self, proposal: ProposedDecision | None, time: float, *, full: bool) -> None:
        """Acts on what the comparison has brought about, and closes the window that is full."""
        if proposal is not None:
            self._events += self.actions.act(proposal, time)
        if full:
            self._events += self._window_close.close(time)

    def _outcome(self, found: Resolution, loss: float | None) -> Outcome:
        """What has become of a prediction, under the next number."""
        order, pending = self._progress.outcomes, found.pending
        self._progress.outcomes = order + 1
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
            self._serving.state.predicted,
            pending.strange,
            pending.shadows is not None and pending.model in pending.shadows,
        )

    def _score(self, found: Resolution, label: Target, loss: float | None, slot: int) -> None:
        """A label that is corrected corrects the scores of the run; the comparison was made on the first."""
        pending, before, scores = found.pending, found.before, self._progressive_scores
        features = pending.example.features
        if before is not None and before.label is not None:
            scores.correct(pending.output, before.label, label, before.loss, loss, features)
        else:
            scores.update(pending.output, label, loss, pending.last_label, features, slot)

    def _detect_in_loss(self, found: Resolution, loss: float) -> None:
        """Detectors look at the loss of what was served, on its first label."""
        pending, label, serve = found.pending, found.label, self._pool.ops.serve
        drifts = self.detectors.loss(loss, lambda: serve(pending.output)[0] != label)
        self._events += self._serving.drifts(pending.sequence, found.time, drifts)

    def _learn_compared(self, outcome: Outcome, raised: str | None) -> None:
        """Challengers and shadows learn an outcome, after the champion; who raises is reported, once."""
        pool = self._pool
        if raised is not None:
            self._report_raised(pool.champion.name, "", outcome, raised)
        for name, found in pool.challengers.learn(outcome):
            self._report_raised(f"challenger {name}", name, outcome, found)
        pool.shadows.learn(outcome, vetted=self._supervisor.shadows_learn)

    def _report_raised(self, who: str, challenger: str, outcome: Outcome, raised: str) -> None:
        reason = f"{who} cannot learn example {shown(outcome.example.id)}: {raised}"
        self._events += self.actions.act(ProposedDecision("alert", reason, challenger, {}), outcome.time)

    def finish(self) -> list[Event]:
        """At the end of the input: the report still awaited, the champion as it is, and the summary.

        Changes nothing that later records would notice: more input can follow. Without any since the last
        time there is nothing to report again.
        """
        with self._lock:
            self._settle()
            return self._finish()

    def _finish(self) -> list[Event]:
        records, time, actions = self._admission.counts.records, self._admission.clock.time, self.actions
        events: list[Event] = []
        if self._progress.finished == records:
            return events
        self._progress.finished = records
        judged = self._review.early_verdict()
        if judged is not None:
            report = self._review.report(judged)
            events.append(report)
            events += self.alerts.due_early(report)
        rates = self._rates.early(self.counts, self._place(), held=self._supervisor.labels_on_hold)
        if rates is not None:
            events.append(rates)
            events += self.alerts.due_early(rates)
        ended = f"e{records}"
        events.append(actions.version(actions.checkpoint(ended, time), "end", time))
        at = self._moment(time)
        for name, rival in self._pool.challengers.alive.items():
            saved = rival.live.checkpoint(f"{name}.{ended}", at, actions.scores_so_far(at), "")
            events.append(actions.version(saved, "end", time, role="challenger"))
        serving, scores = self._pool.champion.name, self._progressive_scores.run_scores()
        events.append(
            Summary(
                self.key,
                serving,
                self.counts,
                scores,
                self.trials.run_losses(),
                actions.decided,
                self._rates.reasons,
            )
        )
        return events

    def command(self, command: Command) -> list[Event]:
        """Carries out what a person wants, between two records; the very next prediction shows it.

        Given again, with the same id, it does nothing. For a replay to be the same, it must be given at the
        same `counts.records`.
        """
        with self._lock:
            self._settle()
            return self._obey(command)

    def _obey(self, command: Command) -> list[Event]:
        if command.id in self._progress.commands:
            return [*self.alerts.due()]
        self._progress.commands.append(command.id)
        time, actions = self._admission.clock.time, self.actions
        events: list[Event] = []
        if command.order == "save":
            saved = actions.checkpoint(f"r{self._admission.counts.records}", time)
            events.append(actions.version(saved, "requested", time))
            proposal = ProposedDecision("save", f"by hand: {command.why}", saved.name, {})
        else:
            proposal = proposed(command, self._pool, self._supervisor)
        events += actions.act(proposal, time, who=command.who)
        return events + self.alerts.due()

    def _moment(self, time: float) -> Moment:
        """This place in the stream, at an event time."""
        counts = self._admission.counts
        positions = dict(counts.positions)
        return Moment(
            time,
            self._review.windows.index,
            counts.records,
            self._serving.state.predicted,
            self._progress.outcomes,
            self._pool.learned,
            positions,
        )

    @property
    def counts(self) -> Counts:
        """Where every record went until now; the sums of `Counts` hold at every moment."""
        self._settle()
        return self._counts()

    def _counts(self) -> Counts:
        admitted, joined = self._admission.counts, self._labels.counts
        return Counts(
            records=admitted.records,
            rejected=admitted.rejected,
            predicted=self._serving.state.predicted,
            inline=joined.inline,
            matched=joined.matched,
            corrected=joined.corrected,
            unmatched=joined.unmatched,
            early=self._labels.early,
            expired=joined.expired,
            presumed=joined.presumed,
            waiting=self._labels.waiting,
            not_ready=self._serving.state.not_ready,
            at_once=joined.at_once,
            unlabelled=joined.unlabelled,
            learned=self._pool.learned,
            not_learned=self._pool.not_learned,
            warned=admitted.warned,
        )

    @property
    def scores(self) -> dict[str, float]:
        """Progressive scores of what was served until now, with the baseline's loss beside the model's."""
        return self.progressive_scores.values()

    def share(self) -> bytes:
        """What this key adds to the summary over all keys; see `engine.core.overall_summary`."""
        return pack_share(self.counts, self._progressive_scores.totals())

    def snapshot(self) -> bytes:
        """Everything the engine knows, as a value: nothing that comes later changes it.

        Raises:
            SnapshotError: When a model cannot be saved.
            UsageError: When the engine is in use.
        """
        self._lock.acquire()
        try:
            self._settle()
            return pack(self._state(), _KIND)
        finally:
            self._lock.release()

    def _state(self) -> EngineState:
        return EngineState(
            self.key,
            self._identity(),
            self._progress,
            self._admission.state(),
            self._labels.state(),
            self._serving.state,
            self._review.state(),
            self._pool.state(),
            self._supervisor.state(),
            self.trials.state(),
            self.actions.state(),
            self.alerts.state,
            self._progressive_scores.state(),
            self.detectors.state(),
            self._rates.saved(),
        )

    def _identity(self) -> str:
        """What a snapshot and the configuration it is restored under must agree on."""
        if self._model is None:
            self._model = identity(self.config.model)
        return self._model

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Copies, pickles included, go on from a snapshot; an evaluator that was given stays behind."""
        return _copied, (type(self), self.snapshot(), self.config, self.actions.holdout)

    @classmethod
    def restore(
        cls,
        saved: bytes,
        config: EngineConfig,
        evaluator: WindowEvaluator | None = None,
        holdout: Sequence[Example] = (),
    ) -> Self:
        """Goes on from a snapshot. Limits may have changed in the configuration, the model may not.

        Raises:
            SnapshotError: When the bytes are damaged, of another version, or of another model or task.
        """
        state = unpack(saved, _KIND, EngineState)
        engine = cls(config, state.key, evaluator, holdout=holdout)
        here = engine._identity()
        if state.model != here:
            raise SnapshotError(
                f"{_KIND}: it holds another model than the configuration: {difference(state.model, here)}. "
                "Restore the model's section, or start a new run."
            )
        try:
            engine._restore(state)
        except SnapshotError:
            raise
        except Exception as error:
            # Whatever parts that do not fit each other, or the configuration, make a component raise.
            raise SnapshotError(
                f"{_KIND}: not a state that an engine can have come to ({type(error).__name__}: {error}); "
                "start a new run"
            ) from error
        return engine

    def _restore(self, state: EngineState) -> None:
        serve = find_task(self.config.model.task).serve
        for output in outputs_of(state):
            serve(output)  # raises for what is none of the task's
        self._admission.restore(state.admission)
        self._labels.restore(state.labels)
        self._supervisor.restore(state.supervisor)
        self.actions.restore(state.actions)
        self.alerts.state = state.alerts
        self._progressive_scores.restore(state.scores, self.config.allowed)
        self.detectors.restore(state.detectors, self.config.allowed)
        self._rates.state = state.rates
        self._progress, self._serving.state = state.progress, state.serving
        self._review.restore(state.review)
        self._pool.restore(state.pool, self._review.windows.learnable())
        self.trials.restore(state.trials, self._pool.challengers.alive, state.serving.predicted)

    def close(self) -> None:
        """Ends the evaluator, if the engine made it; afterwards there are only snapshots. Twice is fine.

        An engine that nobody refers to any more need not be closed: its evaluator ends with it.
        """
        self._lock.closed = True
        if self._owns_evaluator:
            self._evaluator.close()


def _copied(kind: type[Engine], saved: bytes, config: EngineConfig, holdout: Sequence[Example]) -> Engine:
    return kind.restore(saved, config, holdout=holdout)
