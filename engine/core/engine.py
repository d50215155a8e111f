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
from typing import Any, Self

from engine.config import EngineConfig
from engine.core.admission import Admission
from engine.core.call_lock import CallLock, drained
from engine.core.commands import proposed
from engine.core.components import Components
from engine.core.label_join import LabelJoin
from engine.core.lane import Content, Sources
from engine.core.line_steps import Decode, LineSteps
from engine.core.model_pool import ModelPool
from engine.core.overall_summary import pack_share
from engine.core.rate_watch import RateWatch
from engine.core.state import EngineState
from engine.core.window_review import WindowReview
from engine.errors import SnapshotError
from engine.evaluation.progressive_scores import Scores
from engine.events import Event, Summary
from engine.models.identity import difference, identity
from engine.monitoring.worker.evaluator import WindowEvaluator, make_evaluator
from engine.packing import pack, unpack
from engine.records.events import Counts, DeadLetter
from engine.records.values import Example, Record
from engine.registry.versions import Start
from engine.supervision.decisions import Command, ProposedDecision
from engine.supervision.supervisor import Supervisor

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
        self._owns_evaluator = evaluator is None
        self._evaluator = evaluator or make_evaluator(config.monitoring, config.model.task)
        self._parts = parts = Components(config, key, self._evaluator, reference, start, holdout)
        self.detectors, self.trials = parts.detectors, parts.trials
        self.actions, self.alerts = parts.actions, parts.alerts
        self._lock = CallLock(key)
        self._lines = LineSteps(parts, self._lock, self.process)
        self._model: str | None = None

    def __repr__(self) -> str:
        return (
            f"<Engine {self.key!r} task={self.config.model.task} serving={self._parts.pool.champion.name} "
            f"records={self._parts.admission.counts.records}>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> list[Event]:
        """Before the first record: the model as it begins, as a version. Later there is nothing to report."""
        with self._lock:
            admission = self._parts.admission
            if admission.counts.records or self.native_records:
                return []
            time = admission.clock.time
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
        parts, steps = self._parts, self._lines.steps
        alerts, admit, resolve = parts.alerts, parts.admission.admit, steps.resolve
        with self._lock:
            self._lines.settle()
            received, watch = parts.admission.counts, parts.rates
            for record in given:
                if received.records >= watch.state.due:
                    steps.review_rates()
                admitted = admit(record)
                if isinstance(admitted, DeadLetter):
                    steps.turn_away(admitted)
                    continue
                for found in steps.advance(record.time):  # type: ignore[union-attr]  # it has one: it is admitted
                    resolve(found)
                for found in steps.join(record, admitted):
                    resolve(found)
                if alerts.pending:
                    steps.events += alerts.due()
            parts.review.windows.let_go(len(given))
            return steps.taken()

    def process_lines(
        self,
        lines: Sequence[Content],
        offsets: Sequence[int] | None = None,
        sources: Sources = (("", False),),
        origins: bytes = b"",
        decode: Decode | None = None,
    ) -> list[Event]:
        """Takes records that are not decoded yet, in order; does what `process` does with them.

        Where the crate `riverkeeper_native` is installed and the configuration lets it, plain records are
        taken natively, several times as fast. Their predictions come as lines, and their outcomes not at all:
        what `engine.core.serialize.encode` makes of the events is the same.

        Args:
            lines: The records: a line of JSON, a dictionary of fields as JSON has them, or `None` where
                only `decode` knows the record.
            offsets: Where each stands in its source; their numbers when omitted.
            sources: Where they come from: names, and whether it is the stream of labels.
            origins: One byte a line: which of the sources. Empty: all come from the first.
            decode: Gives the record of a line by its number, when the engine needs it decoded.

        Raises:
            UsageError: When the engine is in use or closed.
        """
        return self._lines.take(lines, offsets, sources, origins, decode)

    @property
    def native_lane(self) -> str:
        """Why `process_lines` takes no record natively; empty when it does."""
        return self._lines.no_lane

    @property
    def native_records(self) -> int:
        """Records that `process_lines` has taken natively."""
        return self._lines.native

    def switch_after(self, records: int | None) -> None:
        """So many records are taken natively in a row, and then one by the engine: it makes no difference.

        For tests, which show that. `None`: as many as are plain.
        """
        lane = self._lines.lane()
        if lane is not None:
            lane.most = records

    def _settled(self) -> Components:
        """The components, up to date."""
        self._lines.settle()
        return self._parts

    @property
    def admission(self) -> Admission:
        """The contract, and event time."""
        return self._settled().admission

    @property
    def labels(self) -> LabelJoin:
        """Predictions without a label, and labels without an example."""
        return self._settled().labels

    @property
    def pool(self) -> ModelPool:
        """The models."""
        return self._settled().pool

    @property
    def progressive_scores(self) -> Scores:
        """Scores of what was served."""
        return self._settled().scores

    @property
    def review(self) -> WindowReview:
        """Windows and their verdicts."""
        return self._settled().review

    @property
    def supervisor(self) -> Supervisor:
        """Evidence against the champion."""
        return self._settled().supervisor

    @property
    def rates(self) -> RateWatch:
        """How many records go wrong."""
        return self._settled().rates

    def finish(self) -> list[Event]:
        """At the end of the input: reports still awaited, the champion as it is, and the summary.

        Changes nothing that later records would notice: more input can follow. Without any since the last
        time there is nothing to report again.
        """
        with self._lock:
            return self._finish(self._settled())

    def _finish(self, parts: Components) -> list[Event]:
        records, time, actions = parts.admission.counts.records, parts.admission.clock.time, self.actions
        events: list[Event] = []
        if parts.progress.finished == records:
            return events
        parts.progress.finished = records
        judged = parts.review.early_verdict()
        if judged is not None:
            report = parts.review.report(judged)
            events += [report, *parts.review.begin_full_report(judged)]
            events += self.alerts.due_early(report)
        events += parts.review.full_reports.made(wait=True)
        counts = parts.counts()
        rates = parts.rates.early(counts, parts.place(), held=parts.supervisor.labels_on_hold)
        if rates is not None:
            events.append(rates)
            events += self.alerts.due_early(rates)
        ended = f"e{records}"
        events.append(actions.version(actions.checkpoint(ended, time), "end", time))
        at = parts.moment(time)
        for name, rival in parts.pool.challengers.alive.items():
            saved = rival.live.checkpoint(f"{name}.{ended}", at, actions.scores_so_far(at), "")
            events.append(actions.version(saved, "end", time, role="challenger"))
        serving, scores = parts.pool.champion.name, parts.scores.run_scores()
        losses, reasons = self.trials.run_losses(), parts.rates.reasons
        events.append(Summary(self.key, serving, counts, scores, losses, actions.decided, reasons))
        return events

    def command(self, command: Command) -> list[Event]:
        """Carries out what a person wants, between two records; the very next prediction shows it.

        Given again, with the same id, it does nothing. For a replay to be the same, it must be given at the
        same `counts.records`.
        """
        with self._lock:
            return self._obey(self._settled(), command)

    def _obey(self, parts: Components, command: Command) -> list[Event]:
        if command.id in parts.progress.commands:
            return [*self.alerts.due()]
        parts.progress.commands.append(command.id)
        time, actions = parts.admission.clock.time, self.actions
        events: list[Event] = []
        if command.order == "save":
            saved = actions.checkpoint(f"r{parts.admission.counts.records}", time)
            events.append(actions.version(saved, "requested", time))
            proposal = ProposedDecision("save", f"by hand: {command.why}", saved.name, {})
        else:
            proposal = proposed(command, parts.pool, parts.supervisor)
        events += actions.act(proposal, time, who=command.who)
        return events + self.alerts.due()

    @property
    def counts(self) -> Counts:
        """Where every record went until now; the sums of `Counts` hold at every moment."""
        return self._settled().counts()

    @property
    def scores(self) -> dict[str, float]:
        """Progressive scores of what was served until now, with the baseline's loss beside the model's."""
        return self.progressive_scores.values()

    def share(self) -> bytes:
        """What this key adds to the summary over all keys; see `engine.core.overall_summary`."""
        return pack_share(self.counts, self._parts.scores.totals())

    def snapshot(self) -> bytes:
        """Everything the engine knows, as a value: nothing that comes later changes it.

        Raises:
            SnapshotError: When a model cannot be saved.
            UsageError: When the engine is in use.
        """
        self._lock.acquire()
        try:
            return pack(self._settled().state(self._identity()), _KIND)
        finally:
            self._lock.release()

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
            engine._parts.restore(state)
        except SnapshotError:
            raise
        except Exception as error:
            # Whatever parts that do not fit each other, or the configuration, make a component raise.
            raise SnapshotError(
                f"{_KIND}: not a state that an engine can have come to ({type(error).__name__}: {error}); "
                "start a new run"
            ) from error
        return engine

    def close(self) -> None:
        """Ends the evaluator, if the engine made it; afterwards there are only snapshots. Twice is fine.

        An engine that nobody refers to any more need not be closed: its evaluator ends with it.
        """
        self._lock.closed = True
        if self._owns_evaluator:
            self._evaluator.close()


def _copied(kind: type[Engine], saved: bytes, config: EngineConfig, holdout: Sequence[Example]) -> Engine:
    return kind.restore(saved, config, holdout=holdout)
