"""Arms in turn, batch by batch, and what that says: medians over rounds, and how far these lie apart.

A round is one pass over the stream. Within it every arm takes a batch, then every arm takes the next: what
else the machine does at that moment disturbs all of them alike.
"""

import gc
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Any

Arms = Mapping[str, Callable[[], Generator[None, None, Any]]]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one arm, one a round.

    Attributes:
        wall: By the clock.
        cpu: Of this process's processor time; what other processes do for it is not in it.
    """

    wall: list[float]
    cpu: list[float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio over the rounds.

    Attributes:
        median: The median of the ratios within a round.
        low: The smallest of them.
        high: The largest.
    """

    median: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """How far they lie apart, as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


def ratio(above: list[float], below: list[float]) -> Ratio:
    """Of two arms, round by round."""
    found = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(median(found), min(found), max(found))


def extra(without: list[float], with_it: list[float], unit: list[float]) -> Ratio:
    """What an arm takes longer than another, in units of a third, round by round."""
    more = [b - a for a, b in zip(without, with_it, strict=True)]
    return ratio(more, unit)


def rounds(arms: Arms, count: int) -> tuple[dict[str, Times], dict[str, Any]]:
    """Runs all arms, so many rounds; returns their times and what each gave the last time."""
    times = {name: Times([], []) for name in arms}
    given: dict[str, Any] = {}
    for _ in range(count):
        for name in arms:
            times[name].wall.append(0.0)
            times[name].cpu.append(0.0)
        _round(arms, times, given)
        gc.unfreeze()
        gc.collect()
    return times, given


def _round(arms: Arms, times: dict[str, Times], given: dict[str, Any]) -> None:
    going = {name: make() for name, make in arms.items()}
    while going:
        for name, arm in list(going.items()):
            # The collector must not make one arm pay for looking at what the others hold.
            gc.freeze()
            began, worked = perf_counter(), process_time()
            try:
                next(arm)
            except StopIteration as end:
                given[name] = end.value
                del going[name]
            times[name].cpu[-1] += process_time() - worked
            times[name].wall[-1] += perf_counter() - began
