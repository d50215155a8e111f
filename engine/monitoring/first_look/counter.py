"""Counts the features of every example that is predicted, block by block, in the bins of the reference.

Outputs are left to the report, which has the labels to tell learning from drift.
"""

from collections.abc import Iterable

from msgspec import Struct

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.first_look.bins import Bins, make_bins
from engine.monitoring.first_look.verdict import ColumnCounts, PreliminaryVerdict, look
from engine.monitoring.tables import feature_of
from engine.monitoring.types import Check, Table
from engine.records.values import Features
from engine.windows import Status

BLOCK = 512
"""Examples that are counted at once, column by column: several times faster than one by one."""


class FirstLookState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        counted: Counts by column.
        rows: Examples in them.
        rejected: Records rejected before the open window.
        warned: Records with a breach before it.
    """

    counted: dict[str | int, ColumnCounts]
    rows: int
    rejected: int
    warned: int


class LentLook(Struct):
    """What changes while examples are counted; whoever has it may count them, and gives it back.

    Attributes:
        features: The features that are counted.
        bins: Their bins.
        counted: Their counts.
        rows: Examples that were counted by whoever has it.
    """

    features: list[str]
    bins: list[Bins]
    counted: list[ColumnCounts]
    rows: int = 0


class FirstLookCounter:
    """The counts since the last window closed.

    How examples are cut into blocks changes no count.
    """

    def __init__(self, config: MonitoringConfig) -> None:
        self._config = config
        self._bins: dict[str, Bins] = {}
        self.on = config.first_look.enabled
        self._counted: dict[str | int, ColumnCounts] = {}
        self._rows = 0
        self._block: list[Features] = []
        self._rejected = self._warned = 0

    def refer_to(self, reference: Table | None) -> None:
        """Counts what comes from now on in the bins of these rows."""
        if self.on and reference is not None:
            config = self._config
            self._bins = make_bins(reference, config.drift.ignore, config.max_columns)

    def begin(self) -> None:
        """Every count is 0 again; the reference stays."""
        self._counted = {name: ColumnCounts([0] * bins.size) for name, bins in self._bins.items()}
        self._rows = 0
        self._block = []

    def add(self, features: Features) -> None:
        """Takes one example."""
        block = self._block
        block.append(features)
        if len(block) >= BLOCK:
            self._count()

    def _count(self) -> None:
        block, self._block = self._block, []
        self._rows += len(block)
        if not self._counted:
            return
        for name, bins in self._bins.items():
            counted, feature = self._counted[name], feature_of(name)
            values = [features.get(feature) for features in block]
            missing, strange = bins.count(values, counted.places)
            counted.missing += missing
            counted.strange += strange

    @property
    def columns(self) -> Iterable[str]:
        """The columns that are counted once a window has closed."""
        return self._bins.keys()

    def lend(self) -> LentLook:
        """What changes while examples are counted, until `take_back`."""
        self._count()
        # Before the first window has closed nothing is counted but rows.
        names = [*self._bins] if self._counted else []
        bins = [self._bins[name] for name in names]
        return LentLook([*map(feature_of, names)], bins, [self._counted[name] for name in names])

    def take_back(self, lent: LentLook) -> None:
        """Goes on from what was lent."""
        self._rows += lent.rows

    def close(
        self, key: str, window: int, time: float, rejected: int, warned: int
    ) -> PreliminaryVerdict | None:
        """The verdict on what was counted, after which counting begins anew; `None` when nothing was."""
        self._count()
        found = None
        if self._rows:
            judged = look(self._counted, self._bins, self._rows, self._config) if self._counted else _UNKNOWN
            status, reason, checks = judged
            went = rejected - self._rejected, warned - self._warned
            found = PreliminaryVerdict(key, window, time, self._rows, *went, status, reason, checks)
        self._rejected, self._warned = rejected, warned
        return found

    def state(self) -> FirstLookState:
        """What a snapshot keeps; examples that wait for their block to fill are counted first."""
        self._count()
        counted = {
            name: ColumnCounts(list(each.places), each.missing, each.strange)
            for name, each in self._counted.items()
        }
        return FirstLookState(counted, self._rows, self._rejected, self._warned)

    def restore(self, state: FirstLookState, reference: Table | None) -> None:
        """Goes on from a snapshot's state; a column whose bins are others now is counted anew.

        Raises:
            ValueError: The counts are not of so many rows.
        """
        self.refer_to(reference)
        self.begin()
        self._rows, self._rejected, self._warned = state.rows, state.rejected, state.warned
        for name, bins in self._bins.items():
            kept = state.counted.get(name)
            if kept is not None and len(kept.places) == bins.size:
                counts = *kept.places, kept.missing, kept.strange
                if min(counts) < 0 or sum(counts) > state.rows:
                    raise ValueError(f"counts of {state.rows} rows in column {name!r} that are not of them")
                self._counted[name] = ColumnCounts(list(kept.places), kept.missing, kept.strange)


_UNKNOWN: tuple[Status, str, tuple[Check, ...]] = ("pass", "no reference yet", ())
"""Status, reason and checks while there is no reference."""
