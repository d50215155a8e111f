"""What is judged about a window, and from where on it warns or fails."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from engine.monitoring.detectors.config import DetectorConfig
from engine.monitoring.drift.base import DriftMethod, Kind
from engine.monitoring.drift.registry import METHODS, method_names
from engine.monitoring.extra import read_extra
from engine.records.config import Section


def _own_limits(kind: Kind, limit: Literal["warn", "fail"]) -> str:
    own = (f"{getattr(method, limit)} ({name})" for name, method in METHODS.items() if method.kind == kind)
    return ", ".join(own) + "."


def _check_order(section: Section, *names: str) -> None:
    """Checks that no limit `<name>_warn` is above `<name>_fail`.

    Raises:
        ValueError: When one is.
    """
    for name in names:
        warn, fail = getattr(section, f"{name}_warn"), getattr(section, f"{name}_fail")
        if warn > fail:
            raise ValueError(f"{name}_warn ({warn}) is above {name}_fail ({fail})")


class FirstLookConfig(Section):
    """Counts of every example, compared with the reference when a window closes: a first verdict.

    A fail asks for the full report of the window; it changes nothing else. Missing values are judged by the
    limits of the report, and `monitoring.drift.ignore` holds here too.
    """

    enabled: bool = Field(default=True, description="Whether examples are counted (about 0.2 µs a feature).")
    psi_warn: float = Field(
        default=0.1,
        gt=0,
        description="Population stability index of a feature that warns. It is widened where "
        "chance alone reaches it about once in 100,000 columns.",
    )
    psi_fail: float = Field(default=0.25, gt=0, description="The same, that fails.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_order(self, "psi")
        return self


class RatesConfig(Section):
    """Rates of what goes wrong with records, watched without waiting for a window to close.

    A span of records ends after so many, or after so much event time. Limits are widened where a span has so
    few records that chance alone would reach them.
    """

    records: int = Field(default=1000, ge=20, description="Records after which a span ends.")
    seconds: float = Field(
        default=86400.0,
        gt=0,
        description="Seconds of event time after which a span ends too, from 50 records on.",
    )
    rejected_warn: float = Field(
        default=0.05, gt=0, le=1, description="Share of the records that are rejected, that warns."
    )
    rejected_fail: float = Field(default=0.5, gt=0, le=1, description="The same share, that fails.")
    unmatched_warn: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Share of the labels that find no prediction, that warns.",
    )
    unmatched_fail: float = Field(default=0.5, gt=0, le=1, description="The same share, that fails.")
    expired_warn: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of the predictions that expire without a label, of those whose wait is over, that "
        "warns. Raise it where most predictions never get one.",
    )
    expired_fail: float = Field(default=0.95, gt=0, le=1, description="The same share, that fails.")
    not_learned_warn: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Share of the labelled examples on which the champion's learn_one raises, that warns.",
    )
    not_learned_fail: float = Field(default=0.5, gt=0, le=1, description="The same share, that fails.")
    null_warn: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Share of the predictions that are null although the model has learned, that warns.",
    )
    null_fail: float = Field(default=0.5, gt=0, le=1, description="The same share, that fails.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_order(self, "rejected", "unmatched", "expired", "not_learned", "null")
        return self


class ColumnLimits(Section):
    """Limits for the drift of one column, in place of the common ones and taken exactly as written.

    With them the column is not tested for its range and new categories either.
    """

    method: str | None = Field(
        default=None,
        description="Method of the column, in place of the common one; its limits are those of the method "
        "unless given here. A column of the other kind of values keeps the common method and limits.",
    )
    warn: float | None = Field(default=None, gt=0, description="Distance from which the column warns.")
    fail: float | None = Field(default=None, gt=0, description="Distance from which the column fails.")

    @model_validator(mode="after")
    def _in_order(self) -> "ColumnLimits":
        if self.warn is not None and self.fail is not None and self.warn > self.fail:
            raise ValueError(f"warn ({self.warn}) is above fail ({self.fail})")
        if self.method is not None and self.method not in METHODS:
            raise ValueError(f"method: expected one of {method_names()}, got {self.method!r}")
        return self


class DriftConfig(Section):
    """How far a column may move away from the reference.

    The common limits are widened where a window or a category has so few rows that chance alone would
    reach them about once in 100,000 columns; the limit that was used is in each check.
    """

    numeric_method: str = Field(
        default="wasserstein", description=f"Numbers: the distance: {method_names('numeric')}."
    )
    numeric_warn: float | None = Field(
        default=None,
        gt=0,
        description="Numbers: distance that warns. Empty: the method's own, "
        + _own_limits("numeric", "warn"),
    )
    numeric_fail: float | None = Field(
        default=None,
        gt=0,
        description="Numbers: distance that fails. Empty: the method's own, "
        + _own_limits("numeric", "fail"),
    )
    category_method: str = Field(
        default="jensen_shannon", description=f"Categories: the distance: {method_names('category')}."
    )
    category_warn: float | None = Field(
        default=None,
        gt=0,
        description="Categories: distance that warns. Empty: the method's own, "
        + _own_limits("category", "warn"),
    )
    category_fail: float | None = Field(
        default=None,
        gt=0,
        description="Categories: distance that fails. Empty: the method's own, "
        + _own_limits("category", "fail"),
    )
    columns: dict[str, ColumnLimits] = Field(
        default={},
        description="Limits of single columns by name. `label`, `prediction`, `probability` "
        "and `score` only ever warn unless `fail` is set for them here.",
    )
    share_fail: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of the features tested for drift that warn or fail, from which the window fails; "
        "told from 5 features on.",
    )
    ignore: list[str] = Field(
        default=[],
        description="Columns not tested for drift, range and new categories, such as counters, times and "
        "ids that move by nature.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> "DriftConfig":
        chosen: dict[Kind, str] = {"numeric": self.numeric_method, "category": self.category_method}
        for kind, name in chosen.items():
            method = METHODS.get(name)
            if method is None or method.kind != kind:
                raise ValueError(f"{kind}_method: expected one of {method_names(kind)}, got {name!r}")
            _, warn, fail = self.common(kind)
            if warn > fail:
                raise ValueError(f"{kind}_warn ({warn}) is above {kind}_fail ({fail})")
            # Below this the warning, which is not above it, is reachable too.
            if fail > method.largest:
                raise ValueError(
                    f"{kind}_fail ({fail}) can never be reached: the distance of {name} is "
                    f"{method.largest:.4f} at most"
                )
        return self

    def common(self, kind: Kind) -> tuple[DriftMethod, float, float]:
        """The common method for columns of a kind, and the distances from which they warn and fail."""
        if kind == "numeric":
            name, warn, fail = self.numeric_method, self.numeric_warn, self.numeric_fail
        else:
            name, warn, fail = self.category_method, self.category_warn, self.category_fail
        method = METHODS[name]
        return method, method.warn if warn is None else warn, method.fail if fail is None else fail

    def of_column(self, name: str, kind: Kind) -> tuple[DriftMethod, float, float]:
        """The method for a column, and the limits that hold where it has none of its own."""
        own = self.own_limits(name, kind)
        method, warn, fail = self.common(kind)
        if own is None or own.method in (None, method.name):
            return method, warn, fail
        method = METHODS[own.method]
        return method, method.warn, method.fail

    def own_limits(self, name: str, kind: Kind) -> ColumnLimits | None:
        """What the configuration says of one column; nothing where its method is for the other kind."""
        own = self.columns.get(name)
        return None if own is not None and own.method and METHODS[own.method].kind != kind else own


Score = Literal["accuracy", "precision", "recall", "f1", "rocauc", "logloss", "mae", "rmse", "r2"]
"""The scores of a window's served predictions."""

LOWER_IS_BETTER = frozenset({"logloss", "mae", "rmse"})


class ScoreLimits(Section):
    """Limits on one score of the served predictions, taken exactly as written.

    Whether a score must not fall under its limit or not rise above it follows from the score.
    """

    warn: float | None = Field(default=None, description="The score itself, that warns.")
    fail: float | None = Field(default=None, description="The score itself, that fails.")
    drop_warn: float | None = Field(
        default=None, ge=0, description="How much worse than on the reference's rows, that warns."
    )
    drop_fail: float | None = Field(default=None, ge=0, description="The same, that fails.")


class MonitoringConfig(Section):
    """How windows are judged and how the loss is watched."""

    reports: bool = Field(
        default=True, description="Judge every window with Evidently; without, windows pass unjudged."
    )
    mode: Literal["background", "inline"] = Field(
        default="background",
        description="Where reports are computed: in a process of its own, or in the stream's.",
    )
    queue_limit: int = Field(
        default=4,
        ge=1,
        description="Background: windows that may wait for their report; with more, the stream waits.",
    )
    first_look: FirstLookConfig = Field(
        default=FirstLookConfig(), description="The always-on counts and their first verdict."
    )
    rates: RatesConfig = Field(
        default=RatesConfig(), description="Rates of rejected records, missing labels and null outputs."
    )
    drift: DriftConfig = Field(default=DriftConfig(), description="Limits on the drift of columns.")
    missing_warn: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Rise of a column's missing share over the reference's that warns.",
    )
    missing_fail: float = Field(
        default=0.2, gt=0, le=1, description="Rise of a column's missing share that fails."
    )
    unseen_warn: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Share of a feature's values outside the reference's range, or in categories that it "
        "has not, that warns.",
    )
    unseen_fail: float = Field(default=0.5, gt=0, le=1, description="The same share, that fails.")
    duplicates_warn: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Rise of the share of rows whose features repeat another row's, that warns.",
    )
    duplicates_fail: float = Field(default=0.5, gt=0, le=1, description="The same rise, that fails.")
    labelled_warn: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Fall of the labelled share under the reference's that warns.",
    )
    quality: dict[Score, ScoreLimits] = Field(
        default={},
        description="Limits on scores of the served predictions, by name: accuracy, precision, recall, f1, "
        "rocauc, logloss, mae, rmse, r2.",
    )
    extra: list[str | dict[str, Any]] = Field(
        default=[],
        description="Your own Evidently metrics and presets, by name or module:function, with tests: "
        "docs/reports.md.",
    )
    max_columns: int = Field(
        default=50,
        ge=1,
        description="Most features in a report; the rest, last by name, are left out.",
    )
    full_every: int = Field(
        default=0,
        ge=0,
        description="Every how many windows Evidently's full presets are run (seconds each); 0: only where "
        "`full_on` says so.",
    )
    full_on: Literal["never", "fail", "warn"] = Field(
        default="fail",
        description="From which verdict on a window gets them, where the window before was not as bad.",
    )
    timeout: float = Field(
        default=300.0,
        gt=0,
        description="Background: seconds for one report; then the process is killed and the window judged "
        "once more before it is given up as unjudged.",
    )
    detectors: list[DetectorConfig] = Field(
        default=[], description="Detectors that look for a change at every event: docs/detectors.md."
    )
    loss_drift_delta: float = Field(
        default=0.002,
        gt=0,
        lt=1,
        description="ADWIN on the champion's loss: the chance of a false alarm at each of its tests.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "MonitoringConfig":
        _check_order(self, "missing", "unseen", "duplicates")
        return self

    @model_validator(mode="after")
    def _spelled_right(self) -> "MonitoringConfig":
        for number, entry in enumerate(self.extra):
            read_extra(entry, f"extra[{number}]")
        return self
