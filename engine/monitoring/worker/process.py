"""The process beside the stream that judges windows, as its parent sees it.

It does not come from `multiprocessing`, whose processes import the caller's `__main__` again, which runs a
script that has no guard against it.
"""

import contextlib
import subprocess
import threading
from typing import IO

from msgspec import msgpack

from engine import child_process
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.types import Verdict
from engine.monitoring.worker.protocol import Packed, RecentlyUsed, encoded, receive, send

_MOST_TRIES = 3
_MOST_LATE = 2


class Process:
    """Judges one window at a time; started with the first, again when it died, and killed when it hangs.

    All methods are for one thread, but `close`, which is for any.
    """

    def __init__(self, config: MonitoringConfig, task: str) -> None:
        self._config = config
        self._task = task
        # A finalizer may close it inside any of these methods.
        self._lock = threading.RLock()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._there: RecentlyUsed[None] = RecentlyUsed()

    def judged(self, window: int, job: Packed) -> Verdict:
        """The verdict; `unjudged` when the process died thrice over it, or was twice too late."""
        reason = "the judge was closed"
        late = 0
        for _ in range(_MOST_TRIES):
            overdue = threading.Event()
            try:
                process = self._running()
                if process is None:
                    break
                return self._exchange(process, job, overdue)
            except Exception as error:  # noqa: BLE001 - a thread that ended would leave collect() waiting
                status = self.end()
                late += overdue.is_set()
                if late == _MOST_LATE:
                    reason = f"no report within {self._config.timeout:g} s (monitoring.timeout), tried twice"
                    break
                reason = (
                    f"the process that judges failed {_MOST_TRIES} times on this window: "
                    f"{type(error).__name__}, exit status {status}"
                )
        return Verdict(window, "unjudged", reason, (), {}, b"")

    def warm(self) -> None:
        """Starts the process and has it import Evidently, before there is anything to judge."""
        # A process that cannot be started is found out by the first window.
        with contextlib.suppress(Exception):
            process = self._running()
            if process is not None:
                send(_pipe(process.stdin), encoded(None))

    def _exchange(self, process: "subprocess.Popen[bytes]", job: Packed, overdue: threading.Event) -> Verdict:
        def kill() -> None:
            overdue.set()
            process.kill()

        clock = threading.Timer(self._config.timeout, kill)
        clock.daemon = True
        clock.start()
        try:
            send(_pipe(process.stdin), encoded(job.without(self._there)))
            verdict = msgpack.decode(receive(_pipe(process.stdout)), type=Verdict)
        finally:
            clock.cancel()
        return verdict

    def _running(self) -> "subprocess.Popen[bytes] | None":
        """The process, started when there is none; `None` when it is closed for good."""
        with self._lock:
            if self._closed:
                return None
            if self._process is not None:
                return self._process
            self._process = process = _start()
            self._there = RecentlyUsed()
        send(_pipe(process.stdin), encoded((self._config.model_dump_json(), self._task)))
        return process

    def end(self) -> int | None:
        """Kills the process if there is one, waits for it and closes its pipes; its exit status."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            _pipe(pipe).close()
        return process.wait()

    def disown(self) -> None:
        """In a forked child: the process is the parent's, which alone holds its pipes and ends it."""
        process, self._process = self._process, None
        if process is not None:
            process.returncode = 0
            _pipe(process.stdin).close()
            _pipe(process.stdout).close()

    def close(self) -> None:
        """Kills the process and starts no other; callers that wait for it get an error."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()


def _start() -> "subprocess.Popen[bytes]":
    """Starts it with a fixed seed of hashes: Evidently's presets list categories in the order of a set."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        child_process.command("engine.monitoring.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,  # a buffer has a lock, which a fork may leave locked for ever
        env={"PYTHONHASHSEED": "0", **child_process.environment()},
    )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - narrows the type; both were asked for in _start
    return stream
