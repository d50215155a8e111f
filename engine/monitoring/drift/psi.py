"""Population stability index of binned counts, which the first look uses.

It is no `DriftMethod`: it compares counts of every example, not the sampled values of a window.
"""

import math
from collections.abc import Sequence

from engine.monitoring.thresholds import rare_chi_square

_EXTRA = 0.5
"""Events added to each bin, so that no share is 0."""


def psi(reference: Sequence[int], current: Sequence[int]) -> float:
    """Population stability index of two rows of counts, bin by bin.

    >>> psi([100, 200, 300], [10, 20, 30]) < 0.001, round(psi([100, 200, 300], [30, 20, 10]), 2)
    (True, 0.71)
    """
    all_now, all_before = (sum(counts) + _EXTRA * len(counts) for counts in (current, reference))
    terms = []
    for now, before in zip(current, reference, strict=True):
        p, q = (now + _EXTRA) / all_now, (before + _EXTRA) / all_before
        terms.append((p - q) * math.log(p / q))
    return math.fsum(terms)


def psi_by_chance(bins: int, reference: int, current: int) -> float:
    """Population stability index that chance alone explains.

    Of two samples of n and m rows, n m / (n + m) times it is about chi-square with one degree of freedom less
    than there are bins (Yurdakul and Naranjo 2020, "Statistical properties of the population stability
    index").

    Args:
        bins: Number of bins.
        reference: Rows counted in the reference.
        current: Rows counted in the window.

    >>> round(psi_by_chance(10, 1000, 1000), 3), round(psi_by_chance(10, 1000, 5000), 3)
    (0.08, 0.048)
    """
    return rare_chi_square(bins - 1) * (1 / current + 1 / reference) if bins > 1 else 0.0
