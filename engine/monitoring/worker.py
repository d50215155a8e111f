"""The process that judges windows in the background: jobs come in, verdicts go out.

Run by `judges.BackgroundJudge` as `python -m engine.monitoring.worker`. A message is its length (8 bytes,
big-endian) and a pickle; the first one holds the configuration and the task, each later one a job. The
process ends when its input does, so also when whoever started it was killed.
"""

import os
import pickle
import signal
import struct
from typing import IO

from engine.monitoring.evidently import judge

_LENGTH = struct.Struct(">Q")


def send(stream: IO[bytes], content: bytes) -> None:
    """Writes one message.

    Raises:
        OSError: When the other end is gone.
    """
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Reads one message.

    Raises:
        EOFError: When the stream ends before the message does.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError(f"expected {length} bytes, got {len(content)}")
    return content


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
            # The pickles come from the process at the other end of the pipe, which started this one.
            config, task = pickle.loads(receive(jobs))  # noqa: S301
            while True:
                job = pickle.loads(receive(jobs))  # noqa: S301
                send(verdicts, pickle.dumps(judge(job, config, task)))
        except EOFError:
            return


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The parent died while a window was being judged; nobody waits for the verdict.
        os._exit(0)
