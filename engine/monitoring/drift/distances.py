"""How far a column has moved from the reference: two distances.

They are ours and not Evidently's, which divides the Wasserstein distance by 0.001 where the deviation is
smaller, so that small units never drift, and sums the Jensen-Shannon distance in the order of a set, which
for text differs from process to process.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from engine.monitoring.thresholds import deviation


def wasserstein(reference: Sequence[float], current: Sequence[float]) -> float:
    """The first Wasserstein distance of two samples, in standard deviations of the reference.

    It is the area between the two distribution functions (Vallender 1974).

    >>> wasserstein([0.0, 2.0], [3.0, 5.0])
    3.0
    """
    before, now = np.sort(reference), np.sort(current)
    both = np.sort(np.concatenate([before, now]))
    gaps, points = np.diff(both), both[:-1]
    shares = [np.searchsorted(one, points, "right") / len(one) for one in (before, now)]
    return float(np.sum(np.abs(shares[0] - shares[1]) * gaps)) / deviation(reference)


def jensen_shannon(reference: Sequence[object], current: Sequence[object]) -> float:
    """The Jensen-Shannon distance of two samples of categories, natural logarithm: 0 to 0.8326.

    >>> round(jensen_shannon(["a", "b"], ["c"]), 4)
    0.8326
    """
    before, now = Counter(reference), Counter(current)
    terms: list[float] = []
    for name in before.keys() | now.keys():
        shares = before[name] / before.total(), now[name] / now.total()
        terms.extend(share * math.log(2 * share / sum(shares)) / 2 for share in shares if share)
    return math.sqrt(max(math.fsum(terms), 0.0))
