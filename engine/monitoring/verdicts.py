"""From numbers and limits to statuses, and from checks to one line of plain words."""

import math
from collections.abc import Sequence

from engine.monitoring.types import Check
from engine.windows import Status

_ORDER: dict[Status, int] = {"pass": 0, "warn": 1, "fail": 2, "unjudged": 3}
_MOST_NAMED = 6


WORDS = {
    "drift": "{name} drifted {value:.3g} (limit {limit:.3g})",
    "target drift": "{name} drifted {value:.3g} (limit {limit:.3g})",
    "prediction drift": "{name} drifted {value:.3g} (limit {limit:.3g})",
    "adaptation": "{name} moved as the model learned",
    "psi": "{name} moved, PSI {value:.3g} (limit {limit:.3g})",
    "missing": "{name} missing +{value:.2g} (limit {limit:.2g})",
    "type": "{name} changed type in {value:.1%} of its values",
    "new column": "{name} is not in the reference",
    "constant": "{name} was constant in the reference, now {value:.1%} of its values differ",
    "range": "{name} is outside the reference's range in {value:.1%} of its values",
    "new categories": "{name} has new categories in {value:.1%} of its values",
    "stuck": "{name} has a single value",
    "drifted columns": "{value:.0%} of the features drifted (limit {limit:.0%})",
    "duplicates": "the share of repeated rows rose by {value:.2g} (limit {limit:.2g})",
    "labels": "the labelled share fell by {value:.2g} (limit {limit:.2g})",
    "rejected": "{value:.0%} of the records were rejected (limit {limit:.0%})",
    "unmatched": "{value:.0%} of the labels found no prediction (limit {limit:.0%})",
    "expired": "{value:.0%} of the predictions got no label in time (limit {limit:.0%})",
    "not learned": "{value:.0%} of the labelled examples could not be learned (limit {limit:.0%})",
    "null outputs": "{value:.0%} of the predictions are null (limit {limit:.0%})",
    "quality": "{name} is {value:.4g} (limit {limit:.4g})",
    "quality drop": "{name} is worse than on the reference by {value:.4g} (limit {limit:.4g})",
    "extra": "own test: {name}",
    "business": "{name} was worth {value:.4g} on average, below {limit:.4g}",
}
"""What each check says."""


def grade(value: float, warn: float, fail: float | None) -> Status:
    """The status of a number: a limit counts as passed over when it is reached. No `fail`: warns at most.

    Raises:
        ValueError: When the value is not finite, since every comparison with it would pass.
    """
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number to compare with {warn}, got {value}")
    if fail is not None and value >= fail:
        return "fail"
    return "warn" if value >= warn else "pass"


def worst(checks: Sequence[Check]) -> Status:
    """The worst status among the checks; `pass` when there are none."""
    return max((check.status for check in checks), key=_ORDER.__getitem__, default="pass")


def summary(checks: Sequence[Check]) -> str:
    """The checks that did not pass, in words, the failed ones first; empty when all passed.

    >>> summary([Check("drift", "hour", 270.1, 1.0, "fail"), Check("missing", "temp", 0.01, 0.05, "pass")])
    'hour drifted 270 (limit 1)'
    """
    found = sorted(
        (check for check in checks if check.status != "pass"), key=lambda check: -_ORDER[check.status]
    )
    named = [words(check) for check in found[:_MOST_NAMED]]
    if len(found) > _MOST_NAMED:
        named.append(f"and {len(found) - _MOST_NAMED} more")
    return "; ".join(named)


def words(check: Check) -> str:
    """What a check says, with its numbers.

    >>> words(Check("stuck", "temp", None, None, "warn"))
    'temp has a single value'
    """
    return WORDS[check.name].format(name=check.column, value=check.value, limit=check.limit)
