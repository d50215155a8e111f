"""The engine's whole configuration: one section for each part."""

from typing import Self

from pydantic import Field, model_validator

from engine.contract.config import ContractConfig
from engine.learning.config import BusinessConfig, LabelsConfig, ScoresConfig
from engine.models.config import ModelConfig, own_modules
from engine.monitoring.config import MonitoringConfig
from engine.records.config import RecordConfig, Section
from engine.supervision.config import SupervisionConfig
from engine.windows import WindowConfig


class EngineConfig(Section):
    """Everything an engine is built from. Only `model` has no default."""

    model: ModelConfig
    record: RecordConfig = Field(default=RecordConfig())
    contract: ContractConfig = Field(default=ContractConfig())
    labels: LabelsConfig = Field(default=LabelsConfig())
    scores: ScoresConfig = Field(default=ScoresConfig())
    business: dict[str, BusinessConfig] = Field(
        default={}, description="Business metrics by a name of your choice."
    )
    window: WindowConfig = Field(default=WindowConfig())
    monitoring: MonitoringConfig = Field(default=MonitoringConfig())
    supervision: SupervisionConfig = Field(default=SupervisionConfig())

    @property
    def allowed(self) -> tuple[str, ...]:
        """Modules of the user's own whose classes a snapshot may hold: those of models and of metrics."""
        return (*self.model.allowed, *own_modules(self.scores.metrics))

    @model_validator(mode="after")
    def _trials_fit_windows(self) -> Self:
        if self.window.seconds is None and self.supervision.min_events >= self.window.count:
            raise ValueError(
                f"supervision.min_events below window.count, so that a window can clear the champion: below "
                f"{self.window.count}; it is {self.supervision.min_events}"
            )
        return self
