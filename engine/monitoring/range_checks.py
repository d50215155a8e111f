"""Values that the reference has not: outside its range, in new categories; and columns that got stuck.

Each limit is widened to what clean data reaches about once in 100,000 columns, as in `limits`.
"""

import math
from collections import Counter
from collections.abc import Sequence

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.thresholds import could_be_absent
from engine.monitoring.types import Check
from engine.monitoring.verdicts import grade

_RARE = 1e-5
_DEVIATIONS = 4.5


def range_check(
    name: str, now: Sequence[float], before: Sequence[float], config: MonitoringConfig
) -> list[Check]:
    """The share of numbers outside the reference's smallest to largest.

    Of a further number, each of the two ends is passed with a chance of one in one more than there were.
    """
    low, high = min(before), max(before)
    outside = sum(not low <= value <= high for value in now)
    chance = 2 / (len(before) + 1)
    expected = chance, chance * (1 - chance) / len(before)
    return _check(("range", name), (outside, len(now), len(before)), expected, config)


def category_check(
    name: str, now: Sequence[object], before: Sequence[object], config: MonitoringConfig
) -> list[Check]:
    """The share of values in categories that the reference has not.

    By chance it is the share of the reference that is in categories of one row, give or take what those of
    one and two rows leave open (Good 1953).
    """
    known = Counter(before)
    new = sum(value not in known for value in now)
    once = sum(count == 1 for count in known.values())
    twice = sum(count == 2 for count in known.values())
    expected = once / len(before), (once + 2 * twice) / len(before) ** 2
    return _check(("new categories", name), (new, len(now), len(before)), expected, config)


def _check(
    of: tuple[str, str],
    counts: tuple[int, int, int],
    expected: tuple[float, float],
    config: MonitoringConfig,
) -> list[Check]:
    """The check on a share, from how many are new, of how many, and how many are known.

    What is expected is the share by chance, and the variance of how well that is known.
    """
    chance, unknown = expected
    new, rows, before = counts
    share = new / rows
    spread = _DEVIATIONS * math.sqrt(chance * (1 - chance) / rows + unknown)
    warn = max(config.unseen_warn, chance + spread)
    fail = max(config.unseen_fail, chance + spread)
    status = "pass" if could_be_absent(new, rows, before) else grade(share, warn, fail)
    return [Check(*of, share, fail if status == "fail" else warn, status)]


def stuck_check(name: str, now: Sequence[object], before: Sequence[object]) -> list[Check]:
    """A column with a single value, where the reference has several and chance does not explain it.

    Not where most of the reference has that value too: rain is 0 for a dry week, and rows of a stream are
    more alike than chance has it.
    """
    if not now or any(value != now[0] for value in now):
        return []
    same = sum(value == now[0] for value in before)
    if same > len(before) / 2 or ((same + 1) / (len(before) + 2)) ** len(now) >= _RARE:
        return []
    return [Check("stuck", name, None, None, "warn")]
