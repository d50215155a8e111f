"""ADWIN on the champion's loss, event by event: has it risen?"""

import math
from collections.abc import Iterable
from statistics import median

from msgspec import Struct
from river.drift import ADWIN

from engine.models.serialization import dump, load

_UNIT_FROM = 100
"""Losses that fix the unit, and the fewest before the first test.

River's own defaults (10 before the first test, parts of 5) raised 87 alarms on 200,000 losses without
a change but with a long tail; these raised 16, for the same delay on losses of 0 and 1.
"""
_SHORTEST_PART = 30

_LARGEST = 5.0
"""Units that a loss without a bound counts as at most.

On the losses of linear regressions over three real streams in shuffled order (diamonds, flights, weather;
15 runs of 20,000), single losses far out raised 5 alarms without a limit and none with it, and a rise by
30 % was found as soon. `python -m benchmarks.false_alarms` runs the same streams.
"""

_CLOCK = 32
"""Values from one test to the next; River's own default."""


_KIND = "loss detector"


class LossDriftState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        first: The first losses, until they fix the unit.
        unit: Unit that losses are counted in; 0 as long as it is not known.
        seen: Losses that ADWIN has been given.
        block: Losses since its last test, in units.
        adwin: River's detector.
    """

    first: list[float]
    unit: float
    seen: int
    block: list[float]
    adwin: bytes


class LentLossDrift(Struct, frozen=True):
    """What changes with a loss; whoever has it may take losses as long as ADWIN finds nothing.

    Attributes:
        unit: Unit that losses are counted in.
        largest: Units that a loss counts as at most.
        seen: Losses that ADWIN has been given.
        block: Losses since its last test, in units.
        adwin: The state of River's `AdaptiveWindowing`.
    """

    unit: float
    largest: float
    seen: int
    block: list[float]
    adwin: bytes


class LossDrift:
    """Says when the loss has risen: ADWIN (Bifet and Gavaldà 2007), River's implementation.

    ADWIN takes its values to lie between 0 and 1: errors of 0.01 would never alarm. So losses are counted
    in units of the median non-zero loss among the first hundred, found again after every change, since a
    model that has just started loses far more than the same model later. A loss without a bound counts as
    five units at most: a single one far out says nothing about the next.

    Args:
        delta: Chance of a false alarm at each test.
        bounded: Whether a loss lies between 0 and 1.

    >>> drift = LossDrift(delta=0.002)
    >>> any(drift.update(loss) for loss in [0.0, 0.0, 0.0, 1.0] * 250)
    False
    >>> any(drift.update(loss) for loss in [0.0, 1.0, 1.0, 1.0] * 250)
    True
    """

    def __init__(self, delta: float, *, bounded: bool = True) -> None:
        self._delta = delta
        self._largest = math.inf if bounded else _LARGEST
        self._first: list[float] = []
        self._unit = 0.0
        self._seen = 0
        self._block: list[float] = []
        self._adwin = self._fresh()

    def state(self) -> LossDriftState:
        """What a snapshot keeps."""
        return LossDriftState(
            list(self._first), self._unit, self._seen, list(self._block), dump(self._adwin, _KIND)
        )

    def restore(self, state: LossDriftState, allow: Iterable[str] = ()) -> None:
        """Goes on from a snapshot's state.

        Raises:
            SnapshotError: When River's detector cannot be restored.
        """
        self._first, self._unit, self._seen = list(state.first), state.unit, state.seen
        self._block, self._adwin = list(state.block), load(state.adwin, _KIND, allow, verb="update")

    def lend(self) -> LentLossDrift | None:
        """What changes with a loss, until `take_back`; `None` before the unit is known."""
        if len(self._first) < _UNIT_FROM:
            return None
        state = self._adwin._helper.__getstate__()
        return LentLossDrift(self._unit, self._largest, self._seen, self._block, state)

    def take_back(self, seen: int, block: list[float], adwin: bytes) -> None:
        """Goes on from what was lent; fields as in `LentLossDrift`."""
        self._seen, self._block = seen, block
        self._adwin._helper.__setstate__(adwin)

    def update(self, loss: float) -> bool:
        """Takes the next loss; `True` when it has changed and the mean went up.

        A loss that is not finite is passed over: it would stay in every later mean.
        """
        if not math.isfinite(loss):
            return False
        if len(self._first) < _UNIT_FROM:
            self._first.append(loss)
            if len(self._first) == _UNIT_FROM:
                self._begin()
            return False
        block = self._block
        block.append(min(loss / self._unit, self._largest))
        # ADWIN tests at every 32nd value and is deaf between: those before it can be given when it comes.
        if (self._seen + len(block)) % _CLOCK:
            return False
        return self._test()

    def _test(self) -> bool:
        """Gives the values at hand to ADWIN, which tests at the last of them."""
        # Without the wrapper of Python's, which asks after each value whether there was a change: not before
        # the last.
        update = self._adwin._helper.update
        *values, last = self._block
        self._seen += len(self._block)
        self._block = []
        for value in values:
            update(value)
        before = self._adwin.estimation
        self._adwin.update(last)  # type: ignore[no-untyped-call]
        if not self._adwin.drift_detected:
            return False
        risen = self._adwin.estimation > before
        self._first = []
        return risen

    def _begin(self) -> None:
        self._unit = median([abs(loss) for loss in self._first if loss] or [1.0])
        self._adwin = self._fresh()
        self._seen = len(self._first)
        for loss in self._first:
            self._adwin.update(min(loss / self._unit, self._largest))  # type: ignore[no-untyped-call]

    def _fresh(self) -> ADWIN:
        return ADWIN(  # type: ignore[no-untyped-call]  # River leaves its detectors untyped
            delta=self._delta, clock=_CLOCK, grace_period=_UNIT_FROM, min_window_length=_SHORTEST_PART
        )
