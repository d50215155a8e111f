"""Columns made fit for Evidently, where one unfit column costs the whole report.

What makes a column unfit (all missing, new, another type, constant, endless categories) is told as a
check of its own where it says something about the data; the column is then left out of the drift tests.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.monitoring.config import DriftConfig, MonitoringConfig
from engine.monitoring.drift.base import DriftMethod, Kind
from engine.monitoring.range_checks import category_check, range_check, stuck_check
from engine.monitoring.thresholds import could_be_absent, rise_by_chance
from engine.monitoring.types import Cell, Check, EvaluationJob, Table
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
_LARGEST = 1e100
"""Numbers beyond are taken as missing: their squares, and with them a report, would overflow."""

Clean = bool | float | str | None


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
    """A column of the report: one kind of value, `None` where there is none.

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
    current: Sequence[float | str | None]
    reference: Sequence[float | str | None]
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
    classes = find_task(task).classes
    for name in [*features[: config.max_columns], *served]:
        as_classes = classes and name in ("label", "prediction")
        current = _cells(job.current, name, as_classes)
        reference = outputs if name in OUTPUTS else data
        if reference is None:
            columns.append(_alone(name, current))
            continue
        column, found = _beside(name, current, _cells(reference, name, as_classes), config)
        columns.append(column)
        checks.extend(found)
    return Screened(tuple(columns), tuple(checks), max(len(features) - config.max_columns, 0))


def _cells(table: Table, name: str, as_classes: bool) -> list[Clean]:
    cells = [_clean(cell) for cell in table.columns.get(name, ())]
    # A column that is not in the table, or is cut short, has no values there.
    cells.extend([None] * (table.rows - len(cells)))
    return [_text(cell) for cell in cells] if as_classes else cells


def _clean(cell: Cell) -> Clean:
    if cell is None or isinstance(cell, bool | str):
        return cell
    try:
        number = float(cell)
    except OverflowError:
        return None
    return number if abs(number) <= _LARGEST else None  # not a number is not below anything either


def _text(cell: Clean) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    return str(cell).lower() if isinstance(cell, bool) else f"{cell:.12g}"


def _alone(name: str, current: Sequence[Clean]) -> Column:
    """A column without a reference: how much is usual is not known, so only nothing at all warns."""
    missing = None if name in SERVED else Limits(1.0, None)
    return Column(name, False, [_text(cell) for cell in current], [], missing, 0.0, None)


def _beside(
    name: str, current: Sequence[Clean], reference: Sequence[Clean], config: MonitoringConfig
) -> tuple[Column, list[Check]]:
    now, before = _present(current), _present(reference)
    filled = _Filled(len(now), len(current), len(before), len(reference))
    plain = Column(
        name=name,
        numeric=False,
        current=[_text(cell) for cell in current],
        reference=[_text(cell) for cell in reference],
        missing=None if name in SERVED else _missing_limits(filled, config),
        missing_before=filled.missing_before,
        drift=None,
    )
    if not now or not before:
        return plain, _one_sided(name, filled)
    kinds = {type(cell) for cell in before}
    strange = sum(type(cell) not in kinds for cell in now) / len(now)
    if strange:
        fail = None if name in SERVED else config.missing_fail
        return plain, [Check("type", name, strange, fail, grade(strange, 0.0, fail))]
    stuck = [] if name in SERVED else stuck_check(name, now, before)
    if name in config.drift.ignore:
        return plain, stuck
    if kinds == {float}:
        column, found = _numeric(plain, current, reference, config)
    else:
        column, found = _category(plain, config)
    return column, [*stuck, *found]


def _present(cells: Sequence[Clean]) -> list[bool | float | str]:
    return [cell for cell in cells if cell is not None]


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


def _numeric(
    plain: Column, current: Sequence[Clean], reference: Sequence[Clean], config: MonitoringConfig
) -> tuple[Column, list[Check]]:
    now, before = _numbers(current), _numbers(reference)
    kept, was = [x for x in now if x is not None], [x for x in before if x is not None]
    low, high = min(was), max(was)
    rounding = 1e-12 * max(abs(low), abs(high))
    if high - low <= max(rounding, 1 / _LARGEST):
        # No spread, no unit to measure a distance in.
        others = sum(not low - rounding <= value <= high + rounding for value in kept)
        status: Status = "pass" if could_be_absent(others, len(kept), len(was)) else "warn"
        return plain, [Check("constant", plain.name, others / len(kept), None, status)]
    drift = config.drift
    checks = range_check(plain.name, kept, was, config) if _as_usual(plain.name, "numeric", drift) else []
    test = _drift_test(plain.name, "numeric", was, kept, drift)
    return Column(plain.name, True, now, before, plain.missing, plain.missing_before, test), checks


def _numbers(cells: Sequence[Clean]) -> list[float | None]:
    return [cell if isinstance(cell, float) else None for cell in cells]


def _category(plain: Column, config: MonitoringConfig) -> tuple[Column, list[Check]]:
    before = Counter(cell for cell in plain.reference if cell is not None)
    now = Counter(cell for cell in plain.current if cell is not None)
    current, reference = plain.current, plain.reference
    if len(before.keys() | now.keys()) > _MOST_CATEGORIES:
        kept = set(sorted(before, key=lambda name: (-before[name], name))[: _MOST_CATEGORIES - 1])
        if sum(before[name] for name in kept) < before.total() / 2:
            return plain, []  # free text or an identifier: its categories do not come back
        current, reference = _fold(current, kept), _fold(reference, kept)
    drift = config.drift
    checks: list[Check] = []
    if _as_usual(plain.name, "category", drift):
        checks = category_check(plain.name, list(now.elements()), list(before.elements()), config)
    test = _drift_test(plain.name, "category", _present(reference), _present(current), drift)
    return Column(plain.name, False, current, reference, plain.missing, plain.missing_before, test), checks


def _as_usual(name: str, kind: Kind, config: DriftConfig) -> bool:
    """Whether the common limits hold: limits of its own say how far a column may go, wherever that is."""
    own = config.own_limits(name, kind)
    only_method = own is not None and own.method is not None and own.warn is None and own.fail is None
    return name not in SERVED and (own is None or only_method)


def _fold(cells: Sequence[float | str | None], kept: set[float | str]) -> list[float | str | None]:
    return [cell if cell is None or cell in kept else OTHER for cell in cells]


def _drift_test(
    name: str, kind: Kind, reference: Sequence[Clean], current: Sequence[Clean], config: DriftConfig
) -> DriftTest:
    """The column's own limits as written, the common ones not below what chance does."""
    method, warn, fail = config.of_column(name, kind)
    own = config.own_limits(name, kind)
    own_warn, own_fail = (own.warn, own.fail) if own else (None, None)
    chance = method.by_chance(reference, current) if own_warn is None or own_fail is None else 0.0
    configured = warn if own_warn is None else own_warn
    warns = max(warn, chance) if own_warn is None else own_warn
    if own_fail is None and name in SERVED:
        return DriftTest(method, Limits(warns, None), configured)
    fails = max(fail, chance) if own_fail is None else own_fail
    return DriftTest(method, Limits(min(warns, fails), fails), configured)
