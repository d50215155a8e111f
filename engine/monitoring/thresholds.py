"""From where on a number is more than chance.

The limits of the configuration are meant for windows of about a thousand rows. With fewer rows, many
categories or a long tail, clean data reach them. What is here, and the `by_chance` of each drift method,
gives the value that clean data reach about once in 100,000 columns; a common limit is never below it.
"""

import functools
import math

import numpy as np

from engine.monitoring.drift.base import Numbers

DEVIATIONS = 4.5
"""Standard errors; a little above the 4.26 of a normal mean, for the shape of the Wasserstein distance."""

_CHI_SQUARE_DEVIATIONS = 4.26
_RARE = 1e-5


def rare_chi_square(freedom: int) -> float:
    """Value that chi-square exceeds once in 100,000 times (Wilson and Hilferty 1931).

    Args:
        freedom: Degrees of freedom, at least 1.

    >>> round(rare_chi_square(9), 1)
    40.0
    """
    root: float = 1 - 2 / (9 * freedom) + _CHI_SQUARE_DEVIATIONS * math.sqrt(2 / (9 * freedom))
    return freedom * root**3


def rise_by_chance(current_share: float, current: int, reference_share: float, reference: int) -> float:
    """The rise of a share from `reference` rows to `current` rows that chance alone explains."""
    both = (current_share * current + reference_share * reference) / (current + reference)
    return DEVIATIONS * math.sqrt(both * (1 - both) * (1 / current + 1 / reference))


def share_by_chance(share: float, rows: int) -> float:
    """The share of so many rows that a true share reaches by chance.

    >>> round(share_by_chance(0.05, 1000), 3), round(share_by_chance(0.5, 20), 2)
    (0.081, 1.0)
    """
    return min(share + DEVIATIONS * math.sqrt(share * (1 - share) / rows), 1.0)


def could_be_absent(rows_with: int, rows: int, rows_elsewhere: int) -> bool:
    """Whether `rows_with` of some rows may have a thing, and none of the rows elsewhere, by chance.

    If it were as frequent in both, each of the rows that have it had `rows` out of all to be here.

    >>> could_be_absent(16, 1000, 1000), could_be_absent(17, 1000, 1000)
    (True, False)
    """
    return (rows / (rows + rows_elsewhere)) ** rows_with >= _RARE


def deviation(values: Numbers) -> float:
    """Standard deviation of the values themselves, summed exactly so that their order does not matter."""
    return _deviation(np.asarray(values, dtype=float).tobytes())


@functools.lru_cache(maxsize=256)
def _deviation(content: bytes) -> float:
    """Asked for thrice in a window, and of the same reference in every one."""
    numbers = np.frombuffer(content).tolist()
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum([(value - mean) ** 2 for value in numbers]) / len(numbers))
