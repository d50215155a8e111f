"""Progressive scores of the served predictions, with baselines.

Progressive (prequential) evaluation, Gama, Sebastião and Rodrigues (2013): every labelled event is
scored with the prediction that was served for it, before any model learns from it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from msgspec import Struct

from engine.errors import SnapshotError
from engine.evaluation.business_metrics import BusinessTotal, Value
from engine.evaluation.config import ScoresConfig
from engine.evaluation.metric_counts import Cells, MetricCounter, MetricCounts, MetricCountsState, measure
from engine.evaluation.metrics import choose
from engine.evaluation.rolling import FadingScores, FadingState, RollingScores, RollingState
from engine.evaluation.run_scores import RunScores, ScoreTotals, last_label_choice, run_scores
from engine.evaluation.window_sums import WindowSums
from engine.records.escape import escape, unescape
from engine.records.values import Features, Target
from engine.tasks.base import Read
from engine.tasks.baselines import ClassPrior
from engine.tasks.registry import find_task

_BLOCK = 256
"""Events that are scored at once; the size changes no score."""

_Row = tuple[Any, Target, float | None, Target | None, Features | None, int]
"""The arguments of `Scores.update`."""


class ScoresState(Struct, frozen=True, forbid_unknown_fields=True):
    """Snapshot state of `Scores`.

    Attributes:
        definition: The configured scores and business metrics, as JSON.
        served: Metric counts of the served outputs.
        last_labels: Metric counts of the last-label baseline.
        baselines: Metric counts of the task's baseline.
        baseline: State of the task's baseline.
        last_label: The label scored last, escaped.
        closed: Sums over the closed windows.
        open: Sums over the open windows, by slot.
        rolling: The last events, if rolling scores are configured.
        fading: Fading scores, if configured.
    """

    definition: str
    served: MetricCountsState
    last_labels: MetricCountsState
    baselines: MetricCountsState
    baseline: bytes
    last_label: Target | None
    closed: WindowSums
    open: dict[int, WindowSums]
    rolling: RollingState | None
    fading: FadingState | None


class LentScores(Struct):
    """What changes while outputs are scored; whoever has it may score, and gives it back.

    Attributes:
        served: Metric counts of the served outputs.
        last_labels: Metric counts of the last-label baseline.
        baselines: Metric counts of the task's baseline.
        baseline: The task's baseline.
        last_label: The label scored last.
        sums: Sums over the open window.
    """

    served: MetricCounts
    last_labels: MetricCounts
    baselines: MetricCounts
    baseline: Any
    last_label: Target | None
    sums: WindowSums


class Scores:
    """Scores of one model key; predictions served as `None` are counted elsewhere, not scored.

    Args:
        config: The metrics, and whether they are rolling and fading too.
        task: Name of the task.
        values: The business metrics.

    Attributes:
        decides: Whether a metric needs the served class, and not the output alone.
        last_label: The label scored last, which is what the last-label baseline predicts next.

    Raises:
        ConfigError: If a metric cannot be kept; see `choose`.
    """

    def __init__(self, config: ScoresConfig, task: str, values: Sequence[Value] = ()) -> None:
        definition = {"scores": config.model_dump(), "business": {v.name: v.meaning for v in values}}
        self._definition = json.dumps(definition, sort_keys=True, default=str)
        self._task = found = find_task(task)
        self._choice = choice = choose(config, task)
        self.decides = any(each.takes_class for each in choice.metrics)
        self._read, self._happened = found.read, found.happened
        self._repeat_label, self._repeat_loss = found.repeat_label, found.repeat_loss
        self._values = tuple(values)
        self._served = MetricCounter(choice)
        self._last_labels = MetricCounter(last_label_choice(choice, found))
        self._baselines = MetricCounter(choice)
        self._baseline = found.baseline()
        self.last_label: Target | None = None
        self._closed = self._fresh()
        self._open: dict[int, WindowSums] = {}
        self._block: list[_Row] = []
        self._rolling = None if config.last is None else RollingScores(choice, self._read, config.last)
        self._fading = None if config.fading is None else FadingScores(choice, config.fading)

    def _fresh(self) -> WindowSums:
        return WindowSums(business={value.name: BusinessTotal() for value in self._values})

    def update(  # noqa: PLR0913, PLR0917 - everything about one scored event
        self,
        output: Any,
        label: Target,
        loss: float | None,
        last: Target | None = None,
        features: Features | None = None,
        slot: int = 0,
    ) -> None:
        """Takes one served output; it is scored when a value is needed.

        Args:
            output: The served output.
            label: The truth.
            loss: The loss of the output; `None` from a detector that decides nothing.
            last: `last_label` at the time the output was served: later labels were as unknown to the baseline
                as to the model.
            features: Features for the business metrics.
            slot: The open window of the event.
        """
        block = self._block
        block.append((output, label, loss, last, features, slot))
        self.last_label = label
        if len(block) >= _BLOCK:
            self._score_block()

    def _score_block(self) -> None:
        """Scores the events at hand, in order."""
        block, self._block = self._block, []
        served, baselines, last_labels = [], [], []
        score, read, happened = self._baseline.score, self._read, self._happened
        whole_baseline, whole_label = self._baselines.reads_outputs, self._last_labels.reads_outputs
        for output, label, loss, before, features, slot in block:
            seen = read(output)
            served.append((label, *seen))
            window = self._open.get(slot)
            if window is None:
                window = self._open[slot] = self._fresh()
            found = score(label, output=whole_baseline)
            if found is not None:
                baselines.append((label, *found[0]))
            if before is not None:
                last_labels.append((label, *self._repeat_label(before, whole_label)))
            if loss is not None:
                self._add_losses(window, label, loss, before, found)
            _, top, probability = seen
            if happened is not None:
                window.calibration.add(probability, happened=happened(top, label))
            for value in self._values:
                window.business[value.name].add(value.of(top, label, probability, features or {}))
            if self._rolling is not None:
                self._rolling.update(label, output, loss)
            if self._fading is not None:
                self._fading.update(label, *seen, loss)
        self._served.update_all(served)
        self._baselines.update_all(baselines)
        self._last_labels.update_all(last_labels)

    def _add_losses(
        self, window: WindowSums, label: Any, loss: float, before: Any, found: tuple[Read, float] | None
    ) -> None:
        """Adds the losses of the served output and of the baselines, or its own where they have none yet."""
        baseline = loss if found is None else found[1]
        last_label = loss if before is None else self._repeat_loss(before, label)
        window.totals.add(loss, baseline, last_label)

    def correct(  # noqa: PLR0913, PLR0917 - an event has two labels, and each has its loss
        self,
        output: Any,
        before: Target,
        label: Target,
        loss_before: float | None,
        loss: float | None,
        features: Features | None = None,
    ) -> None:
        """Scores an output anew whose label was wrong, over the whole run.

        Windows, rolling and fading scores stay as they were, and so do the metrics and the losses of the
        baselines, which used the labels known then; their next outputs use the right label. Without
        `features` the business metrics stay as well.
        """
        self._score_block()
        seen, top, probability = self._read(output)
        self._served.correct(seen, top, probability, before, label)
        self._baseline.correct(before, label)
        whole = self._closed
        if loss is not None and loss_before is not None:
            whole.totals.loss += loss - loss_before
        if self._happened is not None:
            change = self._happened(top, label) - self._happened(top, before)
            whole.calibration.correct(probability, change)
        if features is not None:
            for value in self._values:
                total = whole.business[value.name]
                total.add(value.of(top, before, probability, features), -1)
                total.add(value.of(top, label, probability, features))

    @property
    def cells(self) -> tuple[Cells, Cells, Cells] | None:
        """What is counted in cells of the served outputs, the last-label baseline and the task's baseline.

        `None` when there are scores that see every event besides.
        """
        cells = self._served.cells, self._last_labels.cells, self._baselines.cells
        if self._sees_events or None in cells:
            return None
        return cells  # type: ignore[return-value]  # none is None

    @property
    def known_labels(self) -> list[Target]:
        """The classes of all labels so far; in regression the last label."""
        self._score_block()
        if isinstance(self._baseline, ClassPrior):
            return [*self._baseline.counts]
        return [] if self.last_label is None else [self.last_label]

    @property
    def of_values(self) -> list[tuple[str, str]] | None:
        """The metrics by name with their classes, when all are means over values that River keeps.

        `None` when there are scores of another kind.
        """
        return None if self._sees_events else self._served.of_values

    @property
    def _sees_events(self) -> bool:
        """Whether anything but metrics sees every event."""
        return self._rolling is not None or self._fading is not None or bool(self._values)

    def lend(self, slot: int) -> LentScores:
        """What changes while outputs of this open window are scored, until `take_back`."""
        self._score_block()
        counts = self._served.counts, self._last_labels.counts, self._baselines.counts
        return LentScores(*counts, self._baseline, self.last_label, self._open.get(slot) or self._fresh())

    def take_back(self, slot: int, lent: LentScores) -> None:
        """Goes on from what was lent."""
        self.last_label = lent.last_label
        if lent.sums.totals.scored:
            self._open[slot] = lent.sums

    def close_window(self, slot: int = 0) -> WindowSums:
        """The sums over the window of this slot, which ends here."""
        self._score_block()
        closed = self._open.pop(slot, None) or self._fresh()
        self._closed.merge(closed)
        return closed

    def values(self) -> dict[str, float]:
        """Every metric by name, the mean `loss` and the `baseline_loss` over the same events.

        Rolling scores have names such as `Accuracy.last_1000`, fading ones `Accuracy.fading`.
        """
        self._score_block()
        named = measure(self._choice, self._served.counts)
        loss, baseline_loss, _ = self._sums().totals.means()
        if loss is not None and baseline_loss is not None:
            named |= {"loss": loss, "baseline_loss": baseline_loss}
        for view in (self._rolling, self._fading):
            if view is not None:
                named |= {f"{name}.{view.name}": value for name, value in view.values().items()}
        return named

    def totals(self) -> ScoreTotals:
        """Counts and sums over the whole run; the counts are the live ones, not a copy."""
        self._score_block()
        counts = self._served.counts, self._last_labels.counts, self._baselines.counts
        return ScoreTotals(*counts, self._sums())

    def run_scores(self) -> RunScores:
        """All scores until now."""
        return replace(run_scores(self.totals(), self._choice, self._task.name), scores=self.values())

    def _sums(self) -> WindowSums:
        whole = self._fresh()
        whole.merge(self._closed)
        for _, sums in sorted(self._open.items()):
            whole.merge(sums)
        return whole

    def state(self) -> ScoresState:
        """The snapshot state.

        Raises:
            SnapshotError: If a metric cannot be saved.
        """
        self._score_block()
        return ScoresState(
            self._definition,
            self._served.counts.state(),
            self._last_labels.counts.state(),
            self._baselines.counts.state(),
            self._baseline.state(),
            None if self.last_label is None else escape(self.last_label),
            self._closed.copy(),
            {slot: sums.copy() for slot, sums in self._open.items()},
            None if self._rolling is None else self._rolling.state(),
            None if self._fading is None else self._fading.state(),
        )

    def restore(self, state: ScoresState, allow: Iterable[str] = ()) -> None:
        """Continues from a snapshot state.

        Args:
            state: The state.
            allow: Modules whose metric classes may appear (the user's own).

        Raises:
            SnapshotError: If the state has other metrics, whose missed events cannot be recovered, or if a
                metric cannot be restored.
        """
        if state.definition != self._definition:
            raise SnapshotError(
                f"scores: the snapshot keeps others than the configuration: {state.definition} there, "
                f"{self._definition} here. "
                f"Restore the sections 'scores' and 'business' (their limits may change), or start a new run."
            )
        self._block = []
        self._served.continue_from(MetricCounts.restored(state.served, allow))
        self._last_labels.continue_from(MetricCounts.restored(state.last_labels, allow))
        self._baselines.continue_from(MetricCounts.restored(state.baselines, allow))
        self._baseline.restore(state.baseline)
        self.last_label = None if state.last_label is None else unescape(state.last_label)
        self._closed = state.closed.copy()
        self._open = {slot: sums.copy() for slot, sums in state.open.items()}
        if self._rolling is not None and state.rolling is not None:
            self._rolling.restore(state.rolling)
        if self._fading is not None and state.fading is not None:
            self._fading.restore(state.fading, allow)
