"""Which of Evidently's reports a run keeps; the lines of `reports.jsonl` all stay."""

from collections import deque
from collections.abc import Iterable
from pathlib import PurePosixPath

KeptReport = tuple[str, float]
"""A report's path, and the event time at which its window ended."""


class Retention:
    """The reports that a model key keeps: the newest so many, and none that is too old.

    Age is event time, measured from the end of the newest window; so a replay removes the same files.

    >>> kept = Retention(count=2, seconds=None)
    >>> [name for number in range(4) for name in kept.add(f"reports/main-{number}.json", float(number))]
    ['reports/main-0.json', 'reports/main-1.json']

    Args:
        count: How many are kept.
        seconds: How old they may become; `None` for any age.
        kept: Those of a snapshot.
    """

    def __init__(self, count: int, seconds: float | None, kept: Iterable[KeptReport] = ()) -> None:
        self._count = count
        self._seconds = seconds
        self._kept = deque(kept)

    def __contains__(self, path: str) -> bool:
        return any(path == kept for kept, _ in self._kept)

    def add(self, path: str, end: float) -> list[str]:
        """Takes a new report; returns the paths of those that must go."""
        self._kept.append((path, end))
        expired = []
        while len(self._kept) > self._count or self._too_old(end):
            expired.append(self._kept.popleft()[0])
        return expired

    def _too_old(self, now: float) -> bool:
        return self._seconds is not None and now - self._kept[0][1] > self._seconds

    def state(self) -> tuple[KeptReport, ...]:
        """What a snapshot keeps."""
        return tuple(self._kept)


def removals(path: str) -> tuple[str, str]:
    """The files to remove when a report goes: its own, and the page that was drawn from it."""
    return path, str(PurePosixPath(path).with_suffix(".html"))
