"""One call at a time: what an engine that is used wrongly says, instead of going on with half of a change."""

from collections.abc import Iterable, Mapping
from threading import Lock, get_ident
from typing import TypeVar

from engine.errors import UsageError
from engine.records.values import Example, Label, Unreadable, shown

T = TypeVar("T")

_ONE = (Example, Label, Unreadable, Mapping, str, bytes, bytearray, memoryview)


class CallLock:
    """Lets in one call at a time; a context manager around each.

    It does not wait: which of two threads comes first would decide what the models learn first, and the
    program that has the threads alone can say what is right.

    Args:
        key: The model key of the engine, for messages.

    Attributes:
        closed: Whether calls are refused for good.
    """

    __slots__ = ("_holder", "_key", "_lock", "closed")

    def __init__(self, key: str) -> None:
        self._key, self._holder, self.closed = key, 0, False
        self._lock = Lock()

    def __enter__(self) -> None:
        """Begins a call.

        Raises:
            UsageError: When another call has not ended, or the engine is closed.
        """
        if self.closed:
            raise UsageError(
                f"engine {self._key!r} is closed. Its snapshot() is still to be had: "
                "Engine.restore(engine.snapshot(), config) goes on from there."
            )
        if not self._lock.acquire(False):
            raise UsageError(f"engine {self._key!r} {self._reason()}")
        self._holder = get_ident()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def acquire(self) -> None:
        """Begins a call that a closed engine answers, too."""
        if not self._lock.acquire(blocking=False):
            raise UsageError(f"engine {self._key!r} {self._reason()}")
        self._holder = get_ident()

    def release(self) -> None:
        """Ends a call."""
        self._lock.release()

    def _reason(self) -> str:
        if self._holder == get_ident():
            return (
                "is called from within a call of its own, by a model, a metric or an evaluator that it was "
                "given. Call it when that call has returned."
            )
        return (
            "is in use by another thread, or was when this process was forked. Put a lock around every call, "
            "give each engine one thread, or each thread engines of its own."
        )


def drained(records: Iterable[T]) -> list[T]:
    """All records, before the first is taken: an iterator that raises leaves the engine as it was.

    Raises:
        UsageError: When it is a single record, or nothing to iterate over.
    """
    if hasattr(records, "__next__"):  # nearly always, and the other checks take longer
        return list(records)
    if isinstance(records, _ONE) or not isinstance(records, Iterable):
        got = type(records).__name__ if isinstance(records, _ONE) else shown(records)
        raise UsageError(
            f"process: expected a list of records, or something else to iterate over; got {got}. "
            "For one record write process([record])."
        )
    return list(records)
