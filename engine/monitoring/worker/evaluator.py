"""Who computes the verdicts: this process, or one of its own beside the stream."""

import weakref
from collections.abc import Callable
from typing import Protocol, Self, runtime_checkable

from engine.errors import EvaluatorError
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window, warm
from engine.monitoring.types import EvaluationJob, Verdict
from engine.monitoring.worker.carrier import Carrier
from engine.monitoring.worker.protocol import Packer

_Id = tuple[str, int]


class WindowEvaluator(Protocol):
    """Gives a verdict for every job, the same in whichever process it is computed.

    Attributes:
        waited: How long callers have waited for reports, by the evaluator's clock; 0
            without one. It is for people to see: nothing that is computed depends on it.
    """

    waited: float

    def submit(self, job: EvaluationJob) -> None:
        """Hands in a job. One with the same key and window that is already in stays as it is."""

    def collect(self, key: str, window: int) -> Verdict:
        """The verdict of a job that was handed in; waits for it, and forgets the job.

        Raises:
            EvaluatorError: When no such job is in, or the evaluator is closed.
        """

    def close(self) -> None:
        """Ends the judge; jobs that were not collected are lost. Twice is fine."""


@runtime_checkable
class FullReporter(Protocol):
    """An evaluator that makes full reports besides, for which no verdict waits."""

    def begin_full(self, job: EvaluationJob) -> None:
        """Has the full report of a window made. One that is being made, or was, stays as it is."""

    def full(self, key: str, window: int, *, wait: bool) -> bytes | None:
        """The full report that was begun, once it is made: `None` before, and empty when it could not be.

        Raises:
            EvaluatorError: When no such report was begun, or the evaluator is closed while it is waited for.
        """


Clock = Callable[[], float]


def _no_clock() -> float:
    return 0.0


def make_evaluator(
    config: MonitoringConfig, task: str, clock: Clock = _no_clock
) -> "InlineEvaluator | BackgroundEvaluator":
    """The judge that the configuration asks for; a context manager, which closes it."""
    kind = InlineEvaluator if config.mode == "inline" else BackgroundEvaluator
    return kind(config, task, clock)


def _not_submitted(key: str, window: int) -> EvaluatorError:
    return EvaluatorError(f"key {key!r}, window {window}: no job was submitted, or its verdict was collected")


def _closed() -> EvaluatorError:
    return EvaluatorError("the evaluator is closed, and its jobs are lost: make another (make_evaluator)")


class InlineEvaluator:
    """Computes each verdict at once, in the caller's thread."""

    def __init__(self, config: MonitoringConfig, task: str, clock: Clock = _no_clock) -> None:
        self._config = config
        self._task = task
        self._verdicts: dict[_Id, Verdict] = {}
        self._full: dict[_Id, bytes] = {}
        self._closed = False
        self._clock = clock
        self.waited = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: EvaluationJob) -> None:
        """Judges the job, which takes as long as it takes."""
        if self._closed:
            raise _closed()
        if (job.key, job.window) not in self._verdicts:
            began = self._clock()
            self._verdicts[job.key, job.window] = evaluate_window(job, self._config, self._task)
            self.waited += self._clock() - began

    def collect(self, key: str, window: int) -> Verdict:
        """The verdict; see `WindowEvaluator.collect`."""
        if self._closed:
            raise _closed()
        try:
            return self._verdicts.pop((key, window))
        except KeyError:
            raise _not_submitted(key, window) from None

    def ready(self, *_: object) -> bool:
        """Always: what was submitted was judged at once."""
        return True

    def begin_full(self, job: EvaluationJob) -> None:
        """Makes the full report, which takes seconds."""
        if self._closed:
            raise _closed()
        began = self._clock()
        self._full[job.key, job.window] = evaluate_window(job, self._config, self._task).snapshot
        self.waited += self._clock() - began

    def full(self, key: str, window: int, *, wait: bool) -> bytes | None:  # noqa: ARG002 - it is there
        """The full report; see `FullReporter.full`."""
        try:
            return self._full.pop((key, window))
        except KeyError:
            raise _not_submitted(key, window) from None

    def warm(self) -> None:
        """Imports Evidently, here and now, where a light report needs it."""
        warm(self._config)

    def close(self) -> None:
        """Forgets everything."""
        self._closed = True
        self._verdicts.clear()
        self._full.clear()


class BackgroundEvaluator:
    """Has verdicts computed by a process of its own, and full reports by another, started when first needed.

    A thread (`engine.monitoring.worker.carrier`) carries one job at a time to the process and its verdict
    back, so neither a long report nor a full pipe holds up the caller. The caller waits in `submit` only
    while `queue_limit` jobs have no verdict yet, and that never depends on what the caller itself collects. A
    process that dies is started again and the job it had is judged again; the third time the job's verdict
    is `unjudged`. So is that of a job that was twice not done in `monitoring.timeout` seconds: the one
    verdict that a clock decides.

    A program that forks has the evaluator in both processes: the child starts a process of its own for the
    jobs that have no verdict yet. One that is not closed is closed when nothing refers to it any more, and
    when the interpreter ends; when the program is killed, the process ends by itself.
    """

    def __init__(self, config: MonitoringConfig, task: str, clock: Clock = _no_clock) -> None:
        self._limit = config.queue_limit
        self._carrier = carrier = Carrier(config, task)
        self._full = full = Carrier(config, task)
        self._packer = Packer()
        self._clock = clock
        self.waited = 0.0
        self._end = weakref.finalize(self, _close, carrier, full)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """Has the process of verdicts started ahead of the first job."""
        self._carrier.start(warm=True)

    def submit(self, job: EvaluationJob) -> None:
        """Hands in a job; waits while too many have no verdict yet."""
        name, carrier = (job.key, job.window), self._carrier
        # Now: a job that cannot be sent is the caller's error, and later changes to it change nothing.
        content = self._packer.pack(job)
        with carrier.changed:
            self._wait_for(
                carrier,
                lambda: carrier.closed or name in carrier or len(carrier.unanswered) < self._limit,
            )
            if carrier.closed:
                raise _closed()
            if name not in carrier:
                carrier.take(name, content)

    def collect(self, key: str, window: int) -> Verdict:
        """Waits for the verdict; see `WindowEvaluator.collect`."""
        return self._collected(self._carrier, (key, window))

    def ready(self, key: str, window: int) -> bool:
        """Whether the verdict is there, or will never be."""
        with self._carrier.changed:
            return (key, window) not in self._carrier.unanswered

    def begin_full(self, job: EvaluationJob) -> None:
        """Hands in a window for a full report; see `FullReporter.begin_full`."""
        name, content = (job.key, job.window), self._packer.pack(job)
        with self._full.changed:
            if self._full.closed:
                raise _closed()
            if name not in self._full:
                self._full.take(name, content)

    def full(self, key: str, window: int, *, wait: bool) -> bytes | None:
        """The full report; see `FullReporter.full`."""
        name, carrier = (key, window), self._full
        with carrier.changed:
            if not wait and (carrier.closed or name in carrier.unanswered):
                return None
        return self._collected(carrier, name).snapshot

    def close(self) -> None:
        """Kills the processes, which hold nothing that could not be computed again."""
        self._end()

    def _collected(self, carrier: Carrier, name: _Id) -> Verdict:
        """Waits for what was handed in, and forgets it."""
        with carrier.changed:
            self._wait_for(carrier, lambda: carrier.closed or name not in carrier.unanswered)
            if carrier.closed:
                raise _closed()
            if name not in carrier.verdicts:
                raise _not_submitted(*name)
            return carrier.verdicts.pop(name)

    def _wait_for(self, carrier: Carrier, ready: Callable[[], bool]) -> None:
        if not ready():
            carrier.start()
            began = self._clock()
            carrier.changed.wait_for(ready)
            self.waited += self._clock() - began


def _close(*carriers: Carrier) -> None:
    for carrier in carriers:
        carrier.close()
