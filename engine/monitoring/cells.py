"""The cells of a column made values of one kind: whole columns at a time, since a report has thousands."""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.monitoring.types import Cell, Table

LARGEST = 1e100
"""Numbers beyond are taken as missing: their squares, and with them a report, would overflow."""

_NUMBERS = frozenset({float, int, NoneType})
_NAMES = frozenset({str, bool, NoneType})

Clean = bool | float | str | None


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a column on one side: of the window, or of the reference.

    Attributes:
        cells: A value for each row; `None` where there is none.
        present: Those that there are.
        kinds: Their types.
        numbers: The same as an array, where all are numbers.
        counts: How often each comes, where all are text.
    """

    cells: Sequence[Clean]
    present: Sequence[Clean]
    kinds: frozenset[type]
    numbers: NDArray[np.float64] | None = None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """How many rows have no value."""
        return len(self.cells) - len(self.present)

    @property
    def measured(self) -> Any:
        """The values that there are as a `Measure` takes them: `numbers`, or `counts`."""
        return self.counts if self.numbers is None else self.numbers


NOTHING = Values((), (), frozenset())
"""The values of a side that is not there."""


def column_of(table: Table, name: str, rows: int) -> Values:
    """The values of a table's column; one that is not in it, or is cut short, has no values there."""
    cells = list(table.columns.get(name, ()))
    if len(cells) < rows:
        cells.extend([None] * (rows - len(cells)))
    kinds = set(map(type, cells))
    if kinds <= _NUMBERS:
        try:
            return _of_numbers(np.array(cells, dtype=float))
        except OverflowError:  # a whole number that no float holds
            pass
    return values_of(cells if kinds <= _NAMES else [_clean(cell) for cell in cells])


def values_of(cells: Sequence[Clean]) -> Values:
    """The values in clean cells."""
    found = set(map(type, cells))
    present = [cell for cell in cells if cell is not None] if NoneType in found else cells
    kinds = frozenset(found - {NoneType})
    return Values(cells, present, kinds, np.array(present) if kinds == {float} else None)


def _of_numbers(found: NDArray[np.float64]) -> Values:
    """The values in numbers, of which NaN stands for a missing one."""
    fit = np.abs(found) <= LARGEST  # not a number is not below anything either
    if not fit.any():
        return Values([None] * len(found), [], frozenset())
    if fit.all():
        values = found.tolist()
        return Values(values, values, frozenset({float}), found)
    present = found[fit]
    cells = found.astype(object)
    cells[~fit] = None
    return Values(cells.tolist(), present.tolist(), frozenset({float}), present)


def _clean(cell: Cell) -> Clean:
    if cell is None or isinstance(cell, bool | str):
        return cell
    try:
        number = float(cell)
    except OverflowError:
        return None
    return number if abs(number) <= LARGEST else None


def as_text(values: Values) -> Values:
    """Every value as text: `true` and `false`, and numbers by twelve digits."""
    if values.kinds <= {str}:
        return _of_text(values.cells, values.present)
    if float in values.kinds:
        present = [_text(cell) for cell in values.present]
    else:
        names = {cell: _text(cell) for cell in {*values.present}}
        present = [names[cell] for cell in values.present]
    if not values.missing:
        return _of_text(present, present)
    rest = iter(present)
    return _of_text([None if cell is None else next(rest) for cell in values.cells], present)


def folded(values: Values, kept: Set[str], other: str) -> Values:
    """Text with all but these in one category."""
    present = [cell if cell in kept else other for cell in values.present]
    cells = [cell if cell is None or cell in kept else other for cell in values.cells]
    return _of_text(cells, present)


def _of_text(cells: Sequence[Clean], present: Sequence[Any]) -> Values:
    return Values(cells, present, frozenset({str}), None, Counter(present))


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.12g}"
    return cell if isinstance(cell, str) else str(cell).lower()
