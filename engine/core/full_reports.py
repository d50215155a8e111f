"""Full reports: Evidently's presets on a window in which trouble begins, made while the stream goes on.

A full report takes seconds, and nothing waits for it: it replaces the light one when it is there. Of several
windows in trouble the first gets one, and each that is worse than the one before it.
"""

from msgspec import Struct
from msgspec.structs import replace

from engine.events import FullReport
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.types import EvaluationJob
from engine.monitoring.worker.evaluator import FullReporter, WindowEvaluator
from engine.windows import Status

_TROUBLE: dict[Status, int] = {"pass": 0, "unjudged": 0, "warn": 1, "fail": 2}


class FullReportsState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        job: The window whose full report is being made.
        end: Event time at which that window ended, seconds since 1970.
        before: How bad the window before the next one was.
    """

    job: EvaluationJob | None = None
    end: float = 0.0
    before: Status = "pass"


class FullReports:
    """Has full reports made of one key's windows, one at a time.

    Args:
        config: For which windows.
        evaluator: Makes them; one that cannot makes none.
    """

    def __init__(self, config: MonitoringConfig, evaluator: WindowEvaluator) -> None:
        self._config = config
        self._reporter = evaluator if config.reports and isinstance(evaluator, FullReporter) else None
        self._state = FullReportsState()

    @property
    def is_awaited(self) -> bool:
        """Whether one is being made."""
        return self._state.job is not None

    def see(self, job: EvaluationJob, end: float, status: Status) -> list[FullReport]:
        """A window has its verdict; it gets a full report where that calls for one.

        Args:
            job: The window.
            end: Event time at which it ended.
            status: How bad it is, by the worse of its first verdict and its verdict.
        """
        before = self._state.before
        self._state = replace(self._state, before=status)
        if self._reporter is None or not self._wants(job.window, status, before):
            return []
        found = self.made(wait=True)
        wanted = replace(job, full=True)
        self._reporter.begin_full(wanted)
        self._state = FullReportsState(wanted, end, status)
        return found + self.made()

    def _wants(self, window: int, status: Status, before: Status) -> bool:
        config = self._config
        if config.full_every and window % config.full_every == 0:
            return True
        if config.full_on == "never":
            return False
        return _TROUBLE[status] >= _TROUBLE[config.full_on] and _TROUBLE[status] > _TROUBLE[before]

    def made(self, *, wait: bool = False) -> list[FullReport]:
        """The report that is being made, once it is there.

        Args:
            wait: Whether to wait for it.
        """
        job = self._state.job
        if self._reporter is None or job is None:
            return []
        content = self._reporter.full(job.key, job.window, wait=wait)
        if content is None:
            return []
        end = self._state.end
        self._state = FullReportsState(before=self._state.before)
        return [FullReport(job.key, job.window, end, content)] if content else []

    def state(self) -> FullReportsState:
        """What a snapshot keeps."""
        return self._state

    def restore(self, state: FullReportsState) -> None:
        """Goes on from a snapshot's state; a report that was being made is begun again."""
        if self._reporter is None:
            self._state = FullReportsState(before=state.before)
            return
        self._state = state
        if state.job is not None:
            self._reporter.begin_full(state.job)
