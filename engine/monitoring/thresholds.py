"""From where on a number is more than chance: the limits for so and so many rows.

The limits of the configuration are meant for windows of about a thousand rows. With fewer rows, many
categories or a long tail, clean data reaches them. Each function here gives the value that clean data
reaches about once in 100,000 columns; a common limit is never below it.
"""

import math
from collections.abc import Sequence

_DEVIATIONS = 4.5
"""Standard errors; a little above the 4.26 of a normal mean, for the shape of the Wasserstein distance."""
_CHI_SQUARE_DEVIATIONS = 4.26
_RARE = 1e-5


def wasserstein_by_chance(current: Sequence[float], reference: Sequence[float]) -> float:
    """The normed Wasserstein distance that chance alone explains, in deviations of the reference.

    The deviation within both samples stands for the true one: with a long tail the reference's own is
    often far too small, and up to about 20 stray rows cannot be told from such a tail.
    """
    now, before = len(current), len(reference)
    usual = deviation(reference)
    within = (now * deviation(current) ** 2 + before * usual**2) / (now + before)
    return _DEVIATIONS * math.sqrt(within * (1 / now + 1 / before)) / usual


def jensen_shannon_by_chance(categories: int, current: int, reference: int) -> float:
    """The Jensen-Shannon distance that chance alone explains.

    4 n times its square is the G statistic of two samples of n rows: chi-square with one degree of freedom
    less than there are categories; its quantile by Wilson and Hilferty (1931).

    >>> round(jensen_shannon_by_chance(2, 1000, 1000), 3), round(jensen_shannon_by_chance(8, 50, 1000), 3)
    (0.074, 0.308)
    """
    if categories < 2:
        return 0.0
    rows = 2 * current * reference / (current + reference)
    return math.sqrt(_chi_square(categories - 1) / (4 * rows))


def psi_by_chance(bins: int, current: int, reference: int) -> float:
    """The population stability index that chance alone explains.

    Of two samples of n and m rows, n m / (n + m) times it is about chi-square with one degree of freedom less
    than there are bins (Yurdakul and Naranjo 2020, "Statistical properties of the population stability
    index").

    >>> round(psi_by_chance(10, 1000, 1000), 3), round(psi_by_chance(10, 5000, 1000), 3)
    (0.08, 0.048)
    """
    return _chi_square(bins - 1) * (1 / current + 1 / reference) if bins > 1 else 0.0


def _chi_square(freedom: int) -> float:
    root: float = 1 - 2 / (9 * freedom) + _CHI_SQUARE_DEVIATIONS * math.sqrt(2 / (9 * freedom))
    return freedom * root**3


def rise_by_chance(current_share: float, current: int, reference_share: float, reference: int) -> float:
    """The rise of a share from `reference` rows to `current` rows that chance alone explains."""
    both = (current_share * current + reference_share * reference) / (current + reference)
    return _DEVIATIONS * math.sqrt(both * (1 - both) * (1 / current + 1 / reference))


def could_be_absent(rows_with: int, rows: int, rows_elsewhere: int) -> bool:
    """Whether `rows_with` of some rows may have a thing, and none of the rows elsewhere, by chance.

    If it were as frequent in both, each of the rows that have it had `rows` out of all to be here.

    >>> could_be_absent(16, 1000, 1000), could_be_absent(17, 1000, 1000)
    (True, False)
    """
    return (rows / (rows + rows_elsewhere)) ** rows_with >= _RARE


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of the values themselves; summed exactly, so that their order is nothing."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
