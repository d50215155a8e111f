"""The input guard: what in an example is unlike everything that passed, seen before any model sees it.

Of each column of numbers it knows what windows that passed have shown. Hidden is a value beyond the range
there by more than the range's own width; a column that stays at one value for more than twice as long as it
ever did; and a column whose values in a block of examples are distributed as in no block that passed, by the
Kolmogorov-Smirnov distance. An example that is strange in several columns at once is not to be learned
either. When most columns move together that is the world, not a fault, and they stay visible.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from engine.records.events import Strange
from engine.records.values import Features, by_feature

BLOCK = 50
"""Examples whose distribution is looked at together."""

_STEPS = 10
"""Quantiles at which two distributions are compared are so many steps apart, from the first to the last."""

_SAMPLE = 400
"""Values that are kept of a column."""

_BLOCKS_OF_A_WINDOW = 20
"""About so many blocks of a window that has passed are compared with what passed before."""

_FEW = 10
"""Different values up to which a column is no measurement, but a code."""

_NUMBERS = frozenset({float, int})

_FEWEST = 15
"""Numbers in a block from which on it is compared."""

_SHORTEST_RUN = 25
SPELL = 500
"""Examples for which a strange one is remembered."""

SEVERAL = 3
"""Strange examples of a window that are more than outliers as there always are some."""

_MARGIN, _LOWEST_LIMIT, _HOPELESS = 0.15, 0.45, 0.97
"""The limit of a column: so much above the largest distance of a block that passed, and at least so much. One
that varies so much that the limit would be higher than the third is not compared."""

_BLOCKS = 60
"""Distances of blocks that passed, the newest, which a limit comes from."""

_WINDOWS = 3
"""Windows that must have passed before distributions are compared: those of one say little about the next."""

_WORLD = 0.6
"""Share of the columns from which on it is the world that moves."""


class Column(Struct, forbid_unknown_fields=True):
    """What passed windows have shown of a column, and how it looks now.

    Attributes:
        low: The smallest value.
        high: The largest.
        longest: The longest run of one value, in examples.
        windows: How many passed.
        sample: Values of windows that passed, in order of size; half of them are of the newest.
        edges: Different values among its quantiles, each with the share of all that are no larger.
        distances: Between these and each of the newest blocks.
        floor: The value below which one is hidden.
        ceiling: The value above which one is.
        patience: The longest run that is not hidden.
        limit: The distance of a block from which on the column is.
        last: The last value.
        run: For how many examples it has been the same.
        drifted: Whether the last block was unlike all of these.
    """

    low: float
    high: float
    longest: int
    windows: int = 0
    sample: list[float] = []
    edges: list[tuple[float, float]] = []
    distances: list[float] = []
    floor: float = 0.0
    ceiling: float = 0.0
    patience: int = 0
    limit: float = 0.0
    last: float | None = None
    run: int = 0
    drifted: bool = False

    def vet(self, passed: "Passed") -> None:
        """Takes what a window that passed has shown."""
        self.sample = sorted([*self.sample[::2], *passed.sample])
        self.edges = quantiles(self.sample)
        self.distances = [*self.distances, *passed.distances][-_BLOCKS:]
        self.low, self.high = min(self.low, passed.low), max(self.high, passed.high)
        self.longest = max(self.longest, passed.longest)
        width = self.high - self.low
        self.floor, self.ceiling = self.low - width, self.high + width
        self.patience = max(_SHORTEST_RUN, 2 * self.longest)
        self.limit = max(_LOWEST_LIMIT, max(self.distances) + _MARGIN)
        self.windows += 1


class Passed(NamedTuple):
    """What a window that passed shows of a column.

    Attributes:
        low: The smallest value.
        high: The largest.
        longest: The longest run of one value, in examples.
        sample: Some of its values, in order of size.
        distances: Between what passed before (or the window itself) and blocks of it.
    """

    low: float
    high: float
    longest: int
    sample: list[float]
    distances: list[float]


def shown_by(values: list[float], edges: Sequence[tuple[float, float]]) -> Passed:
    """What a window shows of a column.

    Args:
        values: In their order.
        edges: What passed before; empty before anything did.
    """
    # Blocks are spread over the window: values that change slowly look alike for a while.
    apart = max(1, len(values) // (BLOCK * _BLOCKS_OF_A_WINDOW)) * BLOCK
    blocks = [values[begin : begin + BLOCK] for begin in range(0, len(values) - BLOCK + 1, apart)]
    array = exact(values)
    # Plus nothing: a negative zero has no place of its own.
    new: list[float] = sorted(values) if array.dtype == object else np.sort(array + 0).tolist()
    edges = edges or quantiles(new)
    # Of values that are equal (1 and 1.0) the first one counts.
    low, high = new[0], new[bisect_left(new, new[-1])]
    sample = new[:: max(1, 2 * len(new) // _SAMPLE)]
    return Passed(low, high, longest_run(array), sample, [distance(edges, block) for block in blocks])


class InputGuardState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        columns: Of numbers, by name.
        block: The examples since the last block was full.
        seen: Examples that were looked at.
        last: Which of them was strange last.
    """

    columns: dict[str, Column] = {}
    block: list[Features] = field(default_factory=list)
    seen: int = 0
    last: int = -SPELL


def _strange(columns: dict[str, Column], features: Features) -> tuple[list[str], list[str]]:
    """The columns whose value is far out, and those that are stuck or have drifted."""
    far: list[str] = []
    others: list[str] = []
    for name, column in columns.items():
        value = features.get(name)
        if value.__class__ is not float and value.__class__ is not int:
            continue
        if not column.floor <= value <= column.ceiling:
            far.append(name)
        if value != column.last:
            column.last = value
            column.run = 1
        else:
            column.run += 1
            if column.run > column.patience:
                others.append(name)
        if column.drifted:
            others.append(name)
    return far, others


class InputGuard:
    """Looks at every example.

    Attributes:
        state: What a snapshot keeps.
    """

    def __init__(self) -> None:
        self.state = InputGuardState()

    def look(self, features: Features) -> Strange | None:
        """What is strange about the features of an example; `None` nearly always."""
        state = self.state
        columns = state.columns
        if not columns:
            return None
        far, others = _strange(columns, features)
        state.seen += 1
        state.block.append(features)
        if len(state.block) >= BLOCK:
            self._compare_block()
        if not far and not others:
            return None
        hidden = frozenset([*far, *others])
        if len(hidden) > _WORLD * len(columns):
            hidden = frozenset(far)
        if not hidden:
            return None
        state.last = state.seen
        return Strange(hidden, not (len(far) >= 2 and len(far) >= 0.3 * len(columns)))

    @property
    def quiet(self) -> bool:
        """Whether nothing was strange for a while."""
        return self.state.seen - self.state.last >= SPELL

    def _compare_block(self) -> None:
        block, self.state.block = self.state.block, []
        for name, column in self.state.columns.items():
            values = numbers([row.get(name) for row in block])
            if len(values) >= _FEWEST and len(column.edges) > _STEPS // 2 and column.windows >= _WINDOWS:
                column.drifted = _HOPELESS > column.limit < distance(column.edges, values)

    def vet(self, rows: Sequence[Features]) -> None:
        """Takes the examples of a window that passed, in their order."""
        edges = self.edges()
        for name, cells in by_feature(rows).items():
            values = numbers(cells)
            if len(values) >= BLOCK and _differ(values):
                self.passes(name, shown_by(values, edges.get(name, ())))

    def edges(self) -> dict[str, list[tuple[float, float]]]:
        """The quantiles of what passed before, by column."""
        return {name: column.edges for name, column in self.state.columns.items()}

    def passes(self, name: str, passed: Passed) -> None:
        """Takes what a window that passed has shown of a column of numbers."""
        columns = self.state.columns
        known = columns.get(name)
        if known is None:
            known = columns[name] = Column(passed.low, passed.low, 1)
        known.vet(passed)


def numbers(cells: list[Any]) -> list[float]:
    """Those that are numbers, and not truths."""
    if {*map(type, cells)} <= _NUMBERS:
        return cells
    return [cell for cell in cells if type(cell) in _NUMBERS]


def _differ(values: list[float]) -> bool:
    """Whether there are more than a few different values, which mostly the first of them show."""
    return len({*values[:BLOCK]}) > _FEW or len({*values}) > _FEW


def quantiles(values: Sequence[float]) -> list[tuple[float, float]]:
    """The different ones of the quantiles of values, each with the share of all that are no larger.

    >>> quantiles([1.0] * 8 + [2.0] * 2)
    [(1.0, 0.8), (2.0, 1.0)]
    """
    ordered = sorted(values)
    last = len(ordered) - 1
    edges = dict.fromkeys(ordered[last * number // _STEPS] for number in range(_STEPS + 1))
    return [(edge, bisect_right(ordered, edge) / len(ordered)) for edge in edges]


def distance(edges: Sequence[tuple[float, float]], values: Sequence[float]) -> float:
    """The Kolmogorov-Smirnov distance of values from a distribution, at its quantiles.

    >>> distance(quantiles(range(100)), range(50))
    0.5
    """
    ordered = sorted(values)
    count = len(ordered)
    return round(max(abs(bisect_right(ordered, edge) / count - share) for edge, share in edges), 9)


def exact(values: list[float]) -> NDArray[Any]:
    """Numbers as an array that compares them as Python does: of objects where one type does not hold them."""
    array = np.array(values)
    same = len({*map(type, values)}) == 1 and array.dtype.kind in "fi"
    return array if same else np.array(values, dtype=object)


def longest_run(values: NDArray[Any]) -> int:
    """The most times that one value comes in a row.

    >>> longest_run(np.array([1, 1, 2, 2, 2, 1]))
    3
    """
    if not len(values):
        return 0
    ends = np.flatnonzero(values[1:] != values[:-1])
    return int(np.diff(ends, prepend=-1, append=len(values) - 1).max())
