"""What a window drift method is."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["numeric", "category"]
"""Kind of a column: finite numbers, or categories as text."""

Numbers = Sequence[float] | NDArray[np.float64]
"""Numbers, none missing: an array where a window is measured."""

Categories = Sequence[object] | Counter[Any]
"""Categories, none missing: how often each comes where a window is measured."""

Measure = Callable[[Any, Any], float]
"""A number from the reference's values and the window's, in this order: `Numbers` or `Categories`."""


@dataclass(frozen=True, slots=True)
class DriftMethod:
    """A distance between a window's column and the reference's, with what is needed to judge it.

    Attributes:
        name: Name in the configuration.
        kind: Kind of column that it measures.
        label: Name in Evidently's reports; part of the series in its dashboards.
        distance: Distance between two samples; 0 for equal ones.
        by_chance: Distance that clean data reach about once in 100,000 columns; limits are never below it.
        warn: Distance from which a column warns, unless the configuration says otherwise.
        fail: Distance from which it fails.
        largest: Largest distance that two samples can have.
    """

    name: str
    kind: Kind
    label: str
    distance: Measure
    by_chance: Measure
    warn: float
    fail: float
    largest: float = math.inf
