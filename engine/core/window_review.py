"""Window review: outcomes gather in windows, and each closed window gets a verdict, one window late.

A report takes up to seconds, so it is computed while the stream goes on, and its verdict takes effect at a
fixed point: when the *next* window closes. Inline or in the background, the same things happen in the same
order; `engine.core.window_close` has the steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from engine.config import EngineConfig
from engine.contract.check import Contract, rejection
from engine.core.business_verdict import amounts, with_business
from engine.core.full_reports import FullReports, FullReportsState
from engine.core.input_guard import SEVERAL, InputGuard, InputGuardState, Passed
from engine.evaluation.window_sums import WindowSums
from engine.events import FullReport, Report, WindowScores
from engine.models.operations import TaskOps
from engine.monitoring.adaptation import ADAPTATION
from engine.monitoring.columns import SERVED
from engine.monitoring.first_look.counter import FirstLookCounter, FirstLookState
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.monitoring.tables import tabulate, tabulate_examples
from engine.monitoring.types import EvaluationJob, OutputReference, Table, Verdict
from engine.monitoring.worker.evaluator import WindowEvaluator
from engine.records.values import Example
from engine.supervision.supervisor import Supervisor
from engine.supervision.suspicion import PairedLosses
from engine.tasks.aggregation import Span
from engine.windows import Reservoir, Status, Window, Windows, WindowsState

_COMMON = 0.01, 0.99
"""Quantiles of the labels between which they are taken to lie commonly."""

_MARGIN = 0.25
"""Share of that range by which values may lie outside it and still count."""


@runtime_checkable
class PassedByColumn(Protocol):
    """Outcomes that are held in a way that shows what the input guard takes without going over them."""

    def passed(
        self, strange: bool, several: int, edges: Mapping[str, Sequence[tuple[float, float]]]
    ) -> list[tuple[str, tuple[Any, ...]]] | None:
        """What they show of each column of numbers, as fields of `Passed`; `None` when that is not known.

        Args:
            strange: Whether strange ones count too.
            several: How many of them there must be then.
            edges: What passed before, by column.
        """


class PendingVerdict(Struct, frozen=True, forbid_unknown_fields=True):
    """A closed window whose verdict has not taken effect yet.

    Attributes:
        window: The window.
        job: What the evaluator was given; it is given again after a restore.
        scores: Losses over the window.
        model: Who served when it closed.
        verdict: The verdict, when it is known already.
        reported: Whether it was reported early, at the end of the input.
        looked: How bad it was at first look.
    """

    window: Window
    job: EvaluationJob
    scores: WindowScores
    model: str
    verdict: Verdict | None = None
    reported: bool = False
    looked: Status = "pass"


class WindowReviewState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        windows: The open windows, and the closed ones still needed.
        pending: The window that waits for its verdict.
        reference: The rows that windows are compared with.
        reference_name: What they are.
        outputs: What outputs are compared with.
        first_look: Counts since the last window closed.
        input_guard: What windows that passed have shown.
        full_reports: The full report that is being made.
    """

    windows: WindowsState
    pending: PendingVerdict | None
    reference: Table | None
    reference_name: str
    outputs: OutputReference | None
    first_look: FirstLookState
    input_guard: InputGuardState
    full_reports: FullReportsState = FullReportsState()


class WindowReview:
    """Windows, the reference they are compared with, and the verdict that is awaited.

    Args:
        config: How windows are cut, monitored and compared.
        key: The model key.
        ops: What the task does with models' outputs.
        evaluator: Evaluates windows.

    Attributes:
        windows: The open windows, and the closed ones still needed.
        first_look: Counts since the last window closed.
        full_reports: Made of windows in which trouble begins.
        input_guard: Finds examples that are unlike all in windows that passed.
        guards: Whether it is used.
        reference: The rows that windows are compared with.
    """

    def __init__(self, config: EngineConfig, key: str, ops: TaskOps, evaluator: WindowEvaluator) -> None:
        self._config, self._key, self._ops = config, key, ops
        self._evaluator = evaluator
        self._pending: PendingVerdict | None = None
        self._reference_name = "none yet"
        self._outputs: OutputReference | None = None
        self.reference: Table | None = None
        self.windows = Windows(config.window, key)
        self.first_look = FirstLookCounter(config.monitoring)
        self.full_reports = FullReports(config.monitoring, evaluator)
        self.input_guard = InputGuard()
        self.guards = config.supervision.guard and not ops.unsupervised

    def pin(self, rows: Iterable[Example], contract: Contract) -> None:
        """Windows are compared with these rows, as far as the contract lets them through."""
        reservoir: Reservoir[Example] = Reservoir(self._config.window.sample, f"{self._key}/pinned")
        for row in rows:
            features, faults = contract.check(row.features)
            if rejection(faults) is None:
                reservoir.add(Example(row.id, row.time, features, row.label))
        if reservoir.rows:
            self._refer_to(tabulate_examples(reservoir.rows), "pinned rows")
            self.first_look.begin()

    def _refer_to(self, rows: Table, name: str) -> None:
        self.reference, self._reference_name = rows, name
        self.first_look.refer_to(rows)

    def label_span(self) -> Span | None:
        """The values among which labels lie, give or take a few; `None` without a number.

        Labels of the reference; before there is one, of the windows that are kept.
        """
        if self.reference is not None:
            cells: Iterable[object] = self.reference.columns.get("label", ())
        else:
            cells = [row.label for row in self.windows.learnable()]
        values = sorted(float(cell) for cell in cells if isinstance(cell, int | float))
        if not values:
            return None
        low, high = (values[int(share * (len(values) - 1))] for share in _COMMON)
        margin = _MARGIN * (high - low)
        return (low - margin, high + margin) if margin > 0.0 else None

    def refer_if_passed(self, judged: PendingVerdict) -> None:
        """A window that passed becomes the reference, where that is the last passed one or there is none."""
        passed = verdict_of(judged).status not in {"fail", "unjudged"}
        if passed:
            self._compare_outputs_with(judged)
        if passed and (self._config.window.reference == "last_passed" or self.reference is None):
            self._refer_to_window(judged)

    def vet(self, window: Window, *, strange: bool) -> None:
        """A window has passed: the input guard takes its examples, in the order of their predictions.

        Args:
            window: The window.
            strange: Whether those that it found strange are among them, since they have done no harm. Very
                few are no part of what is common, and never are.
        """
        guard = self.input_guard
        if isinstance(window.learnable, PassedByColumn):
            columns = window.learnable.passed(strange, SEVERAL, guard.edges())
            if columns is not None:
                for name, passed in columns:
                    guard.passes(name, Passed(*passed))
                return
        rows = [row for row in window.learnable if row.strange is None]
        if strange and len(window.learnable) - len(rows) >= SEVERAL:
            rows = [*window.learnable]
        rows.sort(key=attrgetter("sequence"))
        guard.vet([row.example.features for row in rows])

    def refer_if_moving(self, judged: PendingVerdict, *, accepted: bool) -> None:
        """A window becomes the reference whatever its verdict, where that is always the previous one.

        Args:
            judged: The window.
            accepted: Whether its failing was accepted as a change of the world: then the reference moves too,
                unless it is pinned.
        """
        mode = self._config.window.reference
        if mode == "previous" or (accepted and mode != "pinned"):
            self._refer_to_window(judged)

    def _refer_to_window(self, judged: PendingVerdict) -> None:
        self._refer_to(judged.job.current, f"window {judged.window.index}")

    def _compare_outputs_with(self, judged: PendingVerdict) -> None:
        """The next window's outputs are compared with those of this one, which did not fail."""
        outputs = judged.job.outputs
        moved = any(check.name == ADAPTATION for check in verdict_of(judged).checks)
        settled = outputs is not None and (outputs.settled or not moved)
        columns = {name: cells for name, cells in judged.job.current.columns.items() if name in SERVED}
        self._outputs = OutputReference(Table(columns), judged.window.index, judged.model, settled)

    def preliminary(
        self, window: Window, time: float, rejected: int, warned: int
    ) -> PreliminaryVerdict | None:
        """The first verdict, on what was counted since the last window closed; `None` when nothing was."""
        return self.first_look.close(self._key, window.index, time, rejected, warned)

    def take_verdict(self) -> PendingVerdict | None:
        """The window whose verdict takes effect now; its verdict is waited for."""
        return None if self._pending is None else self._judged(self._pending)

    @property
    def awaited(self) -> int | None:
        """The window whose report takes effect when the next one closes; `None` when its verdict is known."""
        waiting = self._pending
        return None if waiting is None or waiting.verdict is not None else waiting.window.index

    def early_verdict(self) -> PendingVerdict | None:
        """At the end of the input: the window that waits, reported now; its verdict takes effect later."""
        if self._pending is None or self._pending.reported:
            return None
        self._pending = replace(self._judged(self._pending), reported=True)
        return self._pending

    def _judged(self, pending: PendingVerdict) -> PendingVerdict:
        """With its verdict; an evaluator gives each only once."""
        if pending.verdict is not None:
            return pending
        verdict = self._evaluator.collect(self._key, pending.window.index)
        return replace(
            pending, verdict=with_business(verdict, pending.scores.business, self._config.business)
        )

    def begin_full_report(self, judged: PendingVerdict) -> list[FullReport]:
        """Has a full report made of a window that was reported, where that is bad enough."""
        looked, status = judged.looked, verdict_of(judged).status
        return self.full_reports.see(judged.job, judged.window.end, looked if looked == "fail" else status)

    def report(self, judged: PendingVerdict) -> Report:
        """The report on a window that has its verdict."""
        window = judged.window
        return Report(
            self._key,
            window.index,
            window.start,
            window.end,
            judged.model,
            judged.job.reference_name,
            judged.scores,
            verdict_of(judged),
            None if judged.job.outputs is None else f"window {judged.job.outputs.window}",
        )

    def submit(self, window: Window, scores: WindowScores, model: str, *, looked: Status) -> None:
        """Gives a window that has closed to the evaluator, and begins to count for the next.

        Args:
            window: The window.
            scores: Losses over it.
            model: Who serves.
            looked: How bad it was at first look.
        """
        outputs = self._outputs
        if outputs is not None and outputs.model != model:
            outputs = self._outputs = None
        self.first_look.begin()
        job = EvaluationJob(
            self._key,
            window.index,
            tabulate(window.sample, self._ops.serve),
            self.reference,
            self._reference_name,
            business=amounts(scores.business),
            outputs=outputs,
        )
        verdict: Verdict | None = None
        if self._config.monitoring.reports:
            self._evaluator.submit(job)
        else:
            unseen = Verdict(window.index, "pass", "reports are switched off", (), {}, b"")
            verdict = with_business(unseen, scores.business, self._config.business)
        self._pending = PendingVerdict(window, job, scores, model, verdict, looked=looked)

    def state(self) -> WindowReviewState:
        """What a snapshot keeps."""
        return WindowReviewState(
            self.windows.state(),
            self._pending,
            self.reference,
            self._reference_name,
            self._outputs,
            self.first_look.state(),
            self.input_guard.state,
            self.full_reports.state(),
        )

    def restore(self, state: WindowReviewState) -> None:
        """Goes on from a snapshot's state; the evaluator is given again what it had not answered."""
        self.windows.restore(state.windows)
        self._pending = state.pending
        self.reference, self._reference_name = state.reference, state.reference_name
        self._outputs = state.outputs
        self.first_look.restore(state.first_look, self.reference)
        self.input_guard.state = state.input_guard
        if self._pending is not None and self._pending.verdict is None:
            self._evaluator.submit(self._pending.job)
        self.full_reports.restore(state.full_reports)


def verdict_of(judged: PendingVerdict) -> Verdict:
    """The verdict of a window that has one."""
    assert judged.verdict is not None  # noqa: S101 - it was returned by `take_verdict` or `early_verdict`
    return judged.verdict


def window_scores(
    window: Window,
    sums: WindowSums,
    supervisor: Supervisor,
    challengers: Mapping[str, PairedLosses],
) -> WindowScores:
    """The mean losses of a window that has closed, with those of its comparisons."""
    loss, baseline_loss, last_label_loss = sums.totals.means()
    return WindowScores(
        window.outcomes,
        window.late,
        sums.totals.scored,
        loss,
        baseline_loss,
        last_label_loss,
        sums.calibration.error(),
        sums.business,
        supervisor.losses(),
        challengers,
        supervisor.weights,
        supervisor.joint.losses,
    )
