"""Configuration of label waiting times, scores and business metrics."""

from typing import Any, Literal

from pydantic import Field, FiniteFloat, model_validator

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
    """Scores of the served predictions over the whole run, beside baselines; docs/scores.md explains them."""

    metrics: list[str | dict[str, Any]] = Field(
        default=[],
        description="River metrics by name, with settings as a table, or your own as 'module:function': "
        "['Accuracy', { type = 'FBeta', beta = 2 }, 'mine:make_metric']. Empty: Accuracy for classes, MAE "
        "for values.",
    )
    last: int | None = Field(
        default=None,
        ge=1,
        description="Besides, over the last so many labelled events, as 'Accuracy.last_1000'. It is computed "
        "when a window closes, from events that are kept: choose it no longer than a few windows.",
    )
    fading: float | None = Field(
        default=None,
        ge=0.5,
        lt=1,
        description="Besides, with weights that fade by this factor with every labelled event, as "
        "'Accuracy.fading': 0.999 looks back over about 1,000 events.",
    )


class BusinessConfig(Section):
    """What a prediction was worth, once its label is known: exactly one of matrix, expression and function
    says it. Higher is better, costs are negative. It is summed over windows and over the run.
    """  # noqa: D205 - one paragraph, as it is shown in the example

    matrix: dict[str, dict[str, FiniteFloat]] | None = Field(
        default=None,
        description="Prediction to label to value, by the names that records use: "
        "{ yes = { yes = 10, no = -5 }, no = { yes = -20, no = 0 } }. Classes only.",
    )
    expression: str | None = Field(
        default=None,
        description="Python over prediction, label, probability (not in regression) and features, with "
        "abs, min, max, round, exp, log, sqrt, floor, ceil: \"features['price'] if prediction else 0\". "
        "In a binary task prediction and label are True or False. It is run as code: trust the file as you "
        "trust a program.",
    )
    function: str | None = Field(
        default=None,
        description="Your own 'module:function', called with prediction, label and features.",
    )
    warn_below: FiniteFloat | None = Field(
        default=None, description="A window whose mean is below warns; what that leads to, supervision says."
    )
    fail_below: FiniteFloat | None = Field(default=None, description="A window whose mean is below fails.")

    @model_validator(mode="after")
    def _one_value(self) -> "BusinessConfig":
        given = [name for name in ("matrix", "expression", "function") if getattr(self, name) is not None]
        if len(given) != 1:
            got = " and ".join(given) or "none"
            raise ValueError(f"expected exactly one of matrix, expression and function, got {got}")
        if self.warn_below is not None and self.fail_below is not None and self.warn_below < self.fail_below:
            raise ValueError(f"warn_below ({self.warn_below}) is below fail_below ({self.fail_below})")
        return self
