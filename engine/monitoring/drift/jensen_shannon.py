"""Jensen-Shannon distance between two samples of categories."""

import math
from collections import Counter

from engine.monitoring.drift.base import Categories, DriftMethod
from engine.monitoring.thresholds import rare_chi_square


def jensen_shannon(reference: Categories, current: Categories) -> float:
    """Jensen-Shannon distance with the natural logarithm: 0 to 0.8326.

    Evidently sums in the order of a set, which for text differs from process to process; here the sum is
    exact.

    >>> round(jensen_shannon(["a", "b"], ["c"]), 4)
    0.8326
    """
    before, now = Counter(reference), Counter(current)
    rows = before.total(), now.total()
    terms: list[float] = []
    for name in before.keys() | now.keys():
        shares = before[name] / rows[0], now[name] / rows[1]
        terms.extend(share * math.log(2 * share / sum(shares)) / 2 for share in shares if share)
    return math.sqrt(max(math.fsum(terms), 0.0))


def jensen_shannon_by_chance(reference: Categories, current: Categories) -> float:
    """Distance that chance alone explains.

    4 n times its square is the G statistic of two samples of n rows: chi-square with one degree of freedom
    less than there are categories.

    >>> round(jensen_shannon_by_chance(["a"] * 1000, ["b"] * 1000), 3)
    0.074
    """
    categories = len({*reference, *current})
    if categories < 2:
        return 0.0
    before, now = Counter(reference).total(), Counter(current).total()
    rows = 2 * now * before / (now + before)
    return math.sqrt(rare_chi_square(categories - 1) / (4 * rows))


JENSEN_SHANNON = DriftMethod(
    name="jensen_shannon",
    kind="category",
    label="jensenshannon in exact sums",
    distance=jensen_shannon,
    by_chance=jensen_shannon_by_chance,
    warn=0.15,
    fail=0.4,
    largest=math.sqrt(math.log(2)),
)
