"""Which versions are kept of those that may go: a few, spaced further apart the older they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.rows import VersionRow


def most_crowded(windows: Sequence[int]) -> int:
    """The place of the one to drop: its neighbours are closest for its age.

    The newest and the oldest stay; of two or three, the newest do.

    Args:
        windows: In their order; some may be of one window.

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
    reason than that its window passed or that it was a shadow.

    Attributes:
        passed: The windows of those that may go, by name. A verdict comes a window late, so that a version
            may be added after one of a later window.
        stays: Names that must not.
    """

    passed: dict[str, int] = field(default_factory=dict)
    stays: set[str] = field(default_factory=set)
    targets: frozenset[str] = frozenset()

    def add(self, row: VersionRow) -> None:
        """Adds a version."""
        self.stays.add(row.parent)
        self.targets = frozenset(row.targets)
        if row.reason in {"passed", "served together"}:
            self.passed[row.name] = row.window

    def remove(self, name: str) -> None:
        """Removes a version."""
        self.passed.pop(name, None)

    def spare(self, keep: int) -> list[str]:
        """Those that need not stay when so many are kept; they leave the index."""
        dropped = []
        may = {
            name: window
            for name, window in self.passed.items()
            if name not in self.stays and name not in self.targets
        }
        names = sorted(may, key=may.__getitem__)
        while len(names) > keep:
            name = names.pop(most_crowded([may[one] for one in names]))
            del self.passed[name]
            dropped.append(name)
        return dropped


def index_of(rows: Iterable[VersionRow], removed: Iterable[str]) -> RetentionIndex:
    """The index of the versions in the log, without those whose bytes were removed."""
    index = RetentionIndex()
    for row in rows:
        index.add(row)
    for name in removed:
        index.remove(name)
    return index
