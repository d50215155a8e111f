"""What goes to a judge and what comes back: plain values that cross a process boundary."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from engine.windows import Status

Cell = bool | int | float | str | None


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """Sampled rows of a window as columns of equal length; `None` is a missing value.

    Besides the features there may be `label`, `prediction` (a class or a value), `probability` (of the
    positive class; binary only) and `score` (anomaly only). A `label` of `None` is an outcome that never
    got one.
    """

    columns: Mapping[Any, Sequence[Cell]]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return max((len(column) for column in self.columns.values()), default=0)


class OutputReference(Struct, frozen=True, forbid_unknown_fields=True):
    """What a window's outputs are compared with: those of a recent window, by the same model.

    Outputs of a model that learns move because it learns: those of the data's reference may be of a model
    that had learned nothing yet.

    Attributes:
        rows: Labels and outputs of the last window that did not fail.
        window: Its number.
        model: The model that served when it closed.
        settled: Whether two consecutive windows had outputs alike, so that a move means something.
    """

    rows: Table
    window: int
    model: str
    settled: bool


class EvaluationJob(Struct, frozen=True, forbid_unknown_fields=True):
    """One window to judge against a reference.

    Attributes:
        key: The model key the window belongs to.
        window: The window's number within its key, from 0.
        current: The window's rows.
        reference: The rows to compare with; `None` when there is no reference yet.
        reference_name: What the reference is, for the report (for example `window 3`).
        full: Whether Evidently's full presets are wanted in its report.
        business: The window's business metrics, to be shown in the report.
        outputs: What its outputs are compared with; `None` when there is nothing yet.
    """

    key: str
    window: int
    current: Table
    reference: Table | None
    reference_name: str
    full: bool = False
    business: Mapping[str, float] = {}
    outputs: OutputReference | None = None


class Check(Struct, frozen=True, forbid_unknown_fields=True):
    """One test on a window: its name, the column it is about (or ""), what it measured and how it went."""

    name: str
    column: str
    value: float | None
    limit: float | None
    status: Status


class Verdict(Struct, frozen=True, forbid_unknown_fields=True):
    """What a judge found about a window.

    Attributes:
        window: The window's number, as in the job.
        status: The worst status of the checks; `unjudged` when they could not be computed.
        reason: One line naming the checks that failed or warned, why the window is unjudged, or
            has no report.
        checks: Every check made.
        metrics: Named numbers of the report: drift per column, missing share, quality scores.
        snapshot: Evidently's own serialised report, for its UI and for HTML; empty when there is none.
    """

    window: int
    status: Status
    reason: str
    checks: tuple[Check, ...]
    metrics: Mapping[str, float]
    snapshot: bytes
