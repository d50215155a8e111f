"""What is judged about a window, and from where on it warns or fails."""

import math
from typing import Literal

from pydantic import Field, model_validator

from engine.records.config import Section

FURTHEST = math.sqrt(math.log(2))
"""The Jensen-Shannon distance (natural logarithm) of two samples that share no category."""


class ColumnLimits(Section):
    """Limits for the drift of one column, in place of the common ones and taken exactly as written."""

    warn: float | None = Field(default=None, gt=0, description="Distance from which the column warns.")
    fail: float | None = Field(default=None, gt=0, description="Distance from which the column fails.")

    @model_validator(mode="after")
    def _in_order(self) -> "ColumnLimits":
        if self.warn is not None and self.fail is not None and self.warn > self.fail:
            raise ValueError(f"warn ({self.warn}) is above fail ({self.fail})")
        return self


class DriftConfig(Section):
    """How far a column may move away from the reference.

    The common limits are widened where a window or a category has so few rows that chance alone would
    reach them about once in 100,000 columns; the limit that was used is in each check.
    """

    numeric_warn: float = Field(
        default=0.25,
        gt=0,
        description="Numbers: Wasserstein distance, in standard deviations of the reference, that warns.",
    )
    numeric_fail: float = Field(default=1.0, gt=0, description="Numbers: the same distance, that fails.")
    category_warn: float = Field(
        default=0.15,
        gt=0,
        description="Categories: Jensen-Shannon distance (0 to 0.8326) that warns.",
    )
    category_fail: float = Field(default=0.4, gt=0, description="Categories: the same distance, that fails.")
    columns: dict[str, ColumnLimits] = Field(
        default={},
        description="Limits of single columns by name. `label`, `prediction`, `probability` "
        "and `score` only ever warn unless `fail` is set for them here.",
    )
    ignore: list[str] = Field(
        default=[],
        description="Columns not tested for drift, such as counters, times and ids that move by nature.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> "DriftConfig":
        for name, warn, fail in (
            ("numeric", self.numeric_warn, self.numeric_fail),
            ("category", self.category_warn, self.category_fail),
        ):
            if warn > fail:
                raise ValueError(f"{name}_warn ({warn}) is above {name}_fail ({fail})")
        # Below this the warning, which is not above it, is reachable too.
        if self.category_fail > FURTHEST:
            raise ValueError(
                f"category_fail ({self.category_fail}) can never be reached: the Jensen-Shannon distance "
                f"is {FURTHEST:.4f} at most"
            )
        return self


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
    max_columns: int = Field(
        default=50,
        ge=1,
        description="Most features in a report (about 40 ms each); the rest, last by name, are left out.",
    )
    loss_drift_delta: float = Field(
        default=0.002,
        gt=0,
        lt=1,
        description="ADWIN on the champion's loss: the chance of a false alarm at each of its tests.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "MonitoringConfig":
        if self.missing_warn > self.missing_fail:
            raise ValueError(
                f"missing_warn ({self.missing_warn}) is above missing_fail ({self.missing_fail})"
            )
        return self
