"""`Engine`: one model key, from records to events. No input or output, no clock, no thread of its own.

    engine = Engine(config)
    events = engine.begin()
    events += engine.process(records)     # as often as there are records
    saved = engine.snapshot()             # at any moment
    engine = Engine.restore(saved, config)

For each record, in this order:

1. an example is checked against the contract
2. event time goes on, and what has waited too long for its label becomes an outcome without one
3. an example is predicted by champion and shadows, and held until its label comes
4. a label finds its prediction: the served output is scored, the shadows are compared, then all learn
5. a finding is carried out: the next prediction comes from the model that it put in charge
6. an outcome that fills a window closes it

See `engine.core.taking` for the first three, `settling`, `deciding` and `closing` for the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Self

from engine.config import EngineConfig
from engine.core.closing import report_early
from engine.core.commands import obey
from engine.core.deciding import checkpoint, saved_now, version
from engine.core.overall_summary import Share, pack
from engine.core.parts import Parts
from engine.core.taking import take
from engine.errors import SnapshotError
from engine.events import Event, Summary
from engine.models.serialization import dump, load
from engine.monitoring.worker.evaluator import WindowEvaluator, make_evaluator
from engine.records.events import Counts
from engine.records.values import Example, Record
from engine.registry.versions import Start
from engine.supervision.decisions import Command

_KIND = "engine snapshot"


class Engine:
    """Predicts, holds, scores, learns and supervises for one model key.

    Args:
        config: What to build.
        key: The model key; it is part of every event's identity.
        judge: Judges windows, and may be shared by engines. Without one, the engine makes and closes
            its own.
        reference: With `window.reference = "pinned"`: rows that every window is compared with.
        start: The model to begin with, already trained.
        holdout: Labelled rows, not of the stream: a challenger must be no worse on them to be promoted.

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
        judge: WindowEvaluator | None = None,
        reference: Iterable[Example] = (),
        *,
        start: Start | None = None,
        holdout: Sequence[Example] = (),
    ) -> None:
        self._parts = Parts(config, key)
        if start is not None:
            self._parts.begin_from(start)
        self._parts.holdout = holdout
        if config.window.reference == "pinned":
            self._parts.pin(reference)
        self._judge = judge or make_evaluator(config.monitoring, config.model.task)
        self._owns_judge = judge is None

    def begin(self) -> list[Event]:
        """Before the first record: the model as it begins, as a version. Later there is nothing to say."""
        parts = self._parts
        if parts.counts.records:
            return []
        return [version(parts, checkpoint(parts, "start"), "start", parts.clock.time)]

    def process(self, records: Iterable[Record]) -> list[Event]:
        """Takes a batch of records in order; returns what came of them, in order.

        How records are cut into batches makes no difference to what comes of them.
        """
        events: list[Event] = []
        for record in records:
            take(self._parts, self._judge, record, events)
            if self._parts.alerting.heard:
                events += self._parts.alerting.tell()
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
            events += parts.alerting.tell_early(report)
        ended = f"e{parts.counts.records}"
        events.append(version(parts, checkpoint(parts, ended), "end", parts.clock.time))
        for name, rival in parts.challengers.state.alive.items():
            saved = saved_now(parts, f"{name}.{ended}", rival.model, rival.learned, without=rival.without)
            events.append(version(parts, saved, "end", parts.clock.time, role="challenger"))
        rivals = {name: replace(contender.run) for name, contender in parts.contest.state.items()}
        serving = parts.candidates.state.name
        events.append(
            Summary(
                parts.key, serving, self.counts, parts.scores.run_scores(), rivals, {**parts.progress.decided}
            )
        )
        return events

    def command(self, command: Command) -> list[Event]:
        """Does what a person wants, between two records; the very next prediction shows it.

        Given again, with the same id, it does nothing. For a replay to be the same, it must be given at the
        same `counts.records`.
        """
        events: list[Event] = []
        obey(self._parts, command, events)
        return events + self._parts.alerting.tell()

    @property
    def counts(self) -> Counts:
        """Where every record went until now; the sums of `Counts` hold at every moment."""
        parts = self._parts
        return replace(parts.counts, waiting=len(parts.waiting), early=len(parts.early))

    @property
    def scores(self) -> dict[str, float]:
        """Progressive scores of what was served until now, with the baseline's loss beside the model's."""
        return self._parts.scores.values()

    def share(self) -> bytes:
        """What this key adds to the summary over all keys; see `engine.core.overall_summary`."""
        return pack(Share(self.counts, self._parts.scores.totals()))

    def snapshot(self) -> bytes:
        """Everything the engine knows, as a value: nothing that comes later changes it.

        Raises:
            SnapshotError: When the model cannot be pickled.
        """
        parts = self._parts
        return dump({"key": parts.key, "model": _identity(parts.config), "state": parts.state()}, _KIND)

    @classmethod
    def restore(
        cls,
        saved: bytes,
        config: EngineConfig,
        judge: WindowEvaluator | None = None,
        holdout: Sequence[Example] = (),
    ) -> Self:
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
        engine = cls(config, content["key"], judge, holdout=holdout)
        engine._parts.restore(content["state"])
        judging = engine._parts.progress.judging
        if judging is not None and judging.verdict is None:
            engine._judge.submit(judging.job)
        return engine

    def close(self) -> None:
        """Ends the judge, if the engine made it."""
        if self._owns_judge:
            self._judge.close()


def _identity(config: EngineConfig) -> dict[str, Any]:
    """What a snapshot and the configuration it is restored under must agree on."""
    return {"task": config.model.task, "model": config.model.model}
