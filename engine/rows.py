"""What a run writes: one struct for each output stream, written by the engine and read back by every view.

The names and the order of the fields are those of the lines in `<run>/<stream>.jsonl` (docs/reading.md).
`unique` tells a row from all others of its stream and model key, and is the same in every replay. JSON has
no NaN and no infinity, so a measured number may be `None`. Importing this module imports no River.
"""

from typing import ClassVar, Literal, get_args

from msgspec import Struct

from engine.records.events import Counts, ReasonCount
from engine.supervision.decisions import Action
from engine.windows import Status

Role = Literal["champion", "challenger", "shadow"]

Reason = Literal["start", "passed", "replaced", "in charge", "served together", "requested", "end"]
"""Why a version is kept. `start`: it has learned nothing yet. `passed`: its window passed. `replaced`: it
served until a change. `in charge`: it serves from a change on. `served together`: it
served with others under a suspicion, which has ended. `requested`: a person asked for it. `end`: the
input ended."""

RateKind = Literal["rejected", "unmatched", "expired", "not_learned", "null_outputs"]
"""What goes wrong with records: docs/rates.md."""

OF_RATES: frozenset[str] = frozenset(get_args(RateKind))

AlertKind = Literal["window", "judging", "champion", "serving", "model"] | RateKind
"""`window`: windows do not pass. `judging`: they cannot be judged. `champion`: it is suspected. `serving`:
another model serves. `model`: something that the engine could not do. The others: that rate is high."""

AlertState = Literal["opened", "worse", "changed", "lasting", "recovered", "done"]
"""`opened`: a problem has begun. `worse`: from warning to failing. `changed`: other checks fail too.
`lasting`: it is still there after the cool-down. `recovered`: it is over. `done`: no problem, but to know."""

Severity = Literal["info", "warn", "fail"]


BytesEncoding = Literal["utf-8", "base64", "latin-1"]
"""How bytes became text; `latin-1` in lines of earlier versions. `engine.records.outside.bytes_of` gives
them back."""


class PredictionRow(Struct, frozen=True):
    """A line of `predictions.jsonl`; fields as in `engine.records.events.Prediction`."""

    stream: ClassVar[str] = "predictions"
    id: str
    time: float
    prediction: bool | int | float | str | None
    probability: float | dict[str, float | None] | None
    model: str
    sequence: int
    key: str
    score: float | None = None
    leader: str | None = None
    share: float | None = None

    @property
    def unique(self) -> str:
        """Its sequence number."""
        return str(self.sequence)


class BytesRow(Struct, frozen=True, omit_defaults=True):
    """Bytes from outside, as far as a line has them.

    Attributes:
        value: As text; the beginning, when they were cut.
        encoding: How they were decoded: `base64` when they are no UTF-8.
        bytes: How many there were before they were cut; `None` when all are here.
        sha256: That of all of them, when they were cut.
    """

    value: str
    encoding: BytesEncoding = "utf-8"
    bytes: int | None = None
    sha256: str = ""


class HeaderRow(Struct, frozen=True):
    """A header of a Kafka message."""

    name: str
    value: BytesRow | None


class DeadLetterRow(Struct, frozen=True):
    """A line of `dead_letters.jsonl`; fields as in `engine.records.events.DeadLetter`.

    Attributes:
        raw: The record's bytes as text; the beginning, when they were cut.
        raw_encoding: How they were decoded. The line has this field only when it is not `utf-8`, and the next
            two only when the bytes were cut.
        raw_bytes: How many there were.
        raw_sha256: That of all of them.
        message_key: The key of the rejected record's Kafka message; the line has this and the next field only
            where there is one.
        message_headers: Its headers.
    """

    stream: ClassVar[str] = "dead_letters"
    kind: Literal["rejected", "unmatched"]
    reason: str
    source: str
    position: int
    key: str
    raw: str
    raw_encoding: BytesEncoding = "utf-8"
    raw_bytes: int | None = None
    raw_sha256: str = ""
    message_key: BytesRow | None = None
    message_headers: tuple[HeaderRow, ...] = ()

    @property
    def unique(self) -> str:
        """Where the record is in its source."""
        return f"{self.source}/{self.position}"


class ContractViolationRow(Struct, frozen=True):
    """A line of `contract_violations.jsonl`; fields as in `engine.records.events.ContractViolation`."""

    stream: ClassVar[str] = "contract_violations"
    id: str
    policy: Literal["warn", "impute"]
    reason: str
    source: str
    position: int
    key: str

    @property
    def unique(self) -> str:
        """Where the record is in its source, and the reason: a record can have several."""
        return f"{self.source}/{self.position}/{self.reason}"


class CheckRow(Struct, frozen=True):
    """One test on a window; fields as in `engine.monitoring.types.Check`."""

    name: str
    column: str
    value: float | None
    limit: float | None
    status: Status


class PreliminaryVerdictRow(Struct, frozen=True):
    """A line of `preliminary_verdicts.jsonl`; fields as in `PreliminaryVerdict` of `engine.monitoring`."""

    stream: ClassVar[str] = "preliminary_verdicts"
    key: str
    window: int
    time: float
    rows: int
    rejected: int
    warned: int
    status: Status
    reason: str
    checks: tuple[CheckRow, ...]

    @property
    def unique(self) -> str:
        """Its window."""
        return str(self.window)


class DriftRow(Struct, frozen=True):
    """A line of `drifts.jsonl`; fields as in `engine.monitoring.detectors.detectors.Drift`."""

    stream: ClassVar[str] = "drifts"
    key: str
    number: int
    time: float
    sequence: int
    window: int
    detector: str
    kind: Literal["warning", "drift"]
    values: int
    before: float | None
    after: float | None

    @property
    def unique(self) -> str:
        """Its number."""
        return str(self.number)


class BusinessRow(Struct, frozen=True):
    """A business metric over a window or a run.

    Attributes:
        events: Labelled events that have a value.
        undefined: Labelled events that have none.
        sum: The sum of the values.
        mean: Their mean; `None` without events.
    """

    events: int
    undefined: int
    sum: float | None
    mean: float | None


class ComparisonRow(Struct, frozen=True):
    """A shadow, a challenger, or what models served together, beside the champion, on the same events.

    Attributes:
        events: Labelled events on which both were scored.
        loss: The mean loss of the shadow or challenger, or of what was served; `None` without events.
        champion_loss: The mean loss of the champion on these events.
    """

    events: int
    loss: float | None
    champion_loss: float | None


class WindowScoresRow(Struct, frozen=True):
    """Mean losses over a window; fields as in `engine.events.WindowScores`."""

    outcomes: int
    late: int
    labelled: int
    loss: float | None
    baseline_loss: float | None
    last_label_loss: float | None
    calibration_error: float | None
    business: dict[str, BusinessRow]
    shadows: dict[str, ComparisonRow] = {}
    challengers: dict[str, ComparisonRow] = {}
    weights: dict[str, float] = {}
    together: ComparisonRow | None = None

    @property
    def best_shadow(self) -> ComparisonRow | None:
        """The shadow with the lowest mean loss, of those compared in the window.

        >>> shadows = {"m0.w1": ComparisonRow(9, 0.4, 0.5), "m0.w2": ComparisonRow(9, 0.3, 0.5)}
        >>> WindowScoresRow(9, 0, 9, 0.5, None, None, None, {}, shadows).best_shadow.loss
        0.3
        """
        compared = [(one.loss, one) for one in self.shadows.values() if one.loss is not None]
        return min(compared, key=lambda pair: pair[0])[1] if compared else None


class ReportRow(Struct, frozen=True):
    """A line of `reports.jsonl`.

    Attributes:
        schema: The version of this form.
        key: The model key.
        window: The window's number, from 0.
        start: Event time of its first outcome, seconds since 1970.
        end: Event time of its last outcome.
        model: Who served when it closed.
        reference: What it was compared with.
        status: The verdict.
        reason: The checks that did not pass, or why the window is unjudged.
        scores: Losses over the window.
        metrics: Further numbers of the report, by name.
        checks: Every check made.
        evidently: Path of Evidently's report in the run's folder; `None` without one.
        outputs_reference: What its outputs were compared with; `None` without.
    """

    stream: ClassVar[str] = "reports"
    schema: int
    key: str
    window: int
    start: float
    end: float
    model: str
    reference: str
    status: Status
    reason: str
    scores: WindowScoresRow
    metrics: dict[str, float | None]
    checks: tuple[CheckRow, ...]
    evidently: str | None
    outputs_reference: str | None = None

    @property
    def unique(self) -> str:
        """Its window."""
        return str(self.window)


class RatesRow(Struct, frozen=True):
    """A line of `rates.jsonl`; fields as in `engine.events.Rates`."""

    stream: ClassVar[str] = "rates"
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
    checks: tuple[CheckRow, ...]
    reasons: tuple[ReasonCount, ...]

    @property
    def unique(self) -> str:
        """Its span, and where it ended: one that the end of the input cuts short may go on."""
        return f"{self.number}/{self.last}"


class DecisionRow(Struct, frozen=True):
    """A line of `decisions.jsonl`; fields as in `engine.events.Decision`."""

    stream: ClassVar[str] = "decisions"
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
    evidence: dict[str, float | None]
    who: str = ""

    @property
    def unique(self) -> str:
        """Its number."""
        return str(self.number)

    @property
    def changes(self) -> bool:
        """Whether another model serves after it."""
        return self.model != self.previous


class VersionRow(Struct, frozen=True, kw_only=True):
    """A line of `versions.jsonl`.

    Attributes:
        key: The model key.
        name: Unique within its run and key.
        parent: The version it began from; "" for a model that began untrained.
        role: What it did: serve, or compete.
        reason: Why it is kept.
        window: The window at whose end, or in which, it was saved.
        records: Records that its key had taken in by then.
        positions: Offset of the last accepted record, by source.
        learned: Labelled events that it has learned.
        learned_from: The earliest event time among them, seconds since 1970; `None` before any.
        learned_to: The latest.
        time: Event time at which it was saved.
        scores: Progressive scores of what was served until then.
        approved_by: The verdict on the window that approved it; "" without one.
        targets: Versions that could take over at that moment.
        size: Bytes of the saved model.
        sha256: Their SHA-256.
        config_sha256: Registry only: that of the run's configuration.
        code: Registry only: SHA-256 of the source of each of the user's own modules.
        libraries: Registry only: versions of the libraries, by name.
    """

    stream: ClassVar[str] = "versions"
    key: str
    name: str
    parent: str
    role: Role
    reason: Reason
    window: int
    records: int
    positions: dict[str, int]
    learned: int
    learned_from: float | None
    learned_to: float | None
    time: float
    scores: dict[str, float | None]
    approved_by: str = ""
    targets: tuple[str, ...]
    size: int
    sha256: str
    config_sha256: str = ""
    code: dict[str, str] = {}
    libraries: dict[str, str] = {}

    @property
    def unique(self) -> str:
        """Its name."""
        return self.name


class AlertRow(Struct, frozen=True):
    """A line of `alerts.jsonl`; fields as in `engine.events.Alert`."""

    stream: ClassVar[str] = "alerts"
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
    checks: tuple[CheckRow, ...]
    evidence: dict[str, float | None]
    done: tuple[str, ...]

    @property
    def unique(self) -> str:
        """Its id."""
        return self.id


class CalibrationRow(Struct, frozen=True):
    """Events whose predicted probability lies in one decile.

    Attributes:
        above: The decile's lower end, exclusive (the first includes 0).
        to: Its upper end, inclusive.
        events: Events in it.
        said: The mean predicted probability; `None` without events.
        happened: The observed rate; `None` without events.
    """

    above: float
    to: float
    events: int
    said: float | None
    happened: float | None


class SummaryRow(Struct, frozen=True):
    """A line of `summary.jsonl`: where every record went, and the scores over the whole run.

    Attributes:
        schema: The version of this form.
        key: The model key; `*` for all keys together.
        model: Who serves; "" for all keys together.
        counts: Where every record went.
        add_up: Whether all records are accounted for.
        scores: Every metric over the run, by name, with the mean `loss` and `baseline_loss`.
        baselines: The same metrics of each baseline, by its name.
        calibration_error: The expected calibration error; `None` where there is none.
        calibration: The bins behind it.
        business: Business metrics by name.
        undefined: Events that a metric could not take, by its name.
        challengers: Losses of champion and challenger on the same events, by the challenger's name.
        decided: Decisions taken, by action.
        reasons: Why records were turned away, the most frequent first.
    """

    stream: ClassVar[str] = "summary"
    schema: int
    key: str
    model: str
    counts: Counts
    add_up: bool
    scores: dict[str, float | None]
    baselines: dict[str, dict[str, float | None]]
    calibration_error: float | None
    calibration: tuple[CalibrationRow, ...]
    business: dict[str, BusinessRow]
    undefined: dict[str, int]
    challengers: dict[str, ComparisonRow] = {}
    decided: dict[Action, int] = {}
    reasons: tuple[ReasonCount, ...] = ()

    @property
    def unique(self) -> str:
        """How many records it is over."""
        return str(self.counts.records)


Row = (
    PredictionRow
    | DeadLetterRow
    | ContractViolationRow
    | PreliminaryVerdictRow
    | DriftRow
    | ReportRow
    | RatesRow
    | DecisionRow
    | VersionRow
    | AlertRow
    | SummaryRow
)
"""A line of any stream."""
