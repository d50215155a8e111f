"""Entries that wait, by id: predictions for a label, labels for an example, resolved ones for a correction.

They are kept oldest first, bounded by event time and by number.
"""

import math
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from engine.records.events import Output, Strange
from engine.records.values import Example, Label, Target

_MOVES = 2
"""Entries that one call moves to the end: if all were from the future, it would never stop."""


class Entry(Protocol):
    """Anything that waits from some event time on."""

    @property
    def since(self) -> float:
        """Seconds since 1970."""


class PendingPrediction(Struct, gc=False):
    """A prediction without a label.

    Attributes:
        since: Event time from which it waits, seconds since 1970.
        sequence: The prediction's sequence number.
        example: Features as they were at prediction time.
        output: What was served.
        model: Name of the serving model.
        shadows: Outputs of live shadows and challengers for the same features, by name; and of the serving
            model, where several served together.
        last_label: The label scored last by then: the prediction of the no-change baseline.
        strange: What the input guard found in the example, if anything.
    """

    since: float
    sequence: int
    example: Example
    output: Output | None
    model: str
    shadows: dict[str, Output | None] | None = None
    last_label: Target | None = None
    strange: Strange | None = None


class EarlyLabel(Struct, frozen=True, gc=False):
    """A label that came before its example."""

    since: float
    label: Label


class ResolvedPrediction(Struct, gc=False):
    """A prediction with its outcome.

    Attributes:
        since: Event time of the outcome.
        label: Its label; `None` when it expired without one.
        loss: Loss of the served output on that label, where there is one.
        pending: The prediction, kept only where a later label is learned.
    """

    since: float
    label: Target | None
    loss: float | None = None
    pending: PendingPrediction | None = None


EntryT = TypeVar("EntryT", bound=Entry)


class Waiting(Generic[EntryT]):
    """Entries by id, bounded by event time and by number.

    The oldest is found in constant time: an `OrderedDict`, since a plain `dict` scans the slots of the
    entries deleted before its first one.

    Args:
        seconds: Event time that an entry waits at most.
        most: Number of entries.

    Attributes:
        entries: By id, in the order of arrival. Only this class changes it.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self.entries: OrderedDict[str, EntryT] = OrderedDict()

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def add(self, name: str, entry: EntryT) -> None:
        """Adds an entry, whose id must be new."""
        self.entries[name] = entry

    def get(self, name: str) -> EntryT | None:
        """The entry of this id, which stays."""
        return self.entries.get(name)

    def take(self, name: str) -> EntryT | None:
        """Removes and returns the entry of this id; `None` when there is none."""
        return self.entries.pop(name, None)

    def expired(self, now: float) -> list[EntryT]:
        """Removes and returns entries that are too old at event time `now`, and those beyond the bound.

        The order is that of arrival: an entry that arrived behind a younger one expires with it. Only one
        that claims to be far in the future (more than a whole wait ahead) moves to the end, so that the
        others do not wait for it.
        """
        entries = self.entries
        if not entries:
            return []
        earliest, latest = now - self._seconds, now + self._seconds
        oldest = next(iter(entries.values()))
        if earliest <= oldest.since <= latest and len(entries) <= self._most:
            return []  # nearly always, so it is checked first
        expired: list[EntryT] = []
        moved = 0
        while entries:
            name, oldest = next(iter(entries.items()))
            if len(entries) <= self._most:
                if oldest.since > latest > -math.inf and moved < _MOVES:
                    entries.move_to_end(name)
                    moved += 1
                    continue
                if oldest.since >= earliest:
                    break
            expired.append(oldest)
            del entries[name]
        return expired

    def all(self) -> list[EntryT]:
        """Every entry, oldest first."""
        return list(self.entries.values())

    def state(self) -> list[tuple[str, EntryT]]:
        """What a snapshot keeps."""
        return list(self.entries.items())

    def restore(self, state: list[tuple[str, EntryT]]) -> None:
        """Goes on from a snapshot's state."""
        self.entries = OrderedDict(state)
