"""First Wasserstein distance between two samples of numbers."""

import math

import numpy as np

from engine.monitoring.drift.base import DriftMethod, Numbers
from engine.monitoring.thresholds import DEVIATIONS, deviation


def wasserstein(reference: Numbers, current: Numbers) -> float:
    """First Wasserstein distance, in standard deviations of the reference.

    It is the area between the two distribution functions (Vallender 1974). Evidently divides by 0.001 where
    the deviation is smaller, so that columns in small units never drift.

    >>> wasserstein([0.0, 2.0], [3.0, 5.0])
    3.0
    """
    both = np.concatenate([reference, current])
    order = np.argsort(both, kind="stable")
    gaps, is_before = np.diff(both[order]), order[:-1] < len(reference)
    # Between equal values, where the shares are not yet those of the functions, the gap is 0.
    share, other = np.cumsum(is_before) / len(reference), np.cumsum(~is_before) / len(current)
    return float(np.sum(np.abs(share - other) * gaps)) / deviation(reference)


def wasserstein_by_chance(reference: Numbers, current: Numbers) -> float:
    """Distance that chance alone explains, in standard deviations of the reference.

    The deviation within both samples stands for the true one: with a long tail the reference's own is
    often far too small, and up to about 20 stray rows cannot be told from such a tail.
    """
    before, now = len(reference), len(current)
    usual = deviation(reference)
    within = (now * deviation(current) ** 2 + before * usual**2) / (now + before)
    return DEVIATIONS * math.sqrt(within * (1 / now + 1 / before)) / usual


WASSERSTEIN = DriftMethod(
    name="wasserstein",
    kind="numeric",
    label="wasserstein in reference deviations",
    distance=wasserstein,
    by_chance=wasserstein_by_chance,
    warn=0.25,
    fail=1.0,
)
