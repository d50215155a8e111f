"""The stream's event time: what is too old to wait any longer is measured against it."""

import math

_OF = 16
"""Records looked at: a wrong time is forgotten after so many."""

_State = tuple[float, int, tuple[float, int], tuple[float, int]]


class Clock:
    """A watermark: the third latest event time of the last 16 records, and never back.

    The latest time of all would do if every record told the truth. One that claims to come from the
    year 2100 would then expire everything that waits. A real leap in time is followed once three
    records agree on it; so event time lags the newest record by two.

    Attributes:
        now: Seconds since 1970; minus infinity until three records have come.

    >>> clock = Clock()
    >>> for time in [1.0, 2.0, 3.0, 9e9, 4.0, 5.0]: clock.tick(time)
    >>> clock.now
    4.0
    """

    __slots__ = ("_latest", "_latest_at", "_records", "_second", "_second_at", "now")

    def __init__(self) -> None:
        self.now = -math.inf
        self._records = 0
        self._latest, self._latest_at = -math.inf, 0
        self._second, self._second_at = -math.inf, 0

    @property
    def time(self) -> float:
        """Event time as results state it: `now`, and 0 until there is one."""
        return 0.0 if self.now == -math.inf else self.now

    def tick(self, time: float) -> None:
        """Takes the event time of one more record."""
        number = self._records + 1
        self._records = number
        if time <= self.now:
            return
        if number - self._latest_at >= _OF:
            self._latest, self._latest_at = self._second, self._second_at
            self._second = -math.inf
        if number - self._second_at >= _OF:
            self._second = -math.inf
        # Of the three latest the earliest is the new time, and the other two are kept.
        if time >= self._latest:
            third = self._second
            self._second, self._second_at = self._latest, self._latest_at
            self._latest, self._latest_at = time, number
        elif time >= self._second:
            third = self._second
            self._second, self._second_at = time, number
        else:
            third = time
        self.now = max(self.now, third)

    def state(self) -> _State:
        """What a snapshot keeps."""
        latest, second = (self._latest, self._latest_at), (self._second, self._second_at)
        return self.now, self._records, latest, second

    def restore(self, state: _State) -> None:
        """Goes on from a snapshot's state."""
        self.now, self._records, latest, second = state
        self._latest, self._latest_at = latest
        self._second, self._second_at = second
