"""Energy distance between two samples of numbers (Székely and Rizzo 2013)."""

import math

import numpy as np

from engine.monitoring.drift.base import DriftMethod, Numbers
from engine.monitoring.thresholds import deviation

_RARE_SQUARE = 4.417**2
"""What the square of a standard normal number exceeds once in 100,000 times."""


def energy(reference: Numbers, current: Numbers) -> float:
    """Energy distance, over the square root of the reference's standard deviation.

    Its square is twice the area under the squared difference of the distribution functions, so it does not
    depend on the unit, and single rows far away count for less than in the Wasserstein distance.

    >>> round(energy([0.0, 2.0], [3.0, 5.0]), 3)
    2.0
    """
    from scipy.stats import (  # type: ignore[import-untyped]  # noqa: PLC0415 - only where it is used
        energy_distance,
    )

    return float(energy_distance(reference, current)) / math.sqrt(deviation(reference))


def energy_by_chance(reference: Numbers, current: Numbers) -> float:
    """Distance that chance alone explains, over the square root of the reference's standard deviation.

    For samples of n and m rows, n m / (n + m) times the squared distance is about a sum of weighted squares
    of normal numbers, whose mean is the mean difference of two rows. Whatever the weights, it exceeds that
    mean by a factor of 4.417² once in 100,000 times at most (Székely and Bakirov 2003, "Extremal
    probabilities for Gaussian quadratic forms").

    Both samples' mean differences count alike, however few rows one has: a stray row in the smaller one then
    widens the limit. One that looks narrower than the reference does not narrow it.
    """
    before = _mean_difference(reference)
    both = (before + _mean_difference(current)) / 2 if len(current) > 1 else before
    square = _RARE_SQUARE * max(before, both) * (1 / len(reference) + 1 / len(current))
    return math.sqrt(square / deviation(reference))


def _mean_difference(values: Numbers) -> float:
    """Mean absolute difference of two different rows (Gini)."""
    rows = len(values)
    if rows < 2:
        return 0.0
    weights = 2 * np.arange(1, rows + 1) - rows - 1
    return max(float(np.sum(weights * np.sort(values))) * 2 / (rows * (rows - 1)), 0.0)


ENERGY = DriftMethod(
    name="energy",
    kind="numeric",
    label="energy in reference deviations",
    distance=energy,
    by_chance=energy_by_chance,
    warn=0.2,
    fail=0.7,
)
