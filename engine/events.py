"""What the engine says of windows and of itself: reports, decisions, the closing summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.run_scores import RunScores
from engine.monitoring.detectors.detectors import Drift
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.monitoring.types import Check, Verdict
from engine.records.events import (
    ContractViolation,
    Counts,
    DeadLetter,
    Outcome,
    Prediction,
    PredictionLines,
    ReasonCount,
)
from engine.registry.versions import Version
from engine.rows import AlertKind, AlertState, Severity
from engine.supervision.decisions import Action
from engine.supervision.suspicion import PairedLosses
from engine.windows import Status


class WindowScores(Struct, frozen=True, forbid_unknown_fields=True):
    """Means over the labelled outcomes of one window, of what was served and of its rivals.

    Attributes:
        outcomes: Predictions whose fate became known in the window.
        late: Those of them that came after the window of their event time had closed.
        labelled: Those with a label and a served output; the means are over these.
        loss: Mean loss of what was served; `None` when nothing was labelled.
        baseline_loss: Mean loss, on the same events, of the class shares so far or the mean so far.
        last_label_loss: The same of the last label.
        calibration_error: The expected calibration error; `None` in regression or when nothing was labelled.
        business: Business metrics by name.
        shadows: Losses of champion and shadow on the same events, by the shadow's name.
        challengers: Losses of champion and challenger on the same events, by the challenger's name.
        weights: Of the models that serve together at its end, by name; empty when one serves alone.
        together: Losses of the champion and of what was served, on the events that models served together.
    """

    outcomes: int
    late: int
    labelled: int
    loss: float | None
    baseline_loss: float | None
    last_label_loss: float | None
    calibration_error: float | None
    business: Mapping[str, BusinessTotal]
    shadows: Mapping[str, PairedLosses] = {}
    challengers: Mapping[str, PairedLosses] = {}
    weights: Mapping[str, float] = {}
    together: PairedLosses | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one window, with what it was about.

    Attributes:
        key: The model key.
        window: The window's number, from 0.
        start: Event time of its first outcome, seconds since 1970.
        end: Event time of its last one.
        model: Who served when it closed.
        reference: What it was compared with.
        scores: Losses over the window.
        verdict: The evaluator's findings, with Evidently's own serialised report, a light one.
        outputs_reference: What its outputs were compared with; `None` without.
    """

    key: str
    window: int
    start: float
    end: float
    model: str
    reference: str
    scores: WindowScores
    verdict: Verdict
    outputs_reference: str | None = None


@dataclass(frozen=True, slots=True)
class FullReport:
    """Evidently's full report on a window, made after its verdict: it takes the place of the light one.

    Attributes:
        key: The model key.
        window: The window's number, from 0.
        end: Event time of its last outcome, seconds since 1970.
        content: Evidently's own serialised report.
    """

    key: str
    window: int
    end: float
    content: bytes


@dataclass(frozen=True, slots=True)
class Rates:
    """How many records went wrong over a span of them.

    Attributes:
        key: The model key.
        number: The span's number, from 0.
        start: Event time when it began, seconds since 1970; 0 before there is one.
        end: Event time when it ended.
        window: The window that was open then.
        model: Who served then.
        first: Records received when it began.
        last: Records received when it ended.
        status: The worst of the checks.
        reason: Those that did not pass, in words.
        checks: The rates of rejected records, labels without a prediction, predictions without a label,
            examples that were not learned, and null predictions; those with enough records.
        reasons: Why records were turned away, the most frequent first.
    """

    key: str
    number: int
    start: float
    end: float
    window: int
    model: str
    first: int
    last: int
    status: Status
    reason: str
    checks: tuple[Check, ...]
    reasons: tuple[ReasonCount, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry of the audit log: what was decided, on what evidence, and who serves now.

    Attributes:
        key: The model key.
        number: Counts this key's decisions from 0: with the key, a deterministic event id.
        time: Event time at which it was taken, seconds since 1970.
        learned: Labelled events learned by then.
        window: The open window by then.
        action: What was done.
        reason: Why.
        model: Who serves after it.
        previous: Who served before it.
        shadow: The version or challenger it is about; "" when it is about none.
        evidence: The numbers behind it.
        who: The person who wanted it; "" when the engine decided.
    """

    key: str
    number: int
    time: float
    learned: int
    window: int
    action: Action
    reason: str
    model: str
    previous: str
    shadow: str
    evidence: Mapping[str, float]
    who: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One message: a problem has begun, changed, lasts or is over, or another model serves.

    Attributes:
        id: Made of the model key and the number of the window or decision: a replay gives it again.
        key: The model key.
        kind: What kind of problem it is; a key has at most one of each kind at a time.
        state: What has become of it.
        severity: How bad it is now; `info` when it is over.
        time: Event time that it is told for, seconds since 1970: the window's end, or the decision's.
        since: Event time at which the problem began.
        window: The window that it is about.
        windows: Windows that the problem has lasted for until now.
        model: Who serves.
        what: What has happened, in one line.
        columns: The columns that it is about.
        checks: The checks of the window that did not pass, the worst first.
        evidence: Further numbers: the window's losses, or what a decision rests on.
        done: What the engine has done about it, a sentence each.
    """

    id: str
    key: str
    kind: AlertKind
    state: AlertState
    severity: Severity
    time: float
    since: float
    window: int
    windows: int
    model: str
    what: str
    columns: tuple[str, ...]
    checks: tuple[Check, ...]
    evidence: Mapping[str, float]
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Where every record went, and how well what was served has done.

    Attributes:
        key: The model key.
        model: Who serves.
        counts: Where every record went.
        standing: Scores over the whole run.
        challengers: Losses of champion and challenger on the same events since it began, by its name.
        decided: How many decisions of each kind were taken.
        reasons: Why records were turned away, the most frequent first.
    """

    key: str
    model: str
    counts: Counts
    standing: RunScores
    challengers: Mapping[str, PairedLosses] = field(default_factory=dict)
    decided: Mapping[Action, int] = field(default_factory=dict)
    reasons: tuple[ReasonCount, ...] = ()


Event = (
    Prediction
    | PredictionLines
    | DeadLetter
    | ContractViolation
    | Outcome
    | PreliminaryVerdict
    | Drift
    | Report
    | FullReport
    | Rates
    | Decision
    | Version
    | Alert
    | Summary
)
"""What `Engine.process` and `Engine.finish` return."""
