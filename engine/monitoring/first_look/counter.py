"""Counts every example that is predicted, block by block, in the bins of the reference."""

from dataclasses import dataclass, field
from typing import Any

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.first_look.bins import Bins, make_bins
from engine.monitoring.first_look.verdict import Counted, PreliminaryVerdict, look
from engine.monitoring.tables import feature_of
from engine.monitoring.types import Table
from engine.records.values import Features

BLOCK = 512
"""Examples that are counted at once, column by column: several times faster than one by one."""


@dataclass(slots=True)
class TallyState:
    """What a snapshot keeps.

    Attributes:
        counted: By column.
        rows: Examples in it.
        block: Those not counted yet: features, prediction, probability or score.
        rejected: Records rejected before the open window.
        warned: Records with a breach before it.
    """

    counted: dict[str, Counted] = field(default_factory=dict)
    rows: int = 0
    block: list[tuple[Features, Any, float | None]] = field(default_factory=list)
    rejected: int = 0
    warned: int = 0


class FirstLookCounter:
    """The counts since the last window closed, over a state that a snapshot keeps.

    How examples are cut into blocks changes no count.
    """

    def __init__(self, config: MonitoringConfig) -> None:
        self._config = config
        self._bins: dict[str, Bins] = {}
        self.on = config.first_look.enabled
        self.state = TallyState()

    def refer_to(self, reference: Table | None) -> None:
        """Counts what comes from now on in the bins of these rows."""
        if self.on and reference is not None:
            config = self._config
            self._bins = make_bins(reference, config.drift.ignore, config.max_columns)

    def begin(self) -> None:
        """Every count is 0 again; the reference stays."""
        state = self.state
        state.counted = {name: Counted([0] * bins.size) for name, bins in self._bins.items()}
        state.rows = 0
        state.block = []

    def add(self, features: Features, prediction: Any, number: float | None) -> None:
        """Takes one example with what was served: a class or value, and the probability or score, if any."""
        block = self.state.block
        block.append((features, prediction, number))
        if len(block) >= BLOCK:
            self._count()

    def _count(self) -> None:
        state = self.state
        block, state.block = state.block, []
        state.rows += len(block)
        if not state.counted:
            return
        rows = [row[0] for row in block]
        for name, bins in self._bins.items():
            counted = state.counted[name]
            values: list[Any]
            if name == "prediction":
                values = [row[1] for row in block]
            elif name in {"probability", "score"}:
                values = [row[2] for row in block]
            else:
                feature = feature_of(name)
                values = [row.get(feature) for row in rows]
            missing, strange = bins.count(values, counted.places)
            counted.missing += missing
            counted.strange += strange

    def close(
        self, key: str, window: int, time: float, rejected: int, warned: int
    ) -> PreliminaryVerdict | None:
        """The verdict on what was counted, after which counting begins anew; `None` when nothing was."""
        self._count()
        state = self.state
        rows = state.rows
        found = None
        if rows:
            status, reason, checks = (
                look(state.counted, self._bins, rows, self._config)
                if state.counted
                else (
                    "pass",
                    "no reference yet",
                    (),
                )
            )
            found = PreliminaryVerdict(
                key,
                window,
                time,
                rows,
                rejected - state.rejected,
                warned - state.warned,
                status,
                reason,
                checks,
            )
        state.rejected, state.warned = rejected, warned
        return found

    def restore(self, state: TallyState, reference: Table | None) -> None:
        """Goes on from a snapshot.

        Counts in the bins of other settings are of no use: what was counted of the open window is dropped.
        """
        self.refer_to(reference)
        self.state = state
        sizes = {name: len(counted.places) for name, counted in state.counted.items()}
        if sizes != {name: bins.size for name, bins in self._bins.items()}:
            block = state.block
            self.begin()
            self.state.block = block
