"""A judge that measures windows as ours do, without writing a report."""

from engine.monitoring.columns import screen
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.measurements import measure
from engine.monitoring.types import EvaluationJob, Verdict
from engine.monitoring.verdicts import summary, worst


class MeasuringJudge:
    """Gives the verdicts of a light report in some hundredths of the time.

    Attributes:
        verdicts: All of them, by window.
        waited: Nothing is waited for.
    """

    def __init__(self, config: MonitoringConfig, task: str) -> None:
        self._config, self._task = config, task
        self.verdicts: dict[int, Verdict] = {}
        self.waited = 0.0

    def submit(self, job: EvaluationJob) -> None:
        """Measures a window."""
        screened = screen(job, self._config, self._task)
        found = measure(job, screened, self._config, self._task)
        verdict = Verdict(
            job.window, worst(found.checks), summary(found.checks), found.checks, found.metrics, b""
        )
        self.verdicts[job.window] = verdict

    def collect(self, key: str, window: int) -> Verdict:  # noqa: ARG002 - there is one key
        """What was measured."""
        return self.verdicts[window]

    def close(self) -> None:
        """Nothing to close."""
