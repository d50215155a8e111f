"""Does what was said to be 30 % probable happen 30 times in 100?"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

BINS = 10
_EDGES = tuple(i / BINS for i in range(1, BINS))


@dataclass(frozen=True, slots=True)
class Bin:
    """Events whose probability was said to lie in one tenth.

    Attributes:
        above: The probabilities are above this (the first bin holds 0 too),
        to: and up to this.
        events: How many there are.
        said: Their mean probability; `None` without events.
        happened: The share of them in which it happened.
    """

    above: float
    to: float
    events: int
    said: float | None
    happened: float | None


@dataclass(slots=True)
class Calibration:
    """Sums by tenths of the probability.

    In a binary task the probability is that of the positive class, and what may happen is that class;
    otherwise it is that of the served class, and what may happen is that it is right.

    >>> calibration = Calibration()
    >>> for happened in (True, False): calibration.add(0.75, happened=happened)
    >>> calibration.error()
    0.25
    """

    events: list[int] = field(default_factory=lambda: [0] * BINS)
    said: list[float] = field(default_factory=lambda: [0.0] * BINS)
    happened: list[int] = field(default_factory=lambda: [0] * BINS)

    def add(self, probability: float, *, happened: bool) -> None:
        """Takes one event; a probability that is no number is passed over."""
        place = bisect_left(_EDGES, probability)
        if 0.0 <= probability <= 1.0:
            self.said[place] += probability
        elif probability != probability:  # noqa: PLR0124 - NaN
            return
        else:
            # Beyond by rounding, or by a model of the user's own: it was said to be certain.
            self.said[place] += probability > 0.5
        self.events[place] += 1
        self.happened[place] += happened

    def correct(self, probability: float, change: int) -> None:
        """An event did happen after all (1), or did not (-1)."""
        if probability == probability:  # noqa: PLR0124 - not NaN
            self.happened[bisect_left(_EDGES, probability)] += change

    def merge(self, other: "Calibration") -> None:
        """Adds the sums of another."""
        for place in range(BINS):
            self.events[place] += other.events[place]
            self.said[place] += other.said[place]
            self.happened[place] += other.happened[place]

    def error(self) -> float | None:
        """The expected calibration error; `None` without events.

        The mean over all events of how far, in each bin, the mean probability is from the share in which it
        happened (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017).
        """
        events = sum(self.events)
        gaps = (abs(said - happened) for said, happened in zip(self.said, self.happened, strict=True))
        return sum(gaps) / events if events else None

    def bins(self) -> Sequence[Bin]:
        """The reliability diagram as numbers."""
        return tuple(
            Bin(place / BINS, (place + 1) / BINS, events, *_shares(events, said, happened))
            for place, (events, said, happened) in enumerate(
                zip(self.events, self.said, self.happened, strict=True)
            )
        )


def _shares(events: int, said: float, happened: int) -> tuple[float, float] | tuple[None, None]:
    return (said / events, happened / events) if events else (None, None)
