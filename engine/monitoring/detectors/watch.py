"""One detector on one stream of numbers."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean, median, pstdev
from typing import Any, Literal

from msgspec import Struct

from engine.models.serialization import dump, load
from engine.monitoring.detectors.config import DetectorConfig
from engine.monitoring.detectors.factory import SCALED, build

UNIT_FROM = 100
"""Values that fix the unit."""

_RECENT = 50
_KIND = "detector"
_TO_DEVIATION = 1.4826
"""The deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector has found.

    Attributes:
        kind: `warning`: a change may have begun; `drift`: there is one.
        values: Values that the detector saw since it was new.
        before: Mean of all of them but the last 50; `None` when there were no more.
        after: Mean of the last 50.
    """

    kind: Literal["warning", "drift"]
    values: int
    before: float | None
    after: float


class WatchState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps of one detector; fields as in `Watch`, River's detector as bytes."""

    detector: bytes
    parameters: dict[str, bool | int | float | str]
    first: list[float]
    centre: float
    unit: float
    warned: bool
    values: int
    total: float
    recent: list[float]


def watch(config: DetectorConfig) -> "Watch":
    """A new one."""
    return Watch(build(config), config.parameters)


@dataclass(slots=True)
class Watch:
    """One detector, the unit it counts in, and the values that its evidence is made of.

    Attributes:
        detector: River's.
        parameters: What the configuration gave it.
        first: The first values, until they fix the unit.
        centre: Their median.
        unit: Their deviation, by the median absolute deviation; 0 as long as it is not known.
        warned: Whether the detector is in its warning zone.
        values: Values seen since it was new.
        total: Their sum, without the recent ones.
        recent: The last values.
    """

    detector: Any
    parameters: dict[str, bool | int | float | str] = field(default_factory=dict)
    first: list[float] = field(default_factory=list)
    centre: float = 0.0
    unit: float = 0.0
    warned: bool = False
    values: int = 0
    total: float = 0.0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def state(self) -> WatchState:
        """What a snapshot keeps."""
        return WatchState(
            dump(self.detector, _KIND),
            dict(self.parameters),
            list(self.first),
            self.centre,
            self.unit,
            self.warned,
            self.values,
            self.total,
            list(self.recent),
        )

    def restore(self, state: WatchState, allow: Iterable[str] = ()) -> None:
        """Goes on from a snapshot's state.

        Raises:
            SnapshotError: When River's detector cannot be restored.
        """
        self.detector = load(state.detector, _KIND, allow, verb="update")
        self.parameters, self.first = dict(state.parameters), list(state.first)
        self.centre, self.unit, self.warned = state.centre, state.unit, state.warned
        self.values, self.total = state.values, state.total
        self.recent = deque(state.recent, maxlen=_RECENT)

    def update(self, value: float, config: DetectorConfig) -> Found | None:
        """Takes the next value; after a drift the detector starts anew.

        ADWIN and Page-Hinkley count in the stream's own unit, so they are given deviations from the first
        values' median. A value that is not finite is passed over.
        """
        if not math.isfinite(value):
            return None
        self.values += 1
        if len(self.recent) == _RECENT:
            self.total += self.recent[0]
        self.recent.append(value)
        if config.method not in SCALED:
            self.detector.update(value)
        elif self.unit:
            self._feed(value)
        else:
            self._begin(value)
        return self._found(config)

    def _begin(self, value: float) -> None:
        self.first.append(value)
        if len(self.first) < UNIT_FROM:
            return
        self.centre = median(self.first)
        spread = _TO_DEVIATION * median([abs(each - self.centre) for each in self.first])
        self.unit = spread or pstdev(self.first) or 1.0
        for each in self.first:
            self._feed(each)
        self.first = []

    def _feed(self, value: float) -> None:
        scaled = (value - self.centre) / self.unit
        if math.isfinite(scaled):
            self.detector.update(scaled)

    def _found(self, config: DetectorConfig) -> Found | None:
        if self.detector.drift_detected:
            found = self._evidence("drift")
            fresh = watch(config)
            for name in self.__slots__:
                setattr(self, name, getattr(fresh, name))
            return found
        warned, self.warned = self.warned, bool(getattr(self.detector, "warning_detected", False))
        return self._evidence("warning") if self.warned and not warned else None

    def _evidence(self, kind: Literal["warning", "drift"]) -> Found:
        earlier = self.values - len(self.recent)
        before = self.total / earlier if earlier else None
        return Found(kind, self.values, before, fmean(self.recent))
