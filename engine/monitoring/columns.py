"""Columns made fit for Evidently, where one unfit column costs the whole report.

What makes a column unfit (all missing, new, another type, constant, endless categories) is told as a
check of its own where it says something about the data; the column is then left out of the drift tests.
"""

from dataclasses import dataclass, replace

import numpy as np

from engine.monitoring.cells import LARGEST, NOTHING, Values, as_text, column_of, folded
from engine.monitoring.config import DriftConfig, MonitoringConfig
from engine.monitoring.drift.base import DriftMethod, Kind
from engine.monitoring.range_checks import category_check, range_check, rows_outside, stuck_check
from engine.monitoring.thresholds import could_be_absent, rise_by_chance
from engine.monitoring.types import Check, EvaluationJob, Table
from engine.monitoring.verdicts import grade
from engine.tasks.registry import find_task
from engine.windows import Status

SERVED = {
    "label": "target drift",
    "prediction": "prediction drift",
    "probability": "prediction drift",
    "score": "prediction drift",
}
"""The columns that are not features, and what their drift is called."""

OUTPUTS = frozenset(SERVED) - {"label"}
"""The columns of what was served."""

OTHER = "(other)"
"""Where the categories beyond the most frequent are counted."""

_MOST_CATEGORIES = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a number warns and fails; without `fail` it only ever warns."""

    warn: float
    fail: float | None


@dataclass(frozen=True, slots=True)
class DriftTest:
    """How the drift of a column is measured.

    Attributes:
        method: The distance.
        limits: Limits on it, widened to what chance alone explains.
        warn: Distance that warns as configured, before it is widened.
    """

    method: DriftMethod
    limits: Limits
    warn: float


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the report: one kind of value.

    Attributes:
        name: Its name.
        numeric: All values are finite numbers; otherwise all are text.
        current: The window's values.
        reference: The reference's values, or none at all.
        missing: Limits on the share of missing values; `None`: not tested.
        missing_before: The share that is missing in the reference, 0 without one.
        drift: Test of the distance to the reference; `None`: not tested.
    """

    name: str
    numeric: bool
    current: Values
    reference: Values
    missing: Limits | None
    missing_before: float
    drift: DriftTest | None


@dataclass(frozen=True, slots=True)
class Screened:
    """What a report is made of.

    Attributes:
        columns: The columns of the report.
        checks: What was found on the way.
        left_out: How many features are beyond the configured most.
    """

    columns: tuple[Column, ...]
    checks: tuple[Check, ...]
    left_out: int


def screen(job: EvaluationJob, config: MonitoringConfig, task: str) -> Screened:
    """Sorts the columns by name, leaves out those beyond the limit and makes the rest fit.

    Features and labels are compared with the job's reference, outputs with those of a recent window.
    """
    data = job.reference if job.reference is not None and job.reference.rows else None
    outputs = None if job.outputs is None else job.outputs.rows
    names = {*job.current.columns, *(data.columns if data else ())}
    features = sorted(names - SERVED.keys(), key=str)
    # Pinned rows may be without labels, a window without any output: nothing to compare with.
    served = sorted(
        name for name in SERVED if name in ((outputs if name in OUTPUTS else data) or job.current).columns
    )
    columns: list[Column] = []
    checks: list[Check] = []
    classes, rows = find_task(task).classes, job.current.rows
    for name in [*features[: config.max_columns], *served]:
        as_classes = classes and name in ("label", "prediction")
        current = _values(job.current, name, rows, as_classes)
        reference = outputs if name in OUTPUTS else data
        if reference is None:
            columns.append(_alone(name, current))
            continue
        column, found = _beside(name, current, _values(reference, name, reference.rows, as_classes), config)
        columns.append(column)
        checks.extend(found)
    return Screened(tuple(columns), tuple(checks), max(len(features) - config.max_columns, 0))


def _values(table: Table, name: str, rows: int, as_classes: bool) -> Values:
    values = column_of(table, name, rows)
    return as_text(values) if as_classes else values


def _alone(name: str, current: Values) -> Column:
    """A column without a reference: how much is usual is not known, so only nothing at all warns."""
    missing = None if name in SERVED else Limits(1.0, None)
    return Column(name, False, as_text(current), NOTHING, missing, 0.0, None)


def _beside(
    name: str, current: Values, reference: Values, config: MonitoringConfig
) -> tuple[Column, list[Check]]:
    now, before = current.present, reference.present
    filled = _Filled(len(now), len(current.cells), len(before), len(reference.cells))
    missing = None if name in SERVED else _missing_limits(filled, config)
    column = Column(name, True, current, reference, missing, filled.missing_before, None)
    if not now or not before:
        return _as_text(column), _one_sided(name, filled)
    if not current.kinds <= reference.kinds:
        strange = sum(type(cell) not in reference.kinds for cell in now) / len(now)
        fail = None if name in SERVED else config.missing_fail
        return _as_text(column), [Check("type", name, strange, fail, grade(strange, 0.0, fail))]
    stuck = [] if name in SERVED else stuck_check(name, now, before)
    if name in config.drift.ignore:
        return _as_text(column), stuck
    column, found = _numeric(column, config) if reference.numbers is not None else _category(column, config)
    return column, [*stuck, *found]


def _as_text(column: Column) -> Column:
    return replace(
        column, numeric=False, current=as_text(column.current), reference=as_text(column.reference)
    )


@dataclass(frozen=True, slots=True)
class _Filled:
    """How many rows have a value, of how many, in the window and in the reference."""

    now: int
    rows: int
    before: int
    reference_rows: int

    @property
    def missing_before(self) -> float:
        return (self.reference_rows - self.before) / self.reference_rows


def _missing_limits(filled: _Filled, config: MonitoringConfig) -> Limits:
    """Limits on the missing share itself, as Evidently tests it, from the limits on its rise."""
    share, before = (filled.rows - filled.now) / filled.rows, filled.missing_before
    chance = rise_by_chance(share, filled.rows, before, filled.reference_rows)
    fail = before + max(config.missing_fail, chance)
    if filled.before and not could_be_absent(filled.before, filled.reference_rows, filled.rows):
        # A column that had values and has none at all any more failed, however few they were.
        fail = min(fail, 1.0)
    return Limits(min(before + max(config.missing_warn, chance), fail), fail)


def _one_sided(name: str, filled: _Filled) -> list[Check]:
    """A column with values only now; one with values only before is told by what is missing, or by labels."""
    if filled.now and not could_be_absent(filled.now, filled.rows, filled.reference_rows):
        return [Check("new column", name, filled.now / filled.rows, None, "warn")]
    return []


def _numeric(column: Column, config: MonitoringConfig) -> tuple[Column, list[Check]]:
    now, before = column.current.measured, column.reference.measured
    low, high = float(np.min(before)), float(np.max(before))
    rounding = 1e-12 * max(abs(low), abs(high))
    if high - low <= max(rounding, 1 / LARGEST):
        # No spread, no unit to measure a distance in.
        others = rows_outside(now, low - rounding, high + rounding)
        status: Status = "pass" if could_be_absent(others, len(now), len(before)) else "warn"
        return _as_text(column), [Check("constant", column.name, others / len(now), None, status)]
    checks: list[Check] = []
    if _as_usual(column.name, "numeric", config.drift):
        checks = range_check(column.name, now, (low, high), len(before), config)
    return _tested(column, "numeric", config.drift), checks


def _category(column: Column, config: MonitoringConfig) -> tuple[Column, list[Check]]:
    column = _as_text(column)
    before, now = column.reference.counts, column.current.counts
    if len(before.keys() | now.keys()) > _MOST_CATEGORIES:
        kept = set(sorted(before, key=lambda name: (-before[name], name))[: _MOST_CATEGORIES - 1])
        if sum(before[name] for name in kept) < before.total() / 2:
            return column, []  # free text or an identifier: its categories do not come back
        current, reference = (folded(side, kept, OTHER) for side in (column.current, column.reference))
        column = replace(column, current=current, reference=reference)
    checks: list[Check] = []
    if _as_usual(column.name, "category", config.drift):
        checks = category_check(column.name, now, before, config)
    return _tested(column, "category", config.drift), checks


def _as_usual(name: str, kind: Kind, config: DriftConfig) -> bool:
    """Whether the common limits hold: limits of its own say how far a column may go, wherever that is."""
    own = config.own_limits(name, kind)
    only_method = own is not None and own.method is not None and own.warn is None and own.fail is None
    return name not in SERVED and (own is None or only_method)


def _tested(column: Column, kind: Kind, config: DriftConfig) -> Column:
    """With its drift test: the column's own limits as written, the common ones not below what chance does."""
    name = column.name
    method, warn, fail = config.of_column(name, kind)
    own = config.own_limits(name, kind)
    own_warn, own_fail = (own.warn, own.fail) if own else (None, None)
    chance = 0.0
    if own_warn is None or own_fail is None:
        chance = method.by_chance(column.reference.measured, column.current.measured)
    configured = warn if own_warn is None else own_warn
    warns = max(warn, chance) if own_warn is None else own_warn
    if own_fail is None and name in SERVED:
        return replace(column, drift=DriftTest(method, Limits(warns, None), configured))
    fails = max(fail, chance) if own_fail is None else own_fail
    return replace(column, drift=DriftTest(method, Limits(min(warns, fails), fails), configured))
