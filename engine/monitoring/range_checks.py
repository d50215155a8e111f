"""Values that the reference has not: outside its range, in new categories; and columns that got stuck.

Each limit is widened to what clean data reaches about once in 100,000 columns, as in `limits`.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.drift.base import Numbers
from engine.monitoring.thresholds import could_be_absent
from engine.monitoring.types import Check
from engine.monitoring.verdicts import grade

_RARE = 1e-5
_DEVIATIONS = 4.5


def rows_outside(values: Numbers, low: float, high: float) -> int:
    """How many values are below `low` or above `high`."""
    found = np.asarray(values)
    return int(np.count_nonzero((found < low) | (found > high)))


def range_check(
    name: str, now: Numbers, span: tuple[float, float], before: int, config: MonitoringConfig
) -> list[Check]:
    """The share of numbers outside the reference's smallest to largest.

    Of a further number, each of the two ends is passed with a chance of one in one more than there were.

    Args:
        name: The column.
        now: The window's values.
        span: The smallest and the largest of the reference.
        before: How many values the reference has.
        config: The limits.
    """
    chance = 2 / (before + 1)
    expected = chance, chance * (1 - chance) / before
    return _check(("range", name), (rows_outside(now, *span), len(now), before), expected, config)


def category_check(
    name: str, now: Counter[Any], before: Counter[Any], config: MonitoringConfig
) -> list[Check]:
    """The share of values in categories that the reference has not, from how often each category comes.

    By chance it is the share of the reference that is in categories of one row, give or take what those of
    one and two rows leave open (Good 1953).
    """
    new = sum(count for value, count in now.items() if value not in before)
    rows, counts = before.total(), list(before.values())
    once, twice = counts.count(1), counts.count(2)
    expected = once / rows, (once + 2 * twice) / rows**2
    return _check(("new categories", name), (new, now.total(), rows), expected, config)


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
    value = now[0]
    if now[-1] != value or now.count(value) != len(now):
        return []
    same = before.count(value)
    if same > len(before) / 2 or ((same + 1) / (len(before) + 2)) ** len(now) >= _RARE:
        return []
    return [Check("stuck", name, None, None, "warn")]
