"""Puts the records of several partitions into one order, by event time.

Of the next record of each partition the earliest goes first; on a tie the partition that is named first. So
the next record of every partition must be known. Where a partition has more to give, it is waited for. One
that has been read to its end for now holds a record up until another, `bound` seconds of event time later,
was seen, or for as long as the caller has patience.
"""

from collections import deque
from heapq import heapify, heappop, heappush, heapreplace
from math import inf
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class Order(Generic[T]):
    """Holds records back until it is their turn. Partitions are known by their numbers.

    >>> order = Order[str](bound=10.0)
    >>> examples, labels = order.add(), order.add()
    >>> order.put(examples, 5.0, 0.0, "example")
    >>> order.put(labels, 3.0, 0.1, "label")
    >>> order.take(9)
    [(1, 'label')]
    >>> order.pause(labels)
    >>> order.take(9), order.take(9, arrived=0.0)
    ([], [(0, 'example')])

    Args:
        bound: Seconds of event time.
    """

    def __init__(self, bound: float) -> None:
        self._queues: list[deque[tuple[float, float, T]]] = []
        self._heads: list[tuple[float, int]] = []
        self._paused: set[int] = set()
        self._closed: set[int] = set()
        self._bound = bound
        self._newest = -inf

    def add(self) -> int:
        """One more partition, of which nothing is known; its number."""
        self._queues.append(deque())
        return len(self._queues) - 1

    def put(self, partition: int, time: float, arrived: float, record: T) -> None:
        """A record was read, with its event time, at a time of the caller's clock."""
        queue = self._queues[partition]
        if not queue:
            heappush(self._heads, (time, partition))
        queue.append((time, arrived, record))
        self._paused.discard(partition)
        self._newest = max(self._newest, time)

    def pause(self, partition: int) -> None:
        """A partition was read to its end, for now."""
        self._paused.add(partition)

    def close(self, partition: int) -> None:
        """A partition was read to its end for good."""
        self._closed.add(partition)

    def is_done(self) -> bool:
        """Whether all partitions are closed, and nothing waits."""
        return not self._heads and len(self._closed) == len(self._queues)

    def waiting(self, partition: int) -> int:
        """How many records of a partition wait for their turn."""
        return len(self._queues[partition])

    def first(self, partition: int) -> T | None:
        """The next record of a partition, if it was read."""
        queue = self._queues[partition]
        return queue[0][2] if queue else None

    def take(self, limit: int, *, arrived: float = -inf) -> list[tuple[int, T]]:
        """The next records with their partitions, at most so many, as far as it is their turn.

        Args:
            limit: Most records.
            arrived: Records that were read by then need not wait for partitions that are at their end.
        """
        taken: list[tuple[int, T]] = []
        heads, queues, rule = self._heads, self._queues, self._rule()
        while heads and len(taken) < limit and rule != "stuck":
            time, partition = heads[0]
            queue = queues[partition]
            if rule == "wait" and queue[0][1] > arrived and self._newest - time <= self._bound:
                break
            taken.append((partition, queue.popleft()[2]))
            if queue:
                heapreplace(heads, (queue[0][0], partition))
            else:
                heappop(heads)
                rule = self._rule()
        return taken

    def take_from(self, partition: int, count: int) -> list[tuple[int, T]]:
        """The next records of one partition, whosever turn it is.

        Raises:
            IndexError: When so many were not read yet.
        """
        queue = self._queues[partition]
        taken = [(partition, queue.popleft()[2]) for _ in range(count)]
        self._heads = [(other[0][0], number) for number, other in enumerate(self._queues) if other]
        heapify(self._heads)
        return taken

    def _rule(self) -> Literal["free", "wait", "stuck"]:
        """Whether the earliest record that is known may go, must wait a while, or until more was read."""
        unknown = {number for number, queue in enumerate(self._queues) if not queue} - self._closed
        if not unknown:
            return "free"
        return "wait" if unknown <= self._paused else "stuck"
