"""The stream's event time: what is too old to wait any longer is measured against it."""

import math
from collections import deque

_OF = 16
"""Records looked at."""


class Clock:
    """The third latest event time of the last 16 records.

    The latest time of all would do if every record were right. One that claims to come from the
    year 2100 would then expire everything that waits, and everything that came after it. So three of
    sixteen records must agree on a leap, and event time lags the newest record by two. It goes back when the
    stream does: when a burst of wrong times is over, or an old stretch is replayed.

    Attributes:
        now: Seconds since 1970; minus infinity until three records have come.

    >>> clock = Clock()
    >>> for time in [1.0, 2.0, 3.0, 9e9, 4.0, 5.0]: clock.tick(time)
    >>> clock.now
    4.0
    """

    __slots__ = ("_latest", "_recent", "_second", "now")

    def __init__(self) -> None:
        self.now = -math.inf
        self._second = -math.inf
        self._latest = -math.inf
        self._recent: deque[float] = deque(maxlen=_OF)

    @property
    def time(self) -> float:
        """Event time as results state it: `now`, and 0 until there is one."""
        return 0.0 if self.now == -math.inf else self.now

    def tick(self, time: float) -> None:
        """Takes the event time of one more record."""
        recent = self._recent
        oldest = recent[0] if len(recent) == _OF else -math.inf
        recent.append(time)
        if oldest >= self.now:  # one of the three latest has left, or there are no three yet
            self._recount()
        elif time >= self._latest:  # the most frequent case
            self.now, self._second, self._latest = self._second, self._latest, time
        elif time > self.now:
            self.now, self._second = sorted((time, self._second))

    def _recount(self) -> None:
        if len(self._recent) >= 3:
            self.now, self._second, self._latest = sorted(self._recent)[-3:]

    def state(self) -> tuple[float, ...]:
        """What a snapshot keeps."""
        return tuple(self._recent)

    def restore(self, state: tuple[float, ...]) -> None:
        """Goes on from a snapshot's state."""
        self._recent = deque(state, maxlen=_OF)
        self._recount()
