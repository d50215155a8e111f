"""Progressive scores of the served predictions, always beside baselines.

Progressive (prequential) evaluation, Gama, Sebastião and Rodrigues (2013): every labelled event is
scored with the prediction that was served for it, before any model learns from it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.errors import SnapshotError
from engine.evaluation.baselines import Mean, Shares
from engine.evaluation.business_metrics import BusinessTotal, Value
from engine.evaluation.config import ScoresConfig
from engine.evaluation.metric_counts import MetricCounter, measure
from engine.evaluation.metrics import choose
from engine.evaluation.outputs import reader
from engine.evaluation.rolling import Fading, RollingScores
from engine.evaluation.run_scores import RunScores, ScoreTotals, last_choice, standing
from engine.evaluation.window_sums import WindowSums
from engine.records.config import Task
from engine.records.values import Features, Target

_BLOCK = 256
"""Events that are scored at once: how they are cut into blocks changes no score."""

_Row = tuple[Any, Target, float | None, Target | None, Features | None, int]
"""The arguments of `Scores.update`."""


class Scores:
    """Scores of one model key; predictions served as `None` are counted elsewhere, not scored.

    Args:
        config: Which metrics, and over what.
        task: What is predicted.
        values: The business metrics.

    Attributes:
        decides: Whether a metric is told the served class, and not the output alone.
        last_label: The label scored last: what the baseline of no change says of the next prediction.

    Raises:
        ConfigError: When a metric cannot be kept; see `choose`.
    """

    def __init__(self, config: ScoresConfig, task: Task, values: Sequence[Value] = ()) -> None:
        self._kept = {"scores": config.model_dump(), "business": {v.name: v.meaning for v in values}}
        self._task: Task = task
        self._probable = task in {"binary", "multiclass"}
        self._choice = choice = choose(config, task)
        self.decides = any(each.takes_class for each in choice.metrics)
        self._read = reader(task)
        self._values = tuple(values)
        self._served = MetricCounter(choice)
        self._last = MetricCounter(last_choice(choice, task))
        self._usual = MetricCounter(choice)
        self._baseline: Shares | Mean = Mean() if task == "regression" else Shares()
        self.last_label: Target | None = None
        self._closed = self._fresh()
        self._open: dict[int, WindowSums] = {}
        self._block: list[_Row] = []
        self._recent = None if config.last is None else RollingScores(choice, self._read, config.last)
        self._fading = None if config.fading is None else Fading(choice, config.fading)

    def _fresh(self) -> WindowSums:
        return WindowSums(business={value.name: BusinessTotal() for value in self._values})

    def update(  # noqa: PLR0913, PLR0917 - all that is known of one scored event
        self,
        output: Any,
        label: Target,
        loss: float | None,
        last: Target | None = None,
        features: Features | None = None,
        slot: int = 0,
    ) -> None:
        """Takes one served output, to be scored when somebody asks.

        Args:
            output: What was served.
            label: The truth.
            loss: The output's loss on it; `None` from a detector that decides nothing.
            last: `last_label` as it was when the output was served: later labels came too late for the
                baseline as for the model.
            features: What the business metrics may look at.
            slot: The open window it belongs to.
        """
        block = self._block
        block.append((output, label, loss, last, features, slot))
        self.last_label = label
        if len(block) >= _BLOCK:
            self._count()

    def _count(self) -> None:
        """Scores what was taken, in order."""
        block, self._block = self._block, []
        served, usual, last = [], [], []
        score, outputs, certain = self._baseline.score, self._usual.reads_outputs, self._last.reads_outputs
        for output, label, loss, before, features, slot in block:
            said = self._read(output)
            served.append((label, *said))
            window = self._open.get(slot)
            if window is None:
                window = self._open[slot] = self._fresh()
            found = score(label, output=outputs)
            if found is not None:
                usual.append((label, *found[0]))
            if before is not None:
                last.append((label, *self._said_last(before, output=certain)))
            if loss is not None:
                self._add_losses(window, label, loss, before, found)
            _, top, probability = said
            if self._probable:
                window.calibration.add(probability, happened=self._happened(top, label))
            for value in self._values:
                window.business[value.name].add(value.of(top, label, probability, features or {}))
            if self._recent is not None:
                self._recent.update(label, output, loss)
            if self._fading is not None:
                self._fading.update(label, *said, loss)
        self._served.update_all(served)
        self._usual.update_all(usual)
        self._last.update_all(last)

    def _add_losses(
        self,
        window: WindowSums,
        label: Any,
        loss: float,
        before: Any,
        found: tuple[tuple[Any, Target, float], float] | None,
    ) -> None:
        """Adds the losses of what was served and of the baselines: its own until they say anything."""
        usual = unchanged = loss
        anomaly = self._task == "anomaly"
        if found is not None:  # of a detector's decision it is right or wrong, and so it is here
            usual = float(found[0][1] != label) if anomaly else found[1]
        if before is not None:
            wrong = self._task != "regression"
            unchanged = float(before != label) if wrong else abs(float(before) - float(label))
        window.totals.add(loss, usual, unchanged)

    def _said_last(self, last: Any, *, output: bool) -> tuple[Any, Target, float]:
        """What the baseline of no change says: the last label, with certainty."""
        if self._task == "regression":
            return last, last, last
        return {last: 1.0} if output else None, last, 1.0

    def _happened(self, top: Target | None, label: Target) -> bool:
        """Whether that came true whose probability was told."""
        return bool(label) if self._task == "binary" else top == label

    def correct(  # noqa: PLR0913, PLR0917 - an event has two labels, and each has its loss
        self,
        output: Any,
        before: Target,
        label: Target,
        loss_before: float | None,
        loss: float | None,
        features: Features | None = None,
    ) -> None:
        """A label was wrong: its output is scored anew, over the whole run.

        Windows, the last events and fading scores stay as they were known then, and so do the metrics and
        the losses of the baselines, which said what they knew; what they say from now on knows better.
        Without `features` the business metrics stay as well.
        """
        self._count()
        said, top, probability = self._read(output)
        self._served.correct(said, top, probability, before, label)
        self._baseline.correct(before, label)
        whole = self._closed
        if loss is not None and loss_before is not None:
            whole.totals.loss += loss - loss_before
        if self._probable:
            change = self._happened(top, label) - self._happened(top, before)
            whole.calibration.correct(probability, change)
        if features is not None:
            for value in self._values:
                worth = whole.business[value.name]
                worth.add(value.of(top, before, probability, features), -1)
                worth.add(value.of(top, label, probability, features))

    def close_window(self, slot: int = 0) -> WindowSums:
        """The sums over the window of this slot, which ends here."""
        self._count()
        closed = self._open.pop(slot, None) or self._fresh()
        self._closed.merge(closed)
        return closed

    def values(self) -> dict[str, float]:
        """Every metric by its name, the mean `loss` and the `baseline_loss` over the same events.

        Over the last events the names are such as `Accuracy.last_1000`, fading ones `Accuracy.fading`.
        """
        self._count()
        named = measure(self._choice, self._served.state)
        loss, baseline_loss, _ = self._sums().totals.means()
        if loss is not None and baseline_loss is not None:
            named |= {"loss": loss, "baseline_loss": baseline_loss}
        for view in (self._recent, self._fading):
            if view is not None:
                named |= {f"{name}.{view.name}": value for name, value in view.values().items()}
        return named

    def tally(self) -> ScoreTotals:
        """All that is scored over the whole run; it is what goes on being updated, not a copy."""
        self._count()
        return ScoreTotals(self._served.state, self._last.state, self._usual.state, self._sums())

    def standing(self) -> RunScores:
        """How well what was served has done until now."""
        return replace(standing(self.tally(), self._choice, self._task), scores=self.values())

    def _sums(self) -> WindowSums:
        whole = self._fresh()
        whole.merge(self._closed)
        for _, sums in sorted(self._open.items()):
            whole.merge(sums)
        return whole

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        self._count()
        return {
            "kept": self._kept,
            "tracks": (self._served.state, self._last.state, self._usual.state),
            "baseline": (self._baseline, self.last_label),
            "sums": (self._closed, self._open),
            "recent": None if self._recent is None else self._recent.state,
            "fading": None if self._fading is None else self._fading.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a snapshot's state.

        Raises:
            SnapshotError: When it has other metrics: what they missed cannot be made up for.
        """
        if state["kept"] != self._kept:
            raise SnapshotError(
                f"scores: the snapshot keeps others than the configuration: {state['kept']} there, "
                f"{self._kept} here. "
                f"Restore the sections 'scores' and 'business' (their limits may change), or start a new run."
            )
        self._block = []
        for track, counted in zip((self._served, self._last, self._usual), state["tracks"], strict=True):
            track.restore(counted)
        self._baseline, self.last_label = state["baseline"]
        self._closed, self._open = state["sums"]
        if self._recent is not None:
            self._recent.state = state["recent"]
        if self._fading is not None:
            self._fading.restore(state["fading"])
