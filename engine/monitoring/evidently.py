"""Evidently, and the only module that knows it.

Importing Evidently takes seconds, so it is imported at the first report. Its two distances are computed
by functions of our own, registered with it: Evidently divides the Wasserstein distance by 0.001 where
the deviation is smaller, so that small units never drift, and sums the Jensen-Shannon distance in the
order of a set, which for text differs from process to process.
"""

# ruff: noqa: PLC0415 - see above: imported at the first report
import datetime
import functools
import math
import os
import pathlib
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.monitoring.checks import grade, summary, worst
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.limits import deviation
from engine.monitoring.quality import Quality, find_quality, labelled_rows
from engine.monitoring.screening import SERVED, Column, Limits, Screened, screen
from engine.monitoring.values import Check, Job, Verdict
from engine.records.config import Task

_WASSERSTEIN = "wasserstein in reference deviations"
_JENSEN_SHANNON = "jensenshannon in exact sums"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MOST_CLASSES_DRAWN = 30


def judge(job: Job, config: MonitoringConfig, task: Task) -> Verdict:
    """Judges one window; the same arguments give the same verdict in every process.

    Whatever Evidently raises makes the window `unjudged`, with the reason. A snapshot's time is 1970 plus
    a minute for each window: no clock is read, and Evidently's own pages keep the order.
    """
    if not job.current.rows:
        return Verdict(job.window, "unjudged", "the window has no rows", (), {"rows": 0.0}, b"")
    screened = screen(job, config, task)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _judge(job, screened, config, task)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - some of Evidently's errors are not an Exception
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        return Verdict(job.window, "unjudged", reason, screened.checks, _counts(job, screened), b"")


def render_html(snapshot: bytes, path: pathlib.Path) -> None:
    """Writes a verdict's snapshot as a page of its own (3.6 MB and more: all scripts are in it)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Given a Path, Evidently writes nothing and says nothing.
        _library().snapshot.loads(snapshot.decode()).save_html(str(path))


@dataclass(frozen=True, slots=True)
class _Library:
    """What is used of Evidently and pandas; Evidently carries no types, hence `Any`."""

    evidently: Any
    metrics: Any
    lower: Any
    snapshot: Any
    pandas: Any


@functools.cache
def _library() -> _Library:
    os.environ["DO_NOT_TRACK"] = "1"  # Evidently reads it when it is imported
    import evidently  # type: ignore[import-untyped]
    import pandas as pd
    from evidently.legacy.calculations.stattests import registry  # type: ignore[import-untyped]

    kinds = evidently.ColumnType
    for name, kind, distance in (
        (_WASSERSTEIN, kinds.Numerical, _wasserstein),
        (_JENSEN_SHANNON, kinds.Categorical, _jensen_shannon),
    ):
        registry.register_stattest(registry.StatTest(name, name, [kind]), distance)
    return _Library(evidently, evidently.metrics, evidently.tests.lt, evidently.Run, pd)


def _wasserstein(reference: Any, current: Any, _kind: object, limit: float) -> tuple[float, bool]:
    from scipy.stats import wasserstein_distance  # type: ignore[import-untyped]

    distance = float(wasserstein_distance(reference, current)) / deviation(reference.tolist())
    return distance, distance >= limit


def _jensen_shannon(reference: Any, current: Any, _kind: object, limit: float) -> tuple[float, bool]:
    before, now = Counter(reference.tolist()), Counter(current.tolist())
    terms: list[float] = []
    for name in before.keys() | now.keys():
        shares = before[name] / before.total(), now[name] / now.total()
        terms.extend(share * math.log(2 * share / sum(shares)) / 2 for share in shares if share)
    distance = math.sqrt(max(math.fsum(terms), 0.0))
    return distance, distance >= limit


def _counts(job: Job, screened: Screened) -> dict[str, float]:
    """The numbers that need no report."""
    rows = list(zip(*job.current.columns.values(), strict=False))
    return {
        "rows": float(job.current.rows),
        "reference_rows": float(job.reference.rows if job.reference else 0),
        "labelled": float(labelled_rows(job.current)),
        "duplicated_rows": float(len(rows) - len(set(rows))),
        "columns_left_out": float(screened.left_out),
    }


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the report: Evidently's own result, and what it says."""

    run: Any
    checks: list[Check]
    metrics: dict[str, float]


def _judge(job: Job, screened: Screened, config: MonitoringConfig, task: Task) -> Verdict:
    parts = [_data_part(job, screened.columns, config)]
    parts.extend(_quality_part(job, quality) for quality in find_quality(job.current, task))
    checks = [*screened.checks, *(check for part in parts for check in part.checks)]
    metrics = _counts(job, screened)
    for part in parts:
        metrics.update(part.metrics)
    snapshot = _joined([part.run for part in parts], job)
    return Verdict(job.window, worst(checks), summary(checks), tuple(checks), metrics, snapshot)


def _data_part(job: Job, columns: Sequence[Column], config: MonitoringConfig) -> _Part:
    """Drift and missing values."""
    library = _library()
    drifts = [(column, _value_drift(column, config), column.drift) for column in columns if column.drift]
    gaps = [(column, _missing_count(column)) for column in columns]
    definition = library.evidently.DataDefinition(
        numerical_columns=[column.name for column in columns if column.numeric],
        categorical_columns=[column.name for column in columns if not column.numeric],
    )
    current, reference = _frame(columns, "current"), None
    if job.reference is not None and job.reference.rows:
        reference = library.evidently.Dataset.from_pandas(_frame(columns, "reference"), definition)
    asked = [library.metrics.RowCount(), *(drift[1] for drift in drifts), *(gap[1] for gap in gaps)]
    run = _run(asked, library.evidently.Dataset.from_pandas(current, definition), reference, job)
    checks: list[Check] = []
    metrics: dict[str, float] = {}
    for column, metric, limits in drifts:
        value = metrics[f"drift.{column.name}"] = float(run.metric_results[metric.metric_id].value)
        checks.append(_drift_check(column.name, value, limits))
    metrics["drift_tested_columns"] = float(len(checks))
    metrics["drifted_columns"] = float(sum(check.status != "pass" for check in checks))
    for column, metric in gaps:
        share = metrics[f"missing.{column.name}"] = float(run.metric_results[metric.metric_id].share.value)
        if column.missing is not None:
            checks.append(_missing_check(column, share, column.missing))
    return _Part(run, checks, metrics)


def _value_drift(column: Column, config: MonitoringConfig) -> Any:
    own = config.drift.columns.get(column.name)
    common = config.drift.numeric_warn if column.numeric else config.drift.category_warn
    return _library().metrics.ValueDrift(
        column=column.name,
        method=_WASSERSTEIN if column.numeric else _JENSEN_SHANNON,
        # Only words a picture. Not widened with few rows: each value of it is a series of its own in the UI.
        threshold=own.warn if own is not None and own.warn is not None else common,
        tests=_tests(column.drift),
    )


def _missing_count(column: Column) -> Any:
    return _library().metrics.MissingValueCount(column=column.name, share_tests=_tests(column.missing))


def _tests(limits: Limits | None) -> list[Any]:
    if limits is None:
        return []
    lower = _library().lower
    warning = lower(limits.warn, is_critical=False)
    return [warning] if limits.fail is None else [lower(limits.fail), warning]


def _drift_check(name: str, value: float, limits: Limits) -> Check:
    status = grade(value, limits.warn, limits.fail)
    limit = limits.fail if status == "fail" else limits.warn
    return Check(SERVED.get(name, "drift"), name, value, limit, status)


def _missing_check(column: Column, share: float, limits: Limits) -> Check:
    """Told as the rise over the reference, tested as Evidently tests it: on the share."""
    status = grade(share, limits.warn, limits.fail)
    limit = limits.fail if status == "fail" and limits.fail is not None else limits.warn
    before = column.missing_before
    return Check("missing", column.name, share - before, limit - before, status)


def _quality_part(job: Job, quality: Quality) -> _Part:
    """The scores of the served predictions."""
    library = _library()
    frame = library.pandas.DataFrame({"label": quality.labels, "prediction": quality.predictions})
    asked = {name: _score(name, quality) for name in quality.scores}
    data = library.evidently.Dataset.from_pandas(frame, _definition(quality))
    run = _run(list(asked.values()), data, None, job)
    metrics = {}
    for name, metric in asked.items():
        result = run.metric_results[metric.metric_id]
        value = float(result.mean.value if name == "mae" else result.value)
        if math.isfinite(value):
            metrics[f"quality.{name}"] = value
    return _Part(run, [], metrics)


def _definition(quality: Quality) -> Any:
    evidently = _library().evidently
    if "mae" in quality.scores:
        return evidently.DataDefinition(
            numerical_columns=["label", "prediction"],
            regression=[evidently.Regression(target="label", prediction="prediction")],
        )
    if quality.positive is None:
        tasks = [evidently.MulticlassClassification(target="label", prediction_labels="prediction")]
        return evidently.DataDefinition(categorical_columns=["label", "prediction"], classification=tasks)
    # Given a probability, Evidently makes its own predictions of it; those served are scored by themselves.
    by_probability = "rocauc" in quality.scores
    column = {"prediction_probas" if by_probability else "prediction_labels": "prediction"}
    tasks = [evidently.BinaryClassification(target="label", pos_label=quality.positive, **column)]
    return evidently.DataDefinition(
        numerical_columns=["prediction"] if by_probability else [],
        categorical_columns=["label"] if by_probability else ["label", "prediction"],
        classification=tasks,
    )


def _score(name: str, quality: Quality) -> Any:
    metrics = _library().metrics
    if name == "f1":
        drawn = len({*quality.labels, *quality.predictions}) <= _MOST_CLASSES_DRAWN
        return metrics.F1Score(conf_matrix=drawn)
    if name == "rmse":
        return metrics.RMSE(error_distr=False)  # drawn once, with the MAE
    kinds = {
        "accuracy": metrics.Accuracy,
        "precision": metrics.Precision,
        "recall": metrics.Recall,
        "rocauc": metrics.RocAuc,
        "logloss": metrics.LogLoss,
        "mae": metrics.MAE,
        "r2": metrics.R2Score,
    }
    return kinds[name]()


def _frame(columns: Sequence[Column], side: Literal["current", "reference"]) -> Any:
    pandas = _library().pandas
    return pandas.DataFrame(
        {
            column.name: pandas.Series(getattr(column, side), dtype=float if column.numeric else object)
            for column in columns
        }
    )


def _run(asked: list[Any], current: Any, reference: Any, job: Job) -> Any:
    metadata = {"key": job.key, "window": job.window, "reference": job.reference_name}
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(minutes=job.window)
    report = _library().evidently.Report(asked)
    return report.run(
        current, reference, timestamp=moment, metadata=metadata, name=f"{job.key} window {job.window}"
    )


def _joined(runs: Sequence[Any], job: Job) -> bytes:
    """One snapshot of all parts, with the ids of its widgets numbered instead of drawn from the clock."""
    first, *others = [run.to_snapshot_model() for run in runs]
    for other in others:
        first.metric_results.update(other.metric_results)
        first.top_level_metrics.extend(other.top_level_metrics)
        first.widgets.extend(other.widgets)
    text = _library().snapshot.load_model(first).dumps()
    drawn = dict.fromkeys(re.findall(rf'"id": "({_UUID})"', text))
    fixed = {name: f"{job.window}-{number}" for number, name in enumerate(drawn)}
    return re.sub(_UUID, lambda found: fixed.get(found[0], found[0]), text).encode()
