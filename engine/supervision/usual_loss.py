"""The champion's usual loss: what differences are measured in, and never set by what is suspected."""

from msgspec import Struct, field
from msgspec.structs import replace

_FIRST, _FAR = 50, 20.0
"""After so many events a loss counts for so many mean ones at most: a fault must not set the scale."""

_SPREAD, _LARGEST_SPREAD = 0.01, 0.25
"""Bounds of what the square of a difference is expected to be."""


class MeanLoss(Struct, forbid_unknown_fields=True):
    """The mean loss over some labelled events, of which none counts for very many others."""

    events: int = 0
    mean: float = 0.0

    def add(self, loss: float) -> None:
        """Adds one event."""
        self.events += 1
        if self.events > _FIRST and loss > _FAR * self.mean > 0.0:
            loss = _FAR * self.mean
        self.mean += (loss - self.mean) / self.events


class UsualLoss(Struct, forbid_unknown_fields=True):
    """What the champion loses while it is not suspected.

    Attributes:
        now: Over all of that time, or what of it counts.
        closed: The same when the last window closed.
        passed: The same when the last window closed that did not fail.
    """

    now: MeanLoss = field(default_factory=MeanLoss)
    closed: MeanLoss | None = None
    passed: MeanLoss | None = None

    def close(self) -> None:
        """A window closes, whose verdict comes later."""
        self.closed = replace(self.now)

    def passes(self) -> None:
        """The last window that closed has not failed."""
        self.passed = self.closed

    def suspect(self) -> None:
        """The champion is suspected: what it lost since the last window that did not fail does not count."""
        if self.passed is not None:
            self.now = replace(self.passed)

    def scale(self, *, bounded: bool) -> float:
        """What a difference in loss counts in: without a bound of its own, three times the usual error."""
        return 1.0 if bounded else 3.0 * self.now.mean or 1.0

    def spread(self, *, bounded: bool) -> float:
        """What the square of a difference is expected to be: of losses that are rarely large, little."""
        if not bounded or not self.now.events:
            return _LARGEST_SPREAD
        return min(max(self.now.mean, _SPREAD), _LARGEST_SPREAD)
