"""Calibration: reliability bins and expected calibration error."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct, field

BINS = 10
_EDGES = tuple(i / BINS for i in range(1, BINS))


@dataclass(frozen=True, slots=True)
class Bin:
    """Events whose predicted probability lies in one tenth.

    Attributes:
        above: Lower end of the tenth, exclusive (the first bin holds 0 too).
        to: Upper end, inclusive.
        events: Number of events.
        said: Mean predicted probability; `None` without events.
        happened: Observed rate; `None` without events.
    """

    above: float
    to: float
    events: int
    said: float | None
    happened: float | None


class Calibration(Struct, forbid_unknown_fields=True):
    """Sums by tenths of the predicted probability.

    In a binary task the probability is that of the positive class, and that class is the observed event. In a
    multiclass task it is that of the served class, and a right prediction is the observed event.

    Attributes:
        events: Number of events in each tenth.
        predicted: Sum of the predicted probabilities in each tenth.
        observed: Number of observed events in each tenth.

    >>> calibration = Calibration()
    >>> for happened in (True, False): calibration.add(0.75, happened=happened)
    >>> calibration.error()
    0.25
    """

    events: list[int] = field(default_factory=lambda: [0] * BINS)
    predicted: list[float] = field(default_factory=lambda: [0.0] * BINS)
    observed: list[int] = field(default_factory=lambda: [0] * BINS)

    def __post_init__(self) -> None:
        """Refuses other numbers of tenths, which a snapshot may hold that somebody has forged.

        Raises:
            ValueError: There are.
        """
        if not len(self.events) == len(self.predicted) == len(self.observed) == BINS:
            raise ValueError(f"expected {BINS} tenths of each")

    def add(self, probability: float, *, happened: bool) -> None:
        """Adds one event; a probability that is NaN is ignored."""
        place = bisect_left(_EDGES, probability)
        if 0.0 <= probability <= 1.0:
            self.predicted[place] += probability
        elif probability != probability:  # noqa: PLR0124 - NaN
            return
        else:
            # Beyond by rounding, or by a model of the user's own: it counts as certain.
            self.predicted[place] += probability > 0.5
        self.events[place] += 1
        self.observed[place] += happened

    def correct(self, probability: float, change: int) -> None:
        """An event was observed after all (1), or was not (-1)."""
        if probability == probability:  # noqa: PLR0124 - not NaN
            self.observed[bisect_left(_EDGES, probability)] += change

    def merge(self, other: "Calibration") -> None:
        """Adds the sums of another."""
        for place in range(BINS):
            self.events[place] += other.events[place]
            self.predicted[place] += other.predicted[place]
            self.observed[place] += other.observed[place]

    def copy(self) -> "Calibration":
        """A copy whose numbers are Python's own."""
        return Calibration([*self.events], [*map(float, self.predicted)], [*self.observed])

    def error(self) -> float | None:
        """The expected calibration error; `None` without events.

        The distance between the mean predicted probability and the observed rate of each bin, averaged over
        all events (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017).
        """
        events = sum(self.events)
        gaps = (
            abs(predicted - observed)
            for predicted, observed in zip(self.predicted, self.observed, strict=True)
        )
        return sum(gaps) / events if events else None

    def bins(self) -> Sequence[Bin]:
        """The reliability diagram as numbers."""
        return tuple(
            Bin(place / BINS, (place + 1) / BINS, events, *_rates(events, predicted, observed))
            for place, (events, predicted, observed) in enumerate(
                zip(self.events, self.predicted, self.observed, strict=True)
            )
        )


def _rates(events: int, predicted: float, observed: int) -> tuple[float, float] | tuple[None, None]:
    return (predicted / events, observed / events) if events else (None, None)
