"""Predictions that wait for their label, oldest first, bounded by event time and by number."""

from collections import OrderedDict
from dataclasses import dataclass

from engine.learning.config import LabelsConfig
from engine.records.events import Output
from engine.records.values import Example, Target


@dataclass(slots=True)
class Held:
    """One prediction that waits.

    Attributes:
        sequence: The prediction's sequence number.
        example: Features as they were at prediction time.
        output: What the serving model put out.
        model: Who served.
        shadows: What each live shadow put out for the same features, by the shadow's name.
        last_label: The label scored last by then: what the baseline of no change said.
    """

    sequence: int
    example: Example
    output: Output | None
    model: str
    shadows: dict[str, Output | None] | None = None
    last_label: Target | None = None


class Waiting:
    """Holds predictions by id.

    The oldest is found in constant time: an `OrderedDict`, since a plain `dict` scans the slots of the
    entries deleted before its first one.
    """

    def __init__(self, config: LabelsConfig) -> None:
        self._config = config
        self._held: OrderedDict[str, Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def add(self, held: Held) -> None:
        """Holds a prediction whose id does not wait already."""
        self._held[held.example.id] = held

    def take(self, name: str) -> Held | None:
        """The prediction with this id, which stops waiting; `None` when none waits."""
        return self._held.pop(name, None)

    def expired(self, now: float) -> list[Held]:
        """Removes and returns what has waited too long at event time `now`, and what is over the bound.

        Order is that of arrival: an example that came late, behind a younger one, expires with it.
        """
        held = self._held
        if not held:
            return []
        gone = []
        limit = now - self._config.wait
        while held:
            oldest = next(iter(held.values()))
            if oldest.example.time >= limit and len(held) <= self._config.max_waiting:
                break
            gone.append(oldest)
            del held[oldest.example.id]
        return gone

    def all(self) -> list[Held]:
        """Everything that waits, oldest first."""
        return list(self._held.values())

    def state(self) -> list[Held]:
        """What a snapshot keeps."""
        return self.all()

    def restore(self, state: list[Held]) -> None:
        """Goes on from a snapshot's state."""
        self._held = OrderedDict((held.example.id, held) for held in state)
