"""The stateful parts of one engine, held together, and what a snapshot keeps of them."""

from dataclasses import dataclass
from typing import Any

from engine.contract import Contract
from engine.learning.business import make_values
from engine.learning.scores import Scores
from engine.learning.waiting import Waiting
from engine.models.tasks import TaskOps, make_model, task_ops
from engine.monitoring.drift import LossDrift
from engine.monitoring.values import Job, Table, Verdict
from engine.pipeline.candidates import Candidates
from engine.pipeline.config import EngineConfig
from engine.pipeline.events import WindowScores
from engine.records.events import Counts
from engine.supervision.supervisor import Supervisor
from engine.windows import Window, Windows


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
    job: Job
    scores: WindowScores
    model: str
    verdict: Verdict | None = None
    reported: bool = False


@dataclass(slots=True)
class Progress:
    """Counters and marks.

    Attributes:
        now: The latest event time seen, seconds since 1970.
        outcomes: Predictions whose fate is known.
        decisions: Decisions taken.
        judging: The window that waits for its verdict.
        reference: The rows that windows are compared with.
        reference_name: What they are.
        finished: Records taken in when the end of the input was last reported; -1 before.
        complained: The champion that was last reported for raising while it learned.
    """

    now: float = 0.0
    outcomes: int = 0
    decisions: int = 0
    judging: Judging | None = None
    reference: Table | None = None
    reference_name: str = "none yet"
    finished: int = -1
    complained: str = ""


class Parts:
    """Everything one engine is made of. The parts know nothing of each other; the engine does."""

    def __init__(self, config: EngineConfig, key: str) -> None:
        task = config.model.task
        champion = make_model(config.model)
        self.key = key
        self.config = config
        self.ops: TaskOps = task_ops(task, champion)
        self.contract = Contract(config.contract)
        self.waiting = Waiting(config.labels)
        self.scores = Scores(config.scores, task, make_values(config.business, task, config.record))
        self.windows = Windows(config.window, key)
        self.drift = LossDrift(config.monitoring.loss_drift_delta)
        limits = config.supervision
        self.candidates = Candidates(
            champion, self.ops, config.model.allowed, limits.checkpoints, limits.shadows
        )
        self.supervisor = Supervisor(limits, bounded_loss=task != "regression")
        self.counts = Counts()
        self.progress = Progress()

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps: the state of every part, and nothing of the configuration."""
        return {
            "waiting": self.waiting.state(),
            "scores": self.scores.state(),
            "windows": self.windows.state(),
            "drift": self.drift,
            "candidates": self.candidates.state,
            "supervisor": self.supervisor.state,
            "counts": self.counts,
            "progress": self.progress,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what a snapshot kept."""
        self.waiting.restore(state["waiting"])
        self.scores.restore(state["scores"])
        self.windows.restore(state["windows"])
        self.drift = state["drift"]
        self.candidates.state = state["candidates"]
        self.supervisor.state = state["supervisor"]
        self.counts = state["counts"]
        self.progress = state["progress"]
