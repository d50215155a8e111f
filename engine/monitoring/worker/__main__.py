"""The process that judges windows in the background: jobs come in, verdicts go out.

Run by `process.Process` as `python -m engine.monitoring.worker`. Of the messages (`protocol`) the first holds
the configuration and the task, each later one a job, or none: get ready for one. The process ends when its
input does, so also when the process that started it was killed.
"""

import os
import signal
from typing import IO

from msgspec import msgpack

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window, warm
from engine.monitoring.types import Table
from engine.monitoring.worker.protocol import Packed, RecentlyUsed, encoded, receive, send


def _own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes, moved away from the standard streams: what a library prints goes to standard error."""
    jobs, verdicts = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return jobs, verdicts


def main() -> None:
    """Judges until the input ends."""
    # Control-C goes to the whole group; it is for the parent to say when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs, verdicts = _own_pipes()
    with jobs, verdicts:
        try:
            given, task = msgpack.decode(receive(jobs), type=tuple[str, str])
            config = MonitoringConfig.model_validate_json(given)
            kept: RecentlyUsed[Table] = RecentlyUsed()
            while True:
                packed = msgpack.decode(receive(jobs), type=Packed | None)
                if packed is None:
                    warm(config)
                    continue
                send(verdicts, encoded(evaluate_window(packed.unpacked(kept), config, task)))
        except EOFError:
            return


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The parent died during an evaluation; no caller waits for the verdict.
        os._exit(0)
