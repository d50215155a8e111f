"""What comes out of Bytewax when it fails, as one error of ours."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from dataflows.escape import visible_lines
from engine.errors import OutputError, RiverkeeperError, RunError, StoppedError
from engine.secrecy import hidden

_REFUSED = re.compile(r'SqliteFailure\(.*Some\("(.*?)"\)\)', re.DOTALL)
"""What Bytewax says when the database of its recovery store refuses."""

_NO_NETWORK = re.compile(r"failed to initialize networking: (.*)")
"""What Bytewax says when an address cannot be resolved, or listened at."""


@contextmanager
def ours_only() -> Iterator[None]:
    """Bytewax panics and wraps what an operator raises; a user is to see our own message alone.

    What is written to standard error meanwhile is held back, and shown unless the error is one of ours.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with _temporary() as held:
        os.dup2(held.fileno(), 2)
        show = True
        try:
            yield
        except BaseException as error:
            ours = _ours_behind(error)
            if ours is None:
                raise
            show = False
            raise ours from None
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            if show:
                said = held.read().decode(errors="backslashreplace")
                sys.stderr.write(visible_lines(hidden(said)))
                sys.stderr.flush()


def _ours_behind(error: BaseException) -> RiverkeeperError | None:
    """The first of our errors among an error and its causes.

    The user's wish to stop is one too, and so is a recovery store that Bytewax cannot write.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RiverkeeperError):
            return cause
        if isinstance(cause, KeyboardInterrupt):
            return StoppedError("stopped at once; with --recovery the same command goes on")
        if isinstance(cause, RuntimeError) and (failed := _NO_NETWORK.search(str(cause))):
            return RunError(f"--addresses: the processes cannot be connected: {failed[1]}")
        if refused := _REFUSED.search(str(cause)):
            return OutputError(
                f"--recovery: the store cannot be written: {refused[1]}; see to space and rights, then the "
                f"same command goes on"
            )
        cause = cause.__cause__ or cause.__context__
    return None


def _temporary() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise OutputError(
            "temporary files: there is no folder that they can be written to; name one in TMPDIR"
        ) from error
