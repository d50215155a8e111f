"""What is counted of a column: numbers between the deciles of the reference, or its categories."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles

import numpy as np

from engine.monitoring.tables import OWN_COLUMNS
from engine.monitoring.types import Cell, Table

_BINS = 10
_MOST_CATEGORIES = 30
_NUMBERS = {float, int}
_FIT = {*_NUMBERS, type(None)}


@dataclass(frozen=True, slots=True)
class Bins:
    """How a column is counted.

    Attributes:
        numeric: Whether its values are numbers.
        edges: Numbers: the least of the reference, its deciles, and what lies just above its greatest.
        places: Categories: the place of each that is known; others have the place after them.
        before: The reference's counts: below the least, between the edges, above the greatest; or of each
            category and of others.
        missing: Rows of the reference without a value.
        rows: Its rows.
    """

    numeric: bool
    edges: tuple[float, ...]
    places: dict[object, int]
    before: tuple[int, ...]
    missing: int
    rows: int

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.before)

    def count(self, values: Sequence[Cell], into: list[int]) -> tuple[int, int]:
        """Counts the values of a block; returns how many are missing, and how many are of another kind."""
        kinds = set(map(type, values))
        present = [value for value in values if value is not None] if type(None) in kinds else values
        missing = len(values) - len(present)
        if self.numeric:
            fit = present if kinds <= _FIT else [value for value in present if type(value) in _NUMBERS]
            if fit:
                found = np.bincount(
                    np.searchsorted(self.edges, np.array(fit, dtype=float), side="right"), minlength=self.size
                )
                for place, count in enumerate(found.tolist()):
                    into[place] += count
            return missing, len(present) - len(fit)
        # Numbers first: 1 is True to a dict.
        fit = present if not kinds & _NUMBERS else [value for value in present if type(value) not in _NUMBERS]
        other = len(self.places)
        for value, count in Counter(fit).items():
            into[self.places.get(value, other)] += count
        return missing, len(present) - len(fit)


def make_bins(table: Table, ignored: Sequence[str], most: int) -> dict[str, Bins]:
    """The bins of the columns of a reference that can be counted: at most so many features, by name.

    Left out are labels and outputs, ignored columns, those of several kinds, and text whose categories do not
    come back.
    """
    left_out = {*OWN_COLUMNS, *ignored}
    names = [name for name in sorted(table.columns, key=str) if name not in left_out][:most]
    found = {name: _bins(table.columns[name]) for name in names}
    return {name: bins for name, bins in found.items() if bins is not None}


def _bins(cells: Sequence[Cell]) -> Bins | None:
    present = [cell for cell in cells if cell is not None]
    missing = len(cells) - len(present)
    kinds = {type(cell) for cell in present}
    if len(present) < 2:
        return None
    if kinds <= {int, float}:
        return _of_numbers(present, missing)
    return None if kinds & {int, float} else _of_categories(present, missing)


def _of_numbers(cells: Sequence[Cell], missing: int) -> Bins:
    ordered = np.sort(np.array(cells, dtype=float))
    values = ordered.tolist()
    low, high = values[0], values[-1]
    inner = sorted({cut for cut in quantiles(values, n=_BINS) if low < cut <= high})
    edges = (low, *inner, float(np.nextafter(high, np.inf)))
    below = np.searchsorted(ordered, edges, side="left").tolist()
    before = (count - less for less, count in pairwise((0, *below, len(values))))
    return Bins(True, edges, {}, tuple(before), missing, len(values) + missing)


def _of_categories(values: Sequence[Cell], missing: int) -> Bins | None:
    counts: Counter[Cell] = Counter(values)
    kept = sorted(counts, key=lambda name: (-counts[name], str(name)))[:_MOST_CATEGORIES]
    known = [counts[name] for name in kept]
    if sum(known) < len(values) / 2:
        return None
    places: dict[object, int] = {name: place for place, name in enumerate(kept)}
    return Bins(False, (), places, (*known, len(values) - sum(known)), missing, len(values) + missing)
