"""What a window is measured by, and what the limits say of it: no report is needed for that.

The numbers are those that Evidently computes of the same rows, which a test holds; it takes a second for
what takes some hundredths here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.monitoring.adaptation import FEWEST_LABELLED, as_adaptation
from engine.monitoring.columns import SERVED, Column, DriftTest, Limits, Screened
from engine.monitoring.config import LOWER_IS_BETTER, MonitoringConfig, ScoreLimits
from engine.monitoring.quality import find_quality, labelled_rows
from engine.monitoring.thresholds import could_be_absent, rise_by_chance, share_by_chance
from engine.monitoring.types import Check, EvaluationJob, Table
from engine.monitoring.verdicts import grade
from engine.monitoring.window_metrics import score
from engine.tasks.base import Quality
from engine.windows import Status

_FEWEST_TESTED = 5
"""Features, from which on their drifted share says more than each of them does."""


_DRIFTS = frozenset({"drift", *SERVED.values()})


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured and found.

    Attributes:
        drift: Distance to the reference, of each column tested.
        missing: Missing share, of each column.
        quality: The rows that were scored.
        scores: What they scored.
        checks: Every check.
        metrics: All numbers by name, as a verdict has them.
    """

    drift: Mapping[str, float]
    missing: Mapping[str, float]
    quality: tuple[Quality, ...]
    scores: Mapping[str, float]
    checks: tuple[Check, ...]
    metrics: Mapping[str, float]


def measure(job: EvaluationJob, screened: Screened, config: MonitoringConfig, task: str) -> Measurements:
    """Measures a window that has rows."""
    drift = {
        column.name: _distance(column, column.drift)
        for column in screened.columns
        if column.drift is not None
    }
    missing = {column.name: _missing_share(column) for column in screened.columns}
    quality = find_quality(job.current, task)
    scores = _scores(quality)
    drifts = [
        _drift_check(column.name, drift[column.name], column.drift.limits)
        for column in screened.columns
        if column.drift is not None
    ]
    gaps = [
        _missing_check(column, missing[column.name], column.missing)
        for column in screened.columns
        if column.missing is not None
    ]
    columns = as_adaptation([*screened.checks, *drifts, *gaps], job, config.drift, task)
    checks = [
        *columns,
        *_null_outputs(job, config),
        *_drifted_columns(drifts, config),
        *_row_checks(job, screened, columns, config),
        *_score_checks(job, scores, config, task),
    ]
    metrics = {f"drift.{name}": value for name, value in drift.items()}
    metrics["drift_tested_columns"] = float(len(drifts))
    drifted = sum(check.status != "pass" for check in columns if check.name in _DRIFTS)
    metrics["drifted_columns"] = float(drifted)
    metrics |= {f"missing.{name}": value for name, value in missing.items()}
    metrics |= {f"quality.{name}": value for name, value in scores.items()}
    return Measurements(drift, missing, tuple(quality), scores, tuple(checks), metrics)


def counts(job: EvaluationJob, screened: Screened) -> dict[str, float]:
    """Measurements that any window has."""
    rows = list(zip(*job.current.columns.values(), strict=False))
    return {
        "rows": float(job.current.rows),
        "reference_rows": float(job.reference.rows if job.reference else 0),
        "labelled": float(labelled_rows(job.current)),
        "duplicated_rows": float(len(rows) - len(set(rows))),
        "columns_left_out": float(screened.left_out),
    }


def _distance(column: Column, test: DriftTest) -> float:
    return test.method.distance(column.reference.measured, column.current.measured)


def _missing_share(column: Column) -> float:
    return column.current.missing / len(column.current.cells)


def _drift_check(name: str, value: float, limits: Limits) -> Check:
    status = grade(value, limits.warn, limits.fail)
    limit = limits.fail if status == "fail" else limits.warn
    return Check(SERVED.get(name, "drift"), name, value, limit, status)


def _drifted_columns(drifts: list[Check], config: MonitoringConfig) -> list[Check]:
    """Clean columns warn about once in 100,000: the share of those that do needs no correction of its own."""
    features = [check for check in drifts if check.name == "drift"]
    if len(features) < _FEWEST_TESTED:
        return []
    share, limit = sum(check.status != "pass" for check in features) / len(features), config.drift.share_fail
    return [Check("drifted columns", "", share, limit, "fail" if share >= limit else "pass")]


def _missing_check(column: Column, share: float, limits: Limits) -> Check:
    """Told as the rise over the reference, tested on the share itself."""
    status = grade(share, limits.warn, limits.fail)
    limit = limits.fail if status == "fail" and limits.fail is not None else limits.warn
    before = column.missing_before
    return Check("missing", column.name, share - before, limit - before, status)


def _row_checks(
    job: EvaluationJob, screened: Screened, columns: list[Check], config: MonitoringConfig
) -> list[Check]:
    """Repeated rows and missing labels, both against the reference.

    Where a column is broken, rows repeat for that reason, which is not reported twice.
    """
    now, before = job.current, job.reference
    if before is None or not before.rows:
        return []
    spoilt = any(check.status != "pass" and check.column not in SERVED for check in columns)
    return [
        *([] if spoilt else _duplicates(screened, now.rows, before.rows, config)),
        *_labels(now, before, config),
    ]


def _null_outputs(job: EvaluationJob, config: MonitoringConfig) -> list[Check]:
    """The share of rows for which nothing was served, once the model has served something."""
    if job.outputs is None:
        return []
    share, before = (_null_share(table) for table in (job.current, job.outputs.rows))
    limits = config.rates.null_warn, config.rates.null_fail
    warn, fail = (share_by_chance(max(limit, before), job.current.rows) for limit in limits)
    status = grade(share, warn, fail) if share > before else "pass"
    return [Check("null outputs", "", share, fail if status == "fail" else warn, status)]


def _null_share(table: Table) -> float:
    """A detector without a threshold serves scores, and no prediction."""
    columns = [table.columns[name] for name in ("prediction", "score") if name in table.columns]
    return list(zip(*columns, strict=True)).count((None,) * len(columns)) / table.rows


def _duplicates(screened: Screened, now: int, before: int, config: MonitoringConfig) -> list[Check]:
    """The rise of the share of rows whose features repeat an earlier row's."""
    features = [column for column in screened.columns if column.name not in SERVED]
    if not features:
        return []
    # Of as many rows on either side: the more rows, the larger the share that repeats.
    rows = min(now, before)
    share, usual = (
        1 - len(set(zip(*(side[:rows] for side in sides), strict=True))) / rows
        for sides in ([one.current.cells for one in features], [one.reference.cells for one in features])
    )
    chance = rise_by_chance(share, rows, usual, rows)
    warn, fail = max(config.duplicates_warn, chance), max(config.duplicates_fail, chance)
    status = grade(share - usual, warn, fail)
    return [Check("duplicates", "", share - usual, fail if status == "fail" else warn, status)]


def _labels(now: Table, before: Table, config: MonitoringConfig) -> list[Check]:
    labelled, was = labelled_rows(now), labelled_rows(before)
    if not was or "label" not in before.columns:
        return []
    share, usual = labelled / now.rows, was / before.rows
    limit = max(config.labelled_warn, rise_by_chance(share, now.rows, usual, before.rows))
    gone = not labelled and not could_be_absent(was, before.rows, now.rows)
    status: Status = "warn" if gone or usual - share >= limit else "pass"
    return [Check("labels", "label", usual - share, limit, status)]


def _scores(quality: list[Quality]) -> dict[str, float]:
    return {name: value for one in quality for name, value in score(one).items()}


def _score_checks(
    job: EvaluationJob, scores: Mapping[str, float], config: MonitoringConfig, task: str
) -> list[Check]:
    if not config.quality or labelled_rows(job.current) < FEWEST_LABELLED:
        return []
    usual: dict[str, float] = {}
    if job.reference is not None and labelled_rows(job.reference) >= FEWEST_LABELLED:
        usual = _scores(find_quality(job.reference, task))
    checks: list[Check] = []
    for name, limits in config.quality.items():
        if name in scores:
            checks.extend(_score_check(name, scores[name], usual.get(name), limits))
    return checks


def _score_check(name: str, value: float, usual: float | None, limits: ScoreLimits) -> list[Check]:
    sign = 1.0 if name in LOWER_IS_BETTER else -1.0
    checks = _limited("quality", name, value, (limits.warn, limits.fail), sign)
    if usual is not None:
        worse = sign * (value - usual)
        checks += _limited("quality drop", name, worse, (limits.drop_warn, limits.drop_fail), 1.0)
    return checks


def _limited(
    what: str, name: str, value: float, limits: tuple[float | None, float | None], sign: float
) -> list[Check]:
    """A check against limits of which either may be missing; a limit is exceeded by a larger value."""
    warn, fail = limits
    if fail is not None and sign * (value - fail) > 0:
        return [Check(what, name, value, fail, "fail")]
    if warn is not None and sign * (value - warn) > 0:
        return [Check(what, name, value, warn, "warn")]
    limit = fail if warn is None else warn
    return [] if limit is None else [Check(what, name, value, limit, "pass")]
