"""Which versions of windows that passed are kept: a few, spaced further apart the older they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


def most_crowded(windows: Sequence[int]) -> int:
    """The place of the one to drop: its neighbours are closest for its age.

    The newest and the oldest stay; of two or three, the newest do.

    >>> most_crowded([0, 8, 15, 18, 19, 20])
    4
    """
    if len(windows) <= 3:
        return 0
    now = windows[-1] + 1

    def crowding(i: int) -> float:
        return (windows[i + 1] - windows[i - 1]) / (now - windows[i])

    return min(range(1, len(windows) - 1), key=crowding)


@dataclass(slots=True)
class RetentionIndex:
    """The versions of one run and key whose bytes are there.

    What served, what took over and what could take over stay, and so does whatever was kept for another
    reason than that its window passed.

    Attributes:
        passed: The windows of those that may go, by name, in order.
        stays: Names that must not.
    """

    passed: dict[str, int] = field(default_factory=dict)
    stays: set[str] = field(default_factory=set)
    targets: frozenset[str] = frozenset()

    def add(self, row: dict[str, Any]) -> None:
        """One more version is there; `row` is what `Version.row` says of it."""
        self.stays.add(row["parent"])
        self.targets = frozenset(row["targets"])
        if row["reason"] == "passed":
            self.passed[row["name"]] = row["window"]

    def remove(self, name: str) -> None:
        """It is gone."""
        self.passed.pop(name, None)

    def spare(self, keep: int) -> list[str]:
        """Those that need not stay when so many are kept; they are gone from the shelf."""
        gone = []
        may = {
            name: window
            for name, window in self.passed.items()
            if name not in self.stays and name not in self.targets
        }
        while len(may) > keep:
            name = [*may][most_crowded([*may.values()])]
            del may[name], self.passed[name]
            gone.append(name)
        return gone


def shelf_of(rows: Iterable[dict[str, Any]], removed: Iterable[str]) -> RetentionIndex:
    """The shelf that the log tells of."""
    shelf = RetentionIndex()
    for row in rows:
        shelf.add(row)
    for name in removed:
        shelf.remove(name)
    return shelf
