"""`Engine`: one model key, from records to events. No input or output, no clock, no thread of its own.

    engine = Engine(config)
    events = engine.process(records)      # as often as there are records
    saved = engine.snapshot()             # at any moment
    engine = Engine.restore(saved, config)

For each record, in this order:

1. event time goes on, and what has waited too long for its label becomes an outcome without one
2. an example is checked, predicted by champion and shadows, and held until its label comes
3. a label finds its prediction: the served output is scored, the shadows are compared, then all learn
4. a finding is carried out: the next prediction comes from the model that it put in charge
5. an outcome that fills a window closes it; see `engine.pipeline.closing`
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

from engine.errors import SnapshotError
from engine.learning.waiting import Held
from engine.models.saving import dump, load
from engine.monitoring.judges import Judge, make_judge
from engine.pipeline.candidates import learn_quietly
from engine.pipeline.closing import close_window, report_early
from engine.pipeline.config import EngineConfig
from engine.pipeline.deciding import carry_out, checkpoint, version
from engine.pipeline.events import Event, Summary
from engine.pipeline.overall import Share, pack
from engine.pipeline.parts import Parts
from engine.records.events import Counts, DeadLetter, Outcome, Prediction
from engine.records.values import Example, Label, Record, Target
from engine.supervision.values import Finding

_KIND = "engine snapshot"


class Engine:
    """Predicts, holds, scores, learns and supervises for one model key.

    Args:
        config: What to build.
        key: The model key; it is part of every event's identity.
        judge: Judges windows, and may be shared by engines. Without one, the engine makes and closes
            its own.

    Raises:
        ModelError: When the model cannot be built or does not fit the task.
        ConfigError: When a metric, of scores or of business, cannot be built or does not fit the task.
    """

    def __init__(self, config: EngineConfig, key: str = "main", judge: Judge | None = None) -> None:
        self._parts = Parts(config, key)
        self._judge = judge or make_judge(config.monitoring, config.model.task)
        self._owns_judge = judge is None

    def process(self, records: Iterable[Record]) -> list[Event]:
        """Takes a batch of records in order; returns what came of them, in order.

        How records are cut into batches makes no difference to what comes of them.
        """
        events: list[Event] = []
        counts = self._parts.counts
        for record in records:
            counts.records += 1
            if isinstance(record, Example):
                self._example(record, events)
            elif isinstance(record, Label):
                self._label(record, events)
            else:
                self._reject(record, record.reason, events)
        return events

    def finish(self) -> list[Event]:
        """At the end of the input: the report still awaited, the champion as it is, and the summary.

        Changes nothing that later records would notice: more input can follow. Without any since the last
        time there is nothing to say again.
        """
        parts = self._parts
        events: list[Event] = []
        if parts.progress.finished == parts.counts.records:
            return events
        parts.progress.finished = parts.counts.records
        report = report_early(parts, self._judge)
        if report is not None:
            events.append(report)
        saved = checkpoint(parts, f"e{parts.counts.learned}")
        events.append(version(parts, saved, "end", parts.progress.now))
        events.append(Summary(parts.key, parts.candidates.state.name, self.counts, parts.scores.standing()))
        return events

    @property
    def counts(self) -> Counts:
        """Where every record went until now; the sums of `Counts` hold at every moment."""
        return replace(self._parts.counts, waiting=len(self._parts.waiting))

    @property
    def scores(self) -> dict[str, float]:
        """Progressive scores of what was served until now, with the baseline's loss beside the model's."""
        return self._parts.scores.values()

    def share(self) -> bytes:
        """What this key adds to the summary over all keys; see `engine.pipeline.overall`."""
        return pack(Share(self.counts, self._parts.scores.tally()))

    def snapshot(self) -> bytes:
        """Everything the engine knows, as a value: nothing that comes later changes it.

        Raises:
            SnapshotError: When the model cannot be pickled.
        """
        parts = self._parts
        return dump({"key": parts.key, "model": _identity(parts.config), "state": parts.state()}, _KIND)

    @classmethod
    def restore(cls, saved: bytes, config: EngineConfig, judge: Judge | None = None) -> Self:
        """Goes on from a snapshot. Limits may have changed in the configuration, the model may not.

        Raises:
            SnapshotError: When the bytes are damaged, of another version, or of another model or task.
        """
        content: dict[str, Any] = load(saved, _KIND, config.allowed)
        if content["model"] != _identity(config):
            raise SnapshotError(
                f"{_KIND}: it holds another model than the configuration: {content['model']} there, "
                f"{_identity(config)} here. Restore the model's section, or start a new run."
            )
        engine = cls(config, content["key"], judge)
        engine._parts.restore(content["state"])
        judging = engine._parts.progress.judging
        if judging is not None and judging.verdict is None:
            engine._judge.submit(judging.job)
        return engine

    def close(self) -> None:
        """Ends the judge, if the engine made it."""
        if self._owns_judge:
            self._judge.close()

    def _reject(self, record: Record, reason: str, events: list[Event]) -> None:
        parts = self._parts
        parts.counts.rejected += 1
        events.append(DeadLetter("rejected", reason, record.source, record.position, record.raw, parts.key))

    def _example(self, example: Example, events: list[Event]) -> None:
        parts = self._parts
        features, breach = parts.contract.check(example.features)
        if breach is not None:
            return self._reject(example, breach, events)
        self._tick(example.time, events)
        if example.id in parts.waiting:
            return self._reject(
                example, f"id {example.id!r}: a prediction with this id waits already", events
            )
        models = parts.candidates.state
        try:
            output = parts.ops.predict(models.champion, features)
            prediction, probability = parts.ops.serve(output)
        except Exception as error:  # noqa: BLE001 - a model may raise anything, and the stream goes on
            reason = f"the model cannot predict this: {type(error).__name__}: {error}"
            return self._reject(example, reason, events)
        counts = parts.counts
        sequence = counts.predicted
        counts.predicted += 1
        if output is None:
            counts.not_ready += 1
        events.append(
            Prediction(example.id, example.time, prediction, probability, models.name, sequence, parts.key)
        )
        shadows = parts.candidates.predict_shadows(features) if models.shadows else None
        kept = Example(example.id, example.time, features)
        held = Held(sequence, kept, output, models.name, shadows, parts.scores.last_label)
        if example.label is None:
            parts.waiting.add(held)
        else:
            counts.inline += 1
            self._settle(held, example.label, example.time, events)
        return None

    def _label(self, label: Label, events: list[Event]) -> None:
        parts = self._parts
        self._tick(label.time, events)
        held = parts.waiting.take(label.id)
        if held is not None:
            parts.counts.matched += 1
            self._settle(held, label.value, label.time, events)
            return
        parts.counts.unmatched += 1
        reason = f"id {label.id!r}: no prediction waits for this label (never seen, labelled, or expired)"
        events.append(DeadLetter("unmatched", reason, label.source, label.position, label.raw, parts.key))

    def _tick(self, time: float, events: list[Event]) -> None:
        parts = self._parts
        progress = parts.progress
        progress.now = max(progress.now, time)
        for held in parts.waiting.expired(progress.now):
            parts.counts.expired += 1
            self._settle(held, None, progress.now, events)

    def _settle(self, held: Held, label: Target | None, time: float, events: list[Event]) -> None:
        """The fate of a prediction is known: score it, compare the shadows, and only then learn."""
        parts = self._parts
        loss = None
        finding = None
        if label is not None and held.output is not None:
            loss = parts.ops.loss(held.output, label)
            parts.scores.update(held.output, label, loss, held.last_label, held.example.features)
            finding = self._weigh(held, label, loss)
        order = parts.progress.outcomes
        parts.progress.outcomes = order + 1
        outcome = Outcome(order, held.sequence, held.example, held.output, held.model, label, loss, time)
        events.append(outcome)
        full = parts.windows.add(outcome)
        if label is not None:
            self._learn(outcome, label, events)
        if finding is not None:
            carry_out(parts, finding, time, events)
        if full:
            close_window(parts, self._judge, time, events)

    def _weigh(self, held: Held, label: Target, loss: float) -> Finding | None:
        """What the loss on one event says of champion and shadows.

        Only the champion's own predictions count: after a change, labels still come for what its
        predecessor served.
        """
        parts = self._parts
        supervisor = parts.supervisor
        if held.model != parts.candidates.state.name:
            return None
        finding = None
        if held.shadows and supervisor.suspecting:
            losses = {
                name: parts.ops.loss(output, label)
                for name, output in held.shadows.items()
                if output is not None and name in parts.candidates.state.shadows
            }
            finding = supervisor.compare(held.sequence, loss, losses, parts.counts.learned)
        # Only now: the scale of a bet must be known before the event that settles it.
        supervisor.on_loss(loss)
        if finding is not None or supervisor.suspecting:
            return finding
        watched = parts.config.supervision.on_loss_drift
        return supervisor.on_loss_drift() if watched and parts.drift.update(loss) else None

    def _learn(self, outcome: Outcome, label: Target, events: list[Event]) -> None:
        parts = self._parts
        models = parts.candidates.state
        failed = learn_quietly(models.champion, outcome.example.features, label)
        if failed is None:
            parts.counts.learned += 1
        else:
            parts.counts.not_learned += 1
            if parts.progress.complained != models.name:
                parts.progress.complained = models.name
                reason = f"{models.name} cannot learn example {outcome.example.id!r}: {failed}"
                carry_out(parts, Finding("alert", reason, "", {}), outcome.time, events)
        if parts.supervisor.shadows_learn:
            parts.candidates.learn_shadows(outcome)


def _identity(config: EngineConfig) -> dict[str, Any]:
    """What a snapshot and the configuration it is restored under must agree on."""
    return {"task": config.model.task, "model": config.model.model}
