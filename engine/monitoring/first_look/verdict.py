"""From counts to a first verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.drift.psi import psi, psi_by_chance
from engine.monitoring.first_look.bins import Bins
from engine.monitoring.thresholds import rise_by_chance
from engine.monitoring.types import Check
from engine.monitoring.verdicts import grade, summary, worst
from engine.windows import Status


class ColumnCounts(Struct, forbid_unknown_fields=True):
    """Counts of one column since the last window closed.

    Attributes:
        places: Values in each bin or category.
        missing: Examples without a value.
        strange: Values of another kind than the reference's.
    """

    places: list[int]
    missing: int = 0
    strange: int = 0


@dataclass(frozen=True, slots=True)
class PreliminaryVerdict:
    """The first verdict on what was predicted between the close of the last window and that of this one.

    Attributes:
        key: The model key.
        window: The window that closes.
        time: Event time of its close.
        rows: Examples counted; all of them, not a sample.
        rejected: Records rejected in the same time.
        warned: Records that went on with a breach.
        status: The worst of the checks.
        reason: Those that did not pass, in words; why there are none.
        checks: PSI, missing values and values of another type, by column.
    """

    key: str
    window: int
    time: float
    rows: int
    rejected: int
    warned: int
    status: Status
    reason: str
    checks: tuple[Check, ...]


def look(
    counted: Mapping[Any, ColumnCounts], bins: Mapping[str, Bins], rows: int, config: MonitoringConfig
) -> tuple[Status, str, tuple[Check, ...]]:
    """Status, reason and checks."""
    checks: list[Check] = []
    for name, of in bins.items():
        found = counted[name]
        checks.extend(_missing(name, found, of, rows, config))
        if found.strange:
            checks.append(Check("type", name, found.strange / rows, None, "warn"))
        now, before = _cells(found.places, of)
        if sum(now):
            checks.append(_drift(name, now, before, config))
    return worst(checks), summary(checks), tuple(checks)


def _cells(places: list[int], of: Bins) -> tuple[list[int], list[int]]:
    """Counts now and before; numbers beyond the reference's ends belong to its outermost bins."""
    if not of.numeric:
        return places, list(of.before)
    now = places[1:-1]
    now[0] += places[0]
    now[-1] += places[-1]
    return now, list(of.before[1:-1])


def _missing(name: str, found: ColumnCounts, of: Bins, rows: int, config: MonitoringConfig) -> list[Check]:
    share, before = found.missing / rows, of.missing / of.rows
    chance = rise_by_chance(share, rows, before, of.rows)
    warn, fail = max(config.missing_warn, chance), max(config.missing_fail, chance)
    status = grade(share - before, warn, fail)
    return [Check("missing", name, share - before, fail if status == "fail" else warn, status)]


def _drift(name: str, now: list[int], before: list[int], config: MonitoringConfig) -> Check:
    value = psi(before, now)
    chance = psi_by_chance(len(before), sum(before), sum(now))
    warn = max(config.first_look.psi_warn, chance)
    fail = max(config.first_look.psi_fail, chance)
    status = grade(value, warn, fail)
    return Check("psi", name, value, fail if status == "fail" else warn, status)
