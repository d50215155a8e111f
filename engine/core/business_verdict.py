"""Business metrics as a part of a window's verdict, which is how they open suspicions."""

import math
from collections.abc import Mapping

from msgspec.structs import replace

from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.config import BusinessConfig
from engine.monitoring.types import Check, Verdict
from engine.monitoring.verdicts import summary, worst


def with_business(
    verdict: Verdict, business: Mapping[str, BusinessTotal], config: Mapping[str, BusinessConfig]
) -> Verdict:
    """The verdict, joined with what the limits say of the window's business metrics.

    The worst status wins. Of a window that could not be judged the data are unknown: a business metric
    that fails makes it fail, but none makes it better than `unjudged`.
    """
    checks = [
        check
        for name, total in business.items()
        if (check := _check(name, total.mean, config[name])) is not None
    ]
    if not checks:
        return verdict
    status = worst(checks)
    if verdict.status == "unjudged":
        status = "fail" if status == "fail" else "unjudged"
    else:
        status = max(status, verdict.status, key=("pass", "warn", "fail").index)
    reason = "; ".join(text for text in (summary(checks), verdict.reason) if text)
    return replace(verdict, status=status, reason=reason, checks=(*verdict.checks, *checks))


def amounts(business: Mapping[str, BusinessTotal]) -> dict[str, float]:
    """Sum and mean of each business metric, for the report; those that are not finite cannot be shown.

    >>> amounts({"revenue": BusinessTotal(2, 0, 30.0), "none yet": BusinessTotal()})
    {'revenue sum': 30.0, 'revenue mean': 15.0, 'none yet sum': 0.0}
    """
    found = {}
    for name, total in business.items():
        for what, value in (("sum", total.total), ("mean", total.mean)):
            if value is not None and math.isfinite(value):
                found[f"{name} {what}"] = value
    return found


def _check(name: str, mean: float | None, limits: BusinessConfig) -> Check | None:
    """What the limits say of a mean; `None` without limits, or without a value in the whole window."""
    warn, fail = limits.warn_below, limits.fail_below
    if mean is None or (warn is None and fail is None):
        return None
    if fail is not None and mean < fail:
        return Check("business", name, mean, fail, "fail")
    if warn is not None and mean < warn:
        return Check("business", name, mean, warn, "warn")
    return Check("business", name, mean, fail if warn is None else warn, "pass")
