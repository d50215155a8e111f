"""Who computes the verdicts: this process, or one of its own beside the stream."""

import atexit
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from engine.errors import EvaluatorError
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window
from engine.monitoring.types import EvaluationJob, Verdict
from engine.monitoring.worker.process import Process
from engine.monitoring.worker.protocol import Packed, Packer

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


Clock = Callable[[], float]


def _no_clock() -> float:
    return 0.0


def make_evaluator(config: MonitoringConfig, task: str, clock: Clock = _no_clock) -> WindowEvaluator:
    """The judge that the configuration asks for."""
    kind = InlineEvaluator if config.mode == "inline" else BackgroundEvaluator
    return kind(config, task, clock)


def _not_submitted(key: str, window: int) -> EvaluatorError:
    return EvaluatorError(f"key {key!r}, window {window}: no job was submitted, or its verdict was collected")


class InlineEvaluator:
    """Computes each verdict at once, in the caller's thread."""

    def __init__(self, config: MonitoringConfig, task: str, clock: Clock = _no_clock) -> None:
        self._config = config
        self._task = task
        self._verdicts: dict[_Id, Verdict] = {}
        self._closed = False
        self._clock = clock
        self.waited = 0.0

    def submit(self, job: EvaluationJob) -> None:
        """Judges the job, which takes as long as it takes."""
        if self._closed:
            raise EvaluatorError("the evaluator is closed")
        if (job.key, job.window) not in self._verdicts:
            began = self._clock()
            self._verdicts[job.key, job.window] = evaluate_window(job, self._config, self._task)
            self.waited += self._clock() - began

    def collect(self, key: str, window: int) -> Verdict:
        """The verdict; see `WindowEvaluator.collect`."""
        if self._closed:
            raise EvaluatorError("the evaluator is closed")
        try:
            return self._verdicts.pop((key, window))
        except KeyError:
            raise _not_submitted(key, window) from None

    def close(self) -> None:
        """Forgets everything."""
        self._closed = True
        self._verdicts.clear()


class BackgroundEvaluator:
    """Has verdicts computed by a process of its own, started with the first job.

    A thread carries one job at a time to the process and its verdict back, so neither a long report nor a
    full pipe holds up the caller. The caller waits in `submit` only while `queue_limit` jobs have no
    verdict yet, and that never depends on what the caller itself collects. A process that dies is started
    again and the job it had is judged again; the third time the job's verdict is `unjudged`. So is that of
    a job that was twice not done in `monitoring.timeout` seconds: the one verdict that a clock decides.
    """

    def __init__(self, config: MonitoringConfig, task: str, clock: Clock = _no_clock) -> None:
        self._limit = config.queue_limit
        self._process = Process(config, task)
        self._packer = Packer()
        self._changed = threading.Condition()
        self._waiting: deque[tuple[_Id, Packed]] = deque()
        self._known: set[_Id] = set()
        self._verdicts: dict[_Id, Verdict] = {}
        self._closed = False
        self._warm = False
        self._thread: threading.Thread | None = None
        self._clock = clock
        self.waited = 0.0

    def warm(self) -> None:
        """Has the process started and Evidently imported, which takes seconds, ahead of the first job."""
        with self._changed:
            if not self._closed and self._thread is None:
                self._warm = True
                self._start_thread()

    def submit(self, job: EvaluationJob) -> None:
        """Hands in a job; waits while too many have no verdict yet."""
        name = (job.key, job.window)
        # Now: a job that cannot be sent is the caller's error, and later changes to it change nothing.
        content = self._packer.pack(job)
        with self._changed:
            self._wait_for(lambda: self._closed or name in self._known or len(self._waiting) < self._limit)
            if self._closed:
                raise EvaluatorError("the evaluator is closed")
            if name in self._known:
                return
            self._known.add(name)
            self._waiting.append((name, content))
            self._start_thread()
            self._changed.notify_all()

    def collect(self, key: str, window: int) -> Verdict:
        """Waits for the verdict; see `WindowEvaluator.collect`."""
        name = (key, window)
        with self._changed:
            self._wait_for(lambda: self._closed or name in self._verdicts or name not in self._known)
            if self._closed:
                raise EvaluatorError("the evaluator is closed")
            if name not in self._known:
                raise _not_submitted(key, window)
            self._known.remove(name)
            return self._verdicts.pop(name)

    def close(self) -> None:
        """Kills the process, which holds nothing that could not be computed again."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._process.close()
        if self._thread is not None:
            self._thread.join()
            atexit.unregister(self.close)
        self._waiting.clear()
        self._verdicts.clear()

    def _wait_for(self, ready: Callable[[], bool]) -> None:
        if not ready():
            began = self._clock()
            self._changed.wait_for(ready)
            self.waited += self._clock() - began

    def _start_thread(self) -> None:
        if self._thread is None:
            # A daemon: an interpreter that ends without close() does not wait for it; atexit then closes.
            self._thread = threading.Thread(target=self._carry, name="evaluator", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def _carry(self) -> None:
        """The thread: carries jobs until the judge is closed."""
        try:
            if self._warm:
                self._process.warm()
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._waiting)
                    if self._closed:
                        return
                    name, content = self._waiting[0]
                verdict = self._process.judged(name[1], content)
                with self._changed:
                    if self._closed:
                        return
                    # Only now, so that the job being judged counts towards the limit.
                    self._waiting.popleft()
                    self._verdicts[name] = verdict
                    self._changed.notify_all()
        finally:
            self._process.end()
