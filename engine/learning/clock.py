"""The stream's event time: what is too old to wait any longer is measured against it."""

import math

_LATEST = 3
"""Event time is that of the third latest record, so two records with a wrong time cannot move it."""

_OF = 16
"""Records looked at: a wrong time is forgotten after so many."""


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

    __slots__ = ("_ahead", "_records", "now")

    def __init__(self) -> None:
        self.now = -math.inf
        self._records = 0
        self._ahead: list[tuple[float, int]] = []

    def tick(self, time: float) -> None:
        """Takes the event time of one more record."""
        self._records += 1
        if time <= self.now:
            return
        oldest = self._records - _OF
        # Mostly two of them: only what is later than `now` can move it.
        ahead = [entry for entry in self._ahead if entry[1] > oldest]
        ahead.append((time, self._records))
        if len(ahead) >= _LATEST:
            self.now = sorted(ahead)[-_LATEST][0]
            ahead = [entry for entry in ahead if entry[0] > self.now]
        self._ahead = ahead

    @property
    def time(self) -> float:
        """Event time as results state it: `now`, and 0 until there is one."""
        return 0.0 if self.now == -math.inf else self.now

    def state(self) -> tuple[float, int, list[tuple[float, int]]]:
        """What a snapshot keeps."""
        return self.now, self._records, self._ahead

    def restore(self, state: tuple[float, int, list[tuple[float, int]]]) -> None:
        """Goes on from a snapshot's state."""
        self.now, self._records, self._ahead = state
