"""The engine's whole configuration: one section for each part."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from engine.alerts.config import AlertsConfig
from engine.config_reading import read_toml, validated
from engine.contract.config import ContractConfig
from engine.evaluation.config import BusinessConfig, LabelsConfig, ScoresConfig
from engine.models.config import ChallengerConfig, ModelConfig, own_modules
from engine.monitoring.config import MonitoringConfig
from engine.records.config import RecordConfig, Section
from engine.supervision.config import SupervisionConfig
from engine.windows import WindowConfig


class EngineConfig(Section):
    """Everything an engine is built from. Only `model` has no default.

    >>> config = EngineConfig.from_dict({"model": {"task": "binary", "model": "auto"}})
    >>> config.window.count
    1000
    """

    model: ModelConfig
    challengers: dict[str, ChallengerConfig] = Field(
        default={}, description="Challengers by a name of your choice."
    )
    record: RecordConfig = Field(default=RecordConfig())
    contract: ContractConfig = Field(default=ContractConfig())
    labels: LabelsConfig = Field(default=LabelsConfig())
    scores: ScoresConfig = Field(default=ScoresConfig())
    business: dict[str, BusinessConfig] = Field(
        default={}, description="Business metrics by a name of your choice."
    )
    window: WindowConfig = Field(default=WindowConfig())
    monitoring: MonitoringConfig = Field(default=MonitoringConfig())
    supervision: SupervisionConfig = Field(default=SupervisionConfig(), validate_default=True)
    alerts: AlertsConfig = Field(default=AlertsConfig())

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """From sections by name, as a TOML file has them; a model may also be an object of Python.

        Raises:
            ConfigError: With a line for each mistake: the key, what was expected, what came.
        """
        return validated(cls, content, "configuration")

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """From a TOML file that has the engine's sections and no others.

        Raises:
            ConfigError: When the file cannot be read; with a line for each mistake in it.
        """
        content = read_toml(Path(path), "It must have at least the section [model]")
        return validated(cls, content, str(path))

    @property
    def allowed(self) -> tuple[str, ...]:
        """Modules of the user's own whose classes a snapshot may hold: those of models and of metrics."""
        models = [challenger.model for challenger in self.challengers.values()]
        return (*self.model.allowed, *own_modules(models), *own_modules(self.scores.metrics))

    @field_validator("challengers")
    @classmethod
    def _named(cls, given: dict[str, ChallengerConfig]) -> dict[str, ChallengerConfig]:
        for name in given:
            # Champions are called m0, m1, ...; their checkpoints have a dot in their names.
            if not re.fullmatch(r"[A-Za-z]\w*", name) or re.fullmatch(r"m\d+", name):
                raise ValueError(
                    f"names of letters, digits and _ that begin with a letter, other than m0, m1, ...; "
                    f"got {name!r}"
                )
        return given

    @field_validator("supervision")
    @classmethod
    def _fits_windows(cls, given: SupervisionConfig, info: ValidationInfo) -> SupervisionConfig:
        window: WindowConfig | None = info.data.get("window")  # none when it is wrong itself
        return given if window is None or window.seconds is not None else given.fitted(window.count)

    @model_validator(mode="after")
    def _trials_fit_windows(self) -> Self:
        events = self.supervision.trial_events
        if self.window.seconds is None and events >= self.window.count:
            raise ValueError(
                f"supervision.min_events below window.count, so that a window can clear the champion: below "
                f"{self.window.count}; it is {events}. Omit it for half the count"
            )
        return self
