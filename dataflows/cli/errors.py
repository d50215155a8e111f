"""How a command that fails ends: a line on standard error and an exit status, without a traceback."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from dataflows.console import PlainConsole, styled
from dataflows.escape import visible_lines
from engine.errors import RiverkeeperError, StoppedError
from engine.secrecy import hidden

_MISTAKE, _INTERRUPTED = 2, 130


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Ends the process with status 2 and the message of an error that the user can mend.

    What the operating system refuses (a full disk, no permission) is such an error too, wherever it comes
    from. Interrupted, it ends with 130, as a shell would have it.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal in ASCII
    sys.excepthook = _trace
    try:
        yield
    except StoppedError as error:
        PlainConsole(stderr=True).print(hidden(str(error)), soft_wrap=True)
        sys.exit(0 if error.whole else _INTERRUPTED)
    except RiverkeeperError as error:
        _end(str(error))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except OSError as error:
        if error.errno is None:
            raise
        names = [
            os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)
        ]
        where = "".join(f"{name}: " for name in names)
        _end(f"{where}{error.strerror}")


def _trace(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Shows an error that is no user's mistake; its message may hold secrets, and text from data."""
    sys.stderr.write(visible_lines(hidden("".join(traceback.format_exception(kind, error, trace)))))


def _end(message: str) -> None:
    console = PlainConsole(stderr=True)
    for part in hidden(message).split("\n"):
        console.print(styled(("error:", "bold red"), f" {part}"), soft_wrap=True)
    sys.exit(_MISTAKE)
