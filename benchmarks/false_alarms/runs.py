"""A stream through a whole engine, with the model that is called auto and the defaults otherwise.

Windows get the verdict of their report, from the numbers alone: the report itself is not made.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.false_alarms.streams import Row, Stream
from dataflows.guess.flow import window_of
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.events import Decision, Event, Report
from engine.monitoring.columns import screen
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.monitoring.measurements import measure
from engine.monitoring.types import EvaluationJob, Verdict
from engine.monitoring.verdicts import summary, worst
from engine.records.values import Example


class Measured:
    """Verdicts of windows, as their reports have them, without the reports."""

    def __init__(self, config: MonitoringConfig, task: str) -> None:
        self._config, self._task = config, task
        self._verdicts: dict[tuple[str, int], Verdict] = {}
        self.waited = 0.0

    def submit(self, job: EvaluationJob) -> None:
        """Judges the window."""
        checks = measure(job, screen(job, self._config, self._task), self._config, self._task).checks
        found = Verdict(job.window, worst(checks), summary(checks), checks, {}, b"")
        self._verdicts[job.key, job.window] = found

    def collect(self, key: str, window: int) -> Verdict:
        """Its verdict."""
        return self._verdicts.pop((key, window))

    def close(self) -> None:
        """Forgets everything."""
        self._verdicts.clear()


@dataclass(slots=True)
class Found:
    """What a run reported.

    Attributes:
        verdicts: The verdict of each window, by its number.
        checks: Checks that did not pass, by name; those of the first look among them.
        suspicions: The reasons of the suspicions.
    """

    verdicts: dict[int, str] = field(default_factory=dict)
    checks: Counter[str] = field(default_factory=Counter)
    suspicions: list[str] = field(default_factory=list)

    def add(self, events: Iterable[Event]) -> None:
        """Takes what came of some records."""
        for event in events:
            if isinstance(event, Report):
                self.verdicts[event.window] = event.verdict.status
                self.checks.update(check.name for check in event.verdict.checks if check.status != "pass")
            elif isinstance(event, PreliminaryVerdict):
                self.checks.update(
                    f"first look: {check.name}" for check in event.checks if check.status != "pass"
                )
            elif isinstance(event, Decision) and event.action == "suspect":
                self.suspicions.append(event.reason)


def configured(stream: Stream, rows: Sequence[Row]) -> EngineConfig:
    """The model and the windows that `riverkeeper init --from` writes; all else is left to the defaults."""
    return EngineConfig.model_validate(
        {"model": {"task": stream.task, "model": "auto"}, "window": {"count": window_of(len(rows))}}
    )


def examples(rows: Sequence[Row], first: int = 0) -> list[Example]:
    """Rows as labelled examples, a second apart."""
    return [
        Example(
            str(number),
            float(number),
            {name: value for name, value in features.items() if value is not None},
            label,
        )
        for number, (features, label) in enumerate(rows, first)
    ]


def evaluator(stream: Stream, config: EngineConfig) -> Measured:
    """Judges windows as the configuration says."""
    return Measured(config.monitoring, stream.task)


def run(stream: Stream, rows: Sequence[Row]) -> Found:
    """A whole stream."""
    config = configured(stream, rows)
    found = Found()
    with Engine(config, evaluator=evaluator(stream, config)) as engine:
        found.add(engine.process(examples(rows)))
        found.add(engine.finish())
    return found
