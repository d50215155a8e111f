"""The stateful parts of one engine, held together, and what a snapshot keeps of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.alerts.policy import Alerting
from engine.config import EngineConfig
from engine.contract.check import Contract, rejection, time_breach
from engine.core.candidates import MODEL, Candidates
from engine.core.challengers import Challengers
from engine.core.event_clock import Clock
from engine.core.waiting import EarlyLabel, PendingPrediction, ResolvedPrediction, Waiting
from engine.errors import ConfigError
from engine.evaluation.business_metrics import make_values
from engine.evaluation.progressive_scores import Scores
from engine.events import WindowScores
from engine.models.operations import TaskOps, configured_ops, make_model
from engine.models.serialization import load
from engine.monitoring.detectors.detectors import Detectors
from engine.monitoring.detectors.loss_drift import LossDrift
from engine.monitoring.first_look.counter import FirstLookCounter
from engine.monitoring.tables import tabulate_examples
from engine.monitoring.types import EvaluationJob, Table, Verdict
from engine.records.events import Counts
from engine.records.values import Example, Target
from engine.registry.versions import Start
from engine.supervision.challenger_trials import ChallengerTrials
from engine.supervision.decisions import Action
from engine.supervision.supervisor import Supervisor
from engine.tasks.registry import find_task
from engine.windows import Reservoir, Window, Windows


@dataclass(frozen=True, slots=True)
class Judging:
    """A closed window whose verdict is not applied yet.

    Attributes:
        window: The window.
        job: What was given to the judge; given again after a restore.
        scores: Losses over the window.
        model: Who served when it closed.
        verdict: The verdict, if it is known already.
        reported: Whether it was reported early, at the end of the input.
    """

    window: Window
    job: EvaluationJob
    scores: WindowScores
    model: str
    verdict: Verdict | None = None
    reported: bool = False


@dataclass(slots=True)
class Progress:
    """Counters and marks.

    Attributes:
        outcomes: Predictions whose fate is known.
        decisions: Decisions taken.
        decided: How many of each.
        judging: The window that waits for its verdict.
        reference: The rows that windows are compared with.
        reference_name: What they are.
        finished: Records taken in when the end of the input was last reported; -1 before.
        complained: The champion that was last reported for raising while it learned.
        commands: Ids of the commands carried out.
        positions: Of each source, where the last record that was taken in began.
    """

    outcomes: int = 0
    decisions: int = 0
    decided: dict[Action, int] = field(default_factory=dict)
    judging: Judging | None = None
    reference: Table | None = None
    reference_name: str = "none yet"
    finished: int = -1
    complained: str = ""
    commands: list[str] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)


class Parts:
    """Everything one engine is made of. The parts know nothing of each other; the engine does."""

    def __init__(self, config: EngineConfig, key: str) -> None:
        task = config.model.task
        champion = make_model(config.model)
        self.key = key
        self.config = config
        self.labels = find_task(task).labels
        self.ops: TaskOps = configured_ops(config.model, champion)
        self.contract = Contract(config.contract)
        limits_of_time = config.contract.max_ahead, config.contract.max_behind
        self.limits_time = limits_of_time != (None, None)
        labels = config.labels
        self.corrects = labels.corrections == "learn"
        self.clock = Clock()
        self.waiting: Waiting[PendingPrediction] = Waiting(labels.wait, labels.max_waiting)
        self.early: Waiting[EarlyLabel] = Waiting(labels.early_wait, labels.max_waiting)
        self.settled: Waiting[ResolvedPrediction] = Waiting(labels.remember, labels.max_remembered)
        # Without an id field every id is a place in the input, and none can come twice.
        self.remembers = config.record.id is not None and labels.max_remembered > 0
        self.expired_label = _expired_label(config)
        self.scores = Scores(config.scores, task, make_values(config.business, task, config.record))
        if not self.ops.decides and (self.scores.decides or config.business):
            raise ConfigError(
                "scores.metrics, business: the detector has no threshold to decide by, so only metrics of "
                "scores (RollingROCAUC, ROCAUC) can be kept; wrap it in anomaly.QuantileFilter or "
                "anomaly.ThresholdFilter"
            )
        self.windows = Windows(config.window, key)
        self.drift = LossDrift(config.monitoring.loss_drift_delta)
        limits = config.supervision
        self.candidates = Candidates(champion, self.ops, config.model.allowed, limits.checkpoints)
        self.challengers = Challengers(config.challengers, config.model, self.ops)
        self.contest = ChallengerTrials(limits)
        self.contest.enter(self.challengers.state.alive, 0)
        self.supervisor = Supervisor(limits, bounded_loss=find_task(task).bounded_loss)
        self.tally = FirstLookCounter(config.monitoring)
        self.detectors = Detectors(config.monitoring.detectors, task, decides=self.ops.decides)
        self.alerting = Alerting(config.alerts)
        self.holdout: Sequence[Example] = ()
        self.counts = Counts()
        self.progress = Progress()

    def time_breach(self, time: float) -> str | None:
        """What is wrong with a record's event time, where the contract limits it; `None` if nothing is."""
        return time_breach(time, self.clock.now, self.config.contract)

    def pin(self, rows: Iterable[Example]) -> None:
        """Windows are compared with these rows, as far as the contract lets them through."""
        reservoir: Reservoir[Example] = Reservoir(self.config.window.sample, f"{self.key}/pinned")
        for row in rows:
            features, faults = self.contract.check(row.features)
            if rejection(faults) is None:
                reservoir.add(Example(row.id, row.time, features, row.label))
        if reservoir.rows:
            self.refer_to(tabulate_examples(reservoir.rows), "pinned rows")
            self.tally.begin()

    def begin_from(self, start: Start) -> None:
        """The champion is a model that has learned elsewhere.

        Raises:
            ConfigError: When it is of another kind than the one configured.
            SnapshotError: When it cannot be restored.
        """
        state, built = self.candidates.state, self.candidates.state.champion
        model = load(start.saved, MODEL, self.config.allowed)
        if _kind(model) != _kind(built):
            raise ConfigError(
                f"registry.start {start.name}: expected a model as [model] has it, {_kind(built)}; got "
                f"{_kind(model)}"
            )
        state.champion, state.parent, state.learned = model, start.name, start.learned.copy()

    def refer_to(self, rows: Table, name: str) -> None:
        """From now on windows are compared with these rows."""
        self.progress.reference, self.progress.reference_name = rows, name
        self.tally.refer_to(rows)

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps: the state of every part, and nothing of the configuration."""
        return {
            "clock": self.clock.state(),
            "waiting": self.waiting.state(),
            "early": self.early.state(),
            "settled": self.settled.state(),
            "scores": self.scores.state(),
            "windows": self.windows.state(),
            "drift": self.drift,
            "candidates": self.candidates.state,
            "supervisor": self.supervisor.state,
            "challengers": self.challengers.state,
            "contest": self.contest.state,
            "tally": self.tally.state,
            "detectors": self.detectors.state,
            "alerting": self.alerting.state,
            "counts": self.counts,
            "progress": self.progress,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what a snapshot kept."""
        self.clock.restore(state["clock"])
        self.waiting.restore(state["waiting"])
        self.early.restore(state["early"])
        self.settled.restore(state["settled"])
        self.scores.restore(state["scores"], self.config.allowed)
        self.windows.restore(state["windows"])
        self.drift = state["drift"]
        self.candidates.state = state["candidates"]
        self.supervisor.state = state["supervisor"]
        self.alerting.state = state["alerting"]
        self.counts = state["counts"]
        self.challengers.restore(state["challengers"], self.windows.learnable())
        alive = self.challengers.state.alive
        self.contest.state = {name: standing for name, standing in state["contest"].items() if name in alive}
        self.contest.enter(alive, self.counts.predicted)
        self.progress = state["progress"]
        self.detectors.restore(state["detectors"])
        self.tally.restore(state["tally"], self.progress.reference)


def _kind(model: Any) -> str:
    """What a model is made of, without what it has learned."""
    steps = getattr(model, "steps", None)
    if isinstance(steps, Mapping):
        return " | ".join(map(_kind, steps.values()))
    return type(model).__name__


def _expired_label(config: EngineConfig) -> Target | None:
    """The label that stands for none, as models learn it.

    Raises:
        ConfigError: When it is no label of the task.
    """
    value = config.labels.expired_label
    if value is None:
        return None
    labels = find_task(config.model.task).labels
    label = labels.reader(config.record)(value)
    if label is None:
        expected = labels.expected(config.record)
        raise ConfigError(f"labels.expired_label: expected {expected}, got {value!r}")
    return label
