"""What the engine gives, as the rows that are written."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from engine import rows
from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.calibration import Bin
from engine.events import Alert, Decision, Event, FullReport, Rates, Report, Summary, WindowScores
from engine.monitoring.detectors.detectors import Drift
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.monitoring.types import Check
from engine.names import bounded, file_name
from engine.records.events import ContractViolation, DeadLetter
from engine.records.outside import ENVELOPE_BYTES, HEADERS, RAW_BYTES, part
from engine.registry.versions import Version
from engine.supervision.suspicion import PairedLosses

_Row = TypeVar("_Row", bound=Struct)


def row_of(event: Event) -> rows.Row:
    """The row of an event that has one: all but predictions, full reports and outcomes."""
    return _ROWS[type(event)](event)


def report_path(event: Report | FullReport) -> str:
    """Where Evidently's report of the window is kept, if there is one; a full one is in its place."""
    return f"reports/{file_name(event.key)}-{event.window:06d}.json"


def _same(kind: type[_Row], event: object, **changed: Any) -> _Row:
    """The row with the event's fields of the same names."""
    return kind(
        **{
            name: changed[name] if name in changed else getattr(event, name)
            for name in kind.__struct_fields__
        }
    )


def _dead_letter(event: DeadLetter) -> rows.DeadLetterRow:
    raw = part(event.raw, RAW_BYTES)
    headers = event.message_headers[:HEADERS]
    return _same(
        rows.DeadLetterRow,
        event,
        raw=raw.text,
        raw_encoding=raw.encoding,
        raw_bytes=raw.bytes,
        raw_sha256=raw.sha256,
        message_key=_bytes(event.message_key),
        message_headers=tuple(
            rows.HeaderRow(bounded(name, ENVELOPE_BYTES), _bytes(value)) for name, value in headers
        ),
    )


def _bytes(content: bytes | None) -> rows.BytesRow | None:
    return None if content is None else rows.BytesRow(*part(content, ENVELOPE_BYTES))


def _violation(event: ContractViolation) -> rows.ContractViolationRow:
    return _same(rows.ContractViolationRow, event)


def _preliminary(event: PreliminaryVerdict) -> rows.PreliminaryVerdictRow:
    return _same(rows.PreliminaryVerdictRow, event, checks=_checks(event.checks))


def _drift(event: Drift) -> rows.DriftRow:
    return _same(rows.DriftRow, event)


def _decision(event: Decision) -> rows.DecisionRow:
    return _same(rows.DecisionRow, event)


def _alert(event: Alert) -> rows.AlertRow:
    return _same(rows.AlertRow, event, checks=_checks(event.checks))


def _version(event: Version) -> rows.VersionRow:
    return event.row()


def _report(event: Report) -> rows.ReportRow:
    verdict = event.verdict
    return rows.ReportRow(
        schema=2,
        key=event.key,
        window=event.window,
        start=event.start,
        end=event.end,
        model=event.model,
        reference=event.reference,
        status=verdict.status,
        reason=verdict.reason,
        scores=_window_scores(event.scores),
        metrics=dict(verdict.metrics),
        checks=_checks(verdict.checks),
        evidently=report_path(event) if verdict.snapshot else None,
        outputs_reference=event.outputs_reference,
    )


def _rates(event: Rates) -> rows.RatesRow:
    return _same(rows.RatesRow, event, checks=_checks(event.checks))


def _summary(event: Summary) -> rows.SummaryRow:
    standing = event.standing
    return rows.SummaryRow(
        schema=1,
        key=event.key,
        model=event.model,
        counts=event.counts,
        add_up=event.counts.add_up(),
        scores=dict(standing.scores),
        baselines={name: dict(scores) for name, scores in standing.baselines.items()},
        calibration_error=standing.calibration_error,
        calibration=tuple(map(_bin, standing.calibration)),
        business=_business(standing.business),
        undefined=dict(standing.undefined),
        challengers=_compared(event.challengers),
        decided=dict(event.decided),
        reasons=event.reasons,
    )


def _window_scores(scores: WindowScores) -> rows.WindowScoresRow:
    return _same(
        rows.WindowScoresRow,
        scores,
        business=_business(scores.business),
        shadows=_compared(scores.shadows),
        challengers=_compared(scores.challengers),
        weights=dict(scores.weights),
        together=None if scores.together is None else _comparison(scores.together),
    )


def _checks(checks: Iterable[Check]) -> tuple[rows.CheckRow, ...]:
    return tuple(rows.CheckRow(one.name, one.column, one.value, one.limit, one.status) for one in checks)


def _bin(one: Bin) -> rows.CalibrationRow:
    return rows.CalibrationRow(one.above, one.to, one.events, one.said, one.happened)


def _compared(found: Mapping[str, PairedLosses]) -> dict[str, rows.ComparisonRow]:
    return {name: _comparison(one) for name, one in found.items()}


def _comparison(losses: PairedLosses) -> rows.ComparisonRow:
    champion, other = losses.means()
    return rows.ComparisonRow(losses.events, other, champion)


def _business(found: Mapping[str, BusinessTotal]) -> dict[str, rows.BusinessRow]:
    return {
        name: rows.BusinessRow(one.events, one.undefined, one.total, one.mean) for name, one in found.items()
    }


_ROWS: Mapping[type, Callable[[Any], rows.Row]] = {
    DeadLetter: _dead_letter,
    ContractViolation: _violation,
    PreliminaryVerdict: _preliminary,
    Drift: _drift,
    Report: _report,
    Rates: _rates,
    Decision: _decision,
    Version: _version,
    Alert: _alert,
    Summary: _summary,
}
