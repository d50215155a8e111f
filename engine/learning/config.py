"""How long a prediction waits for its label, and which scores are kept."""

from pydantic import Field

from engine.records.config import Section


class LabelsConfig(Section):
    """Delayed labels: predictions that wait are bounded in event time and in number."""

    wait: float = Field(
        default=7 * 86400.0, gt=0, description="Seconds of event time that a prediction waits for its label."
    )
    max_waiting: int = Field(
        default=1_000_000,
        gt=0,
        description="Predictions that may wait at once; beyond it the oldest expires.",
    )


class ScoresConfig(Section):
    """Scores of the served predictions over the whole run, beside a baseline."""

    metrics: list[str] = Field(
        default=[],
        description="River metrics by name, for example ['Accuracy', 'ROCAUC']. Empty: Accuracy for "
        "classes, MAE for values.",
    )
