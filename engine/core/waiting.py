"""What waits: predictions for their label, labels for their example, settled ones for a correction.

Each is kept by id, oldest first, bounded by event time and by number.
"""

import math
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from engine.records.events import Output
from engine.records.values import Example, Label, Target

_MOVES = 2
"""How often one call puts something back: if all were from the future, there would be no end to it."""


class Kept(Protocol):
    """Anything that waits from some event time on."""

    @property
    def since(self) -> float:
        """Seconds since 1970."""


class PendingPrediction(Struct, gc=False):
    """One prediction that waits.

    Attributes:
        since: Event time from which it waits, seconds since 1970.
        sequence: The prediction's sequence number.
        example: Features as they were at prediction time.
        output: What the serving model put out.
        model: Who served.
        shadows: What each live shadow and challenger put out for the same features, by its name.
        last_label: The label scored last by then: what the baseline of no change said.
    """

    since: float
    sequence: int
    example: Example
    output: Output | None
    model: str
    shadows: dict[str, Output | None] | None = None
    last_label: Target | None = None


class EarlyLabel(Struct, frozen=True, gc=False):
    """A label that came before its example."""

    since: float
    label: Label


class ResolvedPrediction(Struct, gc=False):
    """A prediction that has had its outcome.

    Attributes:
        since: Event time of the outcome.
        label: Its label; `None` when it expired without one.
        loss: Of the served output on that label, where there is one.
        held: The prediction, kept only where a later label is learned.
    """

    since: float
    label: Target | None
    loss: float | None = None
    held: PendingPrediction | None = None


KeptT = TypeVar("KeptT", bound=Kept)


class Waiting(Generic[KeptT]):
    """Holds what waits, by id, at most so many seconds of event time and at most so many.

    The oldest is found in constant time: an `OrderedDict`, since a plain `dict` scans the slots of the
    entries deleted before its first one.

    Attributes:
        held: What waits, by id, in the order in which it came. Only this class changes it.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self.held: OrderedDict[str, KeptT] = OrderedDict()

    def __len__(self) -> int:
        return len(self.held)

    def __contains__(self, name: str) -> bool:
        return name in self.held

    def add(self, name: str, kept: KeptT) -> None:
        """Holds something whose id does not wait already."""
        self.held[name] = kept

    def get(self, name: str) -> KeptT | None:
        """What waits under this id, and goes on waiting."""
        return self.held.get(name)

    def take(self, name: str) -> KeptT | None:
        """What waits under this id, which stops waiting; `None` when nothing does."""
        return self.held.pop(name, None)

    def expired(self, now: float) -> list[KeptT]:
        """Removes and returns what has waited too long at event time `now`, and what is over the bound.

        Order is that of arrival: what came late, behind something younger, expires with it. Only what
        claims to come from far in the future (more than a whole wait ahead) goes back to the end, so that
        the others need not wait for it.
        """
        held = self.held
        if not held:
            return []
        earliest, latest = now - self._seconds, now + self._seconds
        oldest = next(iter(held.values()))
        if earliest <= oldest.since <= latest and len(held) <= self._most:
            return []  # nearly always, so it is asked first
        gone: list[KeptT] = []
        moved = 0
        while held:
            name, oldest = next(iter(held.items()))
            if len(held) <= self._most:
                if oldest.since > latest > -math.inf and moved < _MOVES:
                    held.move_to_end(name)
                    moved += 1
                    continue
                if oldest.since >= earliest:
                    break
            gone.append(oldest)
            del held[name]
        return gone

    def all(self) -> list[KeptT]:
        """Everything that waits, oldest first."""
        return list(self.held.values())

    def state(self) -> list[tuple[str, KeptT]]:
        """What a snapshot keeps."""
        return list(self.held.items())

    def restore(self, state: list[tuple[str, KeptT]]) -> None:
        """Goes on from a snapshot's state."""
        self.held = OrderedDict(state)
