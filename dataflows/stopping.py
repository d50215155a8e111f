"""A wish to stop (Ctrl-C, or SIGTERM from whatever runs the process), heard between two batches.

Bytewax takes no last snapshot when it is interrupted. So the source ends instead, as if its input had, and
what ends an input (the summary, the last version) is left out: nothing is lost, and nothing is done twice
when the same command goes on. A second signal stops at once.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_wanted = False


def wanted() -> bool:
    """Whether the flow of this process is to stop."""
    return _wanted


@contextmanager
def listening() -> Iterator[None]:
    """Hears signals until the end of the block; only in the main thread."""
    global _wanted  # noqa: PLW0603 - signals are the process's
    _wanted = False
    before = {number: signal.signal(number, _hear) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hear(number: int, _frame: FrameType | None) -> None:
    global _wanted  # noqa: PLW0603 - as above
    if _wanted:
        raise KeyboardInterrupt(signal.Signals(number).name)
    _wanted = True
