"""What a keeper may be given as its configuration."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.alerts.config import AlertsConfig
from engine.config import EngineConfig
from engine.config_reading import make_importable, validated
from engine.contract.files import read_flow
from engine.errors import ConfigError
from engine.models.config import is_model
from engine.tasks.registry import TASKS

Settings = EngineConfig | Mapping[str, Any] | str | os.PathLike[str] | Any
"""An `EngineConfig`, its sections, the path of a TOML file, or a River model."""

_OF_FLOWS = ("run", "input", "kafka", "registry")
"""Sections of a flow's file that say where records come from and where results go."""


def make_config(given: Settings, task: str | None = None) -> EngineConfig:
    """The configuration of a keeper.

    Args:
        given: What the caller has.
        task: With a River model, what it does.

    Raises:
        ConfigError: It says nothing that can be built.
    """
    if is_model(given):
        if task is None:
            raise ConfigError(f"a model by itself: expected task= too, one of {', '.join(TASKS)}")
        return EngineConfig.from_dict({"model": {"task": task, "model": given}})
    if task is not None:
        raise ConfigError(f"task={task!r}: expected with a River model alone; a configuration has model.task")
    if isinstance(given, EngineConfig):
        return given
    if isinstance(given, str | os.PathLike):
        return _of_file(Path(given))
    return EngineConfig.from_dict(given)


def _of_file(path: Path) -> EngineConfig:
    """The engine's part of a flow's file; modules of the user's own may lie beside it."""
    content = read_flow(path)
    if isinstance(content.get("alerts"), dict):
        known = AlertsConfig.model_fields
        content["alerts"] = {name: value for name, value in content["alerts"].items() if name in known}
    make_importable(path.resolve().parent)
    mine = {name: value for name, value in content.items() if name not in _OF_FLOWS}
    return validated(EngineConfig, mine, str(path))
