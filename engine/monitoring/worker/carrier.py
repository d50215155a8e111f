"""The thread that carries jobs to the process, and what it shares with the evaluator's callers.

It knows no evaluator, so that it does not keep one alive that nobody else refers to.
"""

import os
import threading
import weakref
from queue import SimpleQueue

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.types import Verdict
from engine.monitoring.worker.process import Process
from engine.monitoring.worker.protocol import Packed

_Id = tuple[str, int]


class Carrier:
    """Carries one job at a time to the process, and its verdict back.

    Attributes:
        changed: To be held for whatever follows, and notified when it changes.
        unanswered: Jobs without a verdict, in the order in which they came.
        verdicts: Verdicts that were not collected.
        closed: Whether there will be no more verdicts.
    """

    def __init__(self, config: MonitoringConfig, task: str) -> None:
        self._config, self._task = config, task
        self.unanswered: dict[_Id, Packed] = {}
        self.verdicts: dict[_Id, Verdict] = {}
        self.closed = False
        self._warm = False
        self._begin()
        _LIVE.add(self)

    def _begin(self) -> None:
        self.changed = threading.Condition()
        self._process = Process(self._config, self._task)
        self._thread: threading.Thread | None = None
        # Not a condition: a finalizer may run inside this thread, between its look and its sleep.
        self._jobs: SimpleQueue[_Id | None] = SimpleQueue()
        for name in self.unanswered:
            self._jobs.put(name)

    def __contains__(self, name: _Id) -> bool:
        return name in self.unanswered or name in self.verdicts

    def take(self, name: _Id, job: Packed) -> None:
        """Has a job judged; `changed` is held."""
        self.unanswered[name] = job
        self._jobs.put(name)
        self.start()

    def start(self, *, warm: bool = False) -> None:
        """Starts the thread, and with `warm` the process before there is a job."""
        with self.changed:
            if self.closed or self._thread is not None:
                return
            self._warm = warm
            # A daemon: an interpreter that ends does not wait for it, and closes it when it finalizes.
            self._thread = threading.Thread(target=self._carry, name="evaluator", daemon=True)
            self._thread.start()

    def _carry(self) -> None:
        """The thread: carries jobs until it is closed."""
        try:
            if self._warm:
                self._process.warm()
            while (name := self._jobs.get()) is not None:
                verdict = self._process.judged(name[1], self.unanswered[name])
                with self.changed:
                    if self.closed:
                        return
                    # In this order: a fork in between has it twice, and not lost.
                    self.verdicts[name] = verdict
                    del self.unanswered[name]
                    self.changed.notify_all()
        finally:
            self._process.end()

    def close(self) -> None:
        """Kills the process and ends the thread; jobs and verdicts are lost."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self._jobs.put(None)
        self._process.close()
        # A finalizer may run in any thread, also in this one, which then still looks at its job.
        if self._thread is threading.current_thread():
            return
        if self._thread is not None:
            self._thread.join()
        self.unanswered.clear()
        self.verdicts.clear()

    def forked(self) -> None:
        """In a forked child: thread, locks and process are the parent's, and the child gets its own."""
        self._process.disown()
        for name in self.verdicts:
            self.unanswered.pop(name, None)
        self._begin()


_LIVE: "weakref.WeakSet[Carrier]" = weakref.WeakSet()


def _forked() -> None:
    for carrier in list(_LIVE):
        carrier.forked()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_forked)
