"""Watches how many records go wrong, span by span, without waiting for a window to close.

A field that is renamed rejects every record: then no window closes, and no verdict would ever say so.
"""

import math
from collections.abc import Callable

from msgspec import Struct, field
from msgspec.structs import replace

from engine.events import Rates
from engine.monitoring.config import RatesConfig
from engine.monitoring.rates import add_reason, rate_checks
from engine.monitoring.verdicts import summary, worst
from engine.records.events import Counts, DeadLetter, ReasonCount

_STEP = 50
"""Records after which event time is looked at, and the fewest of a span that it ends."""


class RateWatchState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        number: Number of the open span, from 0.
        began: The counts when it began.
        start: Event time when it began, seconds since 1970.
        due: Received records at which the span is looked at again.
        reasons: Reasons of its dead letters.
        all_reasons: Those of the whole run.
    """

    number: int = 0
    began: Counts = field(default_factory=Counts)
    start: float = -math.inf
    due: int = _STEP
    reasons: list[ReasonCount] = []
    all_reasons: list[ReasonCount] = []


class Place(Struct, frozen=True):
    """A place in the stream: its event time, the open window, and who serves."""

    time: float
    window: int
    model: str


class RateWatch:
    """The rates of one model key.

    Args:
        config: How long a span is, and the limits.
        key: The model key.

    Attributes:
        step: Records after which it is asked again.
        state: What a snapshot keeps.
    """

    def __init__(self, config: RatesConfig, key: str) -> None:
        self._config, self._key = config, key
        self.step = min(_STEP, config.records)
        self.state = RateWatchState(due=self.step)

    def note(self, letter: DeadLetter) -> None:
        """Counts a dead letter under its reason."""
        add_reason(self.state.reasons, letter)
        add_reason(self.state.all_reasons, letter)

    @property
    def reasons(self) -> tuple[ReasonCount, ...]:
        """Reasons of all dead letters so far, the most frequent first."""
        return _by_frequency(self.state.all_reasons)

    def look(self, counts: Callable[[], Counts], at: Place, *, held: bool) -> Rates | None:
        """Ends the span when it is over; asked when `state.due` records are received.

        Args:
            counts: Gives where every record went.
            at: The place in the stream; its event time is minus infinity before there is one.
            held: Whether labels are held back, so that none is learned.

        Returns:
            The rates over the span, if it is over.
        """
        state, config, now = self.state, self._config, at.time
        received = state.due
        if state.start == -math.inf:
            state.start = now
        state.due += self.step
        full = received - state.began.records >= config.records
        if not full and not now - state.start >= config.seconds:  # there may be no time yet, which is NaN
            return None
        so_far = counts()
        found = self._rates(so_far, at, held=held)
        self.state = RateWatchState(
            state.number + 1, so_far, now, received + self.step, [], state.all_reasons
        )
        return found

    def saved(self) -> RateWatchState:
        """What a snapshot keeps: later records do not change it."""
        state = self.state
        return replace(state, reasons=_copies(state.reasons), all_reasons=_copies(state.all_reasons))

    def early(self, counts: Counts, at: Place, *, held: bool) -> Rates | None:
        """At the end of the input: the rates over the open span, which goes on if input follows."""
        if counts.records == self.state.began.records:
            return None
        return self._rates(counts, at, held=held)

    def _rates(self, counts: Counts, at: Place, *, held: bool) -> Rates:
        state = self.state
        checks = rate_checks(state.began, counts, self._config, held=held)
        return Rates(
            self._key,
            state.number,
            0.0 if state.start == -math.inf else state.start,
            0.0 if at.time == -math.inf else at.time,
            at.window,
            at.model,
            state.began.records,
            counts.records,
            worst(checks),
            summary(checks),
            checks,
            _by_frequency(state.reasons),
        )


def _by_frequency(reasons: list[ReasonCount]) -> tuple[ReasonCount, ...]:
    """Copies, since later records change the counts."""
    return tuple(sorted(_copies(reasons), key=lambda one: -one.records))


def _copies(reasons: list[ReasonCount]) -> list[ReasonCount]:
    return [replace(one) for one in reasons]
