"""River's running means and variances."""

import math
from typing import Any

from river.stats import Mean, Var

from engine.models.native.recognition import attributes, expect

Moments = tuple[float, float, float]
"""How many numbers there were, their mean, and the sum of squares about it."""


def whole(found: Any) -> float:
    """A weight that is a whole number: each record weighs one."""
    expect(type(found) is float and found.is_integer() and 0 <= found < 2**52)
    return float(found)


def finite(found: Any) -> float:
    """A float that River has computed."""
    expect(type(found) is float and math.isfinite(found))
    return float(found)


def variance(found: Any, ddof: int = 1) -> Moments:
    """What is known of numbers, whose variance is that of a sample unless `ddof` is 0."""
    known = attributes(found, Var, ("ddof", "mean", "_S"))
    mean = attributes(known["mean"], Mean, ("n", "_mean"))
    expect(type(known["ddof"]) is int and known["ddof"] == ddof)
    return whole(mean["n"]), finite(mean["_mean"]), finite(known["_S"])


def write_variance(found: Any, moments: Moments) -> None:
    """Brings a variance up to date."""
    found.mean.n, found.mean._mean, found._S = moments
