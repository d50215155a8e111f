"""One window: measured, judged, and made into a report."""

from contextlib import suppress
from dataclasses import replace

from msgspec import structs

from engine.errors import MissingExtraError
from engine.monitoring.columns import Screened, screen
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently.extras import extra_part
from engine.monitoring.evidently.full import full_parts
from engine.monitoring.evidently.library import library, quiet
from engine.monitoring.evidently.light import light_part
from engine.monitoring.evidently.snapshots import joined
from engine.monitoring.measurements import Measurements, counts, measure
from engine.monitoring.types import EvaluationJob, Verdict
from engine.monitoring.verdicts import summary, worst
from engine.requirements import require


def evaluate_window(job: EvaluationJob, config: MonitoringConfig, task: str) -> Verdict:
    """Judges one window; the same arguments give the same verdict in every process.

    Without Evidently the window is judged by our own checks, and the reason says that there is no report.
    Whatever Evidently raises makes the window `unjudged`, with the reason.
    """
    if not job.current.rows:
        return Verdict(job.window, "unjudged", "the window has no rows", (), {"rows": 0.0}, b"")
    screened = screen(job, config, task)
    try:
        with quiet():
            return _judge(job, screened, measure(job, screened, config, task), config)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - some of Evidently's errors are not an Exception
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        return Verdict(job.window, "unjudged", reason, screened.checks, counts(job, screened), b"")


def warm(config: MonitoringConfig) -> None:
    """Imports Evidently ahead of the first window, where every window's report needs it."""
    if config.extra:
        with suppress(MissingExtraError):  # every verdict says so
            library()


def _judge(job: EvaluationJob, screened: Screened, found: Measurements, config: MonitoringConfig) -> Verdict:
    try:
        require("evidently", "a report", "reports")
    except MissingExtraError as error:
        return _without_report(job, screened, found, config, str(error))
    parts = [light_part(job, screened, found)]
    extra = extra_part(job, screened, found.quality, config)
    checks = (*found.checks, *extra.checks)
    status, reason = worst(checks), summary(checks)
    if extra.failed:
        # What was found stays found; but nothing is passed that was not judged.
        status = "fail" if status == "fail" else "unjudged"
        reason = "; ".join(text for text in (extra.failed, reason) if text)
    parts.extend(part if job.full else replace(part, widgets=[]) for part in extra.parts)
    if job.full:
        parts.extend(full_parts(job, screened, found, config))
    metrics = {**counts(job, screened), **found.metrics, **extra.metrics}
    verdict = Verdict(job.window, status, reason, checks, metrics, b"")
    return structs.replace(verdict, snapshot=joined(parts, job))


def _without_report(
    job: EvaluationJob, screened: Screened, found: Measurements, config: MonitoringConfig, why: str
) -> Verdict:
    """The verdict of our own checks; metrics of the user's own are Evidently's, and were not computed."""
    status, reason = worst(found.checks), summary(found.checks)
    if config.extra:
        status = "fail" if status == "fail" else "unjudged"
    reason = "; ".join(text for text in (reason, f"no report was made: {why}") if text)
    metrics = {**counts(job, screened), **found.metrics}
    return Verdict(job.window, status, reason, tuple(found.checks), metrics, b"")
