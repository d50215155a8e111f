"""Puts the records of several partitions into one order, by event time, the same whenever they are read again.

Of the next record of each partition the earliest goes first; on a tie the topic, the partition and the offset
decide. So it needs the next record of every partition. Where a partition has more to give, it is waited for.
One that has been read to its end does not hold up the others for ever: a record also goes when the newest event
time seen is more than `bound` seconds later than its own.

The order is the same in a replay as long as no record is put into its topic more than `bound` seconds of event
time after a later one of another partition.
"""

from dataclasses import dataclass, field
from collections import deque
from collections.abc import Hashable
from math import inf
from typing import Generic, TypeVar

T = TypeVar("T")
P = TypeVar("P", bound=Hashable)


@dataclass(slots=True)
class _Queue(Generic[T]):
    """Records of a partition that wait, and whether it has been read to its end."""

    waiting: deque[tuple[float, T]] = field(default_factory=deque)
    ended: bool = False


class Order(Generic[P, T]):
    """Holds records back until it is their turn.

    Args:
        partitions: All of them, in the order that decides ties.
        bound: Seconds of event time.
    """

    def __init__(self, partitions: list[P], bound: float) -> None:
        self._queues: dict[P, _Queue[T]] = {partition: _Queue() for partition in partitions}
        self._bound = bound
        self._newest = -inf
        self.held = 0

    def put(self, partition: P, time: float, record: T) -> None:
        """A record was read; its partition is not at its end any more."""
        queue = self._queues[partition]
        queue.ended = False
        queue.waiting.append((time, record))
        self._newest = max(self._newest, time)
        self.held += 1

    def end(self, partition: P) -> None:
        """A partition was read to its end."""
        self._queues[partition].ended = True

    def wanting(self) -> list[P]:
        """Partitions that must be read on before the next record can go."""
        return [p for p, queue in self._queues.items() if not queue.waiting and not queue.ended]

    def take(self, limit: int, *, idle: bool = False) -> list[tuple[P, T]]:
        """The next records, at most so many, as far as it is their turn; all that wait when nothing comes."""
        taken: list[tuple[P, T]] = []
        while len(taken) < limit:
            heads = [(q.waiting[0][0], n, p) for n, (p, q) in enumerate(self._queues.items()) if q.waiting]
            if not heads:
                break
            time, _, partition = min(heads)
            whole = len(heads) == len(self._queues)
            due = not self.wanting() and (idle or self._newest - time > self._bound)
            if not whole and not due:
                break
            taken.append((partition, self._queues[partition].waiting.popleft()[1]))
            self.held -= 1
        return taken
