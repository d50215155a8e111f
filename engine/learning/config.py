"""How long predictions and labels wait for each other, and which scores are kept."""

from typing import Literal

from pydantic import Field

from engine.records.config import Section


class LabelsConfig(Section):
    """Delayed labels: whatever waits is bounded in event time and in number."""

    wait: float = Field(
        default=7 * 86400.0, gt=0, description="Seconds of event time that a prediction waits for its label."
    )
    max_waiting: int = Field(
        default=1_000_000,
        gt=0,
        description="Predictions that may wait at once, and labels too; beyond it the oldest expires.",
    )
    early_wait: float = Field(
        default=3600.0,
        gt=0,
        description="Seconds of event time that a label waits for its example, when it comes first.",
    )
    expired_label: bool | int | float | str | None = Field(
        default=None,
        description="The label, as records write it, that a prediction is taken to have when none came in "
        "time (no click is a no). Omit it: such a prediction trains nothing.",
    )
    corrections: Literal["reject", "learn"] = Field(
        default="reject",
        description="A label for a prediction that has had its outcome (a second label, or one that came "
        "too late): reject it, or learn the example again with it and correct the scores.",
    )
    remember: float = Field(
        default=86400.0,
        ge=0,
        description="Seconds of event time that a prediction's id is remembered after its outcome: for "
        "corrections, and to reject a second example with the same id.",
    )
    max_remembered: int = Field(default=100_000, ge=0, description="Ids that are remembered at once.")


class ScoresConfig(Section):
    """Scores of the served predictions over the whole run, beside a baseline."""

    metrics: list[str] = Field(
        default=[],
        description="River metrics by name, for example ['Accuracy', 'ROCAUC']. Empty: Accuracy for "
        "classes, MAE for values.",
    )
