"""One TOML file that says everything: what to read, the engine's sections, where results go."""

import sys
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from dataflows.files.config import InputConfig
from engine.errors import ConfigError, ModelError
from engine.pipeline.config import EngineConfig
from engine.pipeline.parts import Parts
from engine.records.config import Section


class RunConfig(Section):
    """Where results go, and how often progress is made safe."""

    name: str = Field(description="The run's name: results go to <folder>/<name>/.", pattern=r"^\w[\w.-]*$")
    folder: str = Field(default="runs", description="The folder of runs, relative to the config file.")
    snapshot_interval: float = Field(
        default=10.0, gt=0, description="Seconds between snapshots for recovery; work since is done again."
    )


class FlowConfig(EngineConfig):
    """The whole file. `base` is the folder it lies in; paths in it are relative to that."""

    run: RunConfig
    input: InputConfig
    base: Path = Field(default=Path(), exclude=True, description="Set when the file is read; not a key.")

    @property
    def run_dir(self) -> Path:
        """Where results go."""
        return self.base / self.run.folder / self.run.name


def load_config(path: Path) -> FlowConfig:
    """Reads and checks a configuration file, and makes modules that lie beside it importable.

    Raises:
        ConfigError: Naming the file, the key, what was expected and what came.
        ModelError: The same, when it is the model that cannot be built.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}. 'riverkeeper init' writes an example."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not TOML: expected text in UTF-8, got other bytes") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    base = path.resolve().parent
    if "base" in content:
        raise ConfigError(f"{path}: base: unknown key")
    try:
        config = FlowConfig.model_validate({**content, "base": base})
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {_explain(found)}" for found in error.errors())) from error
    # The user's own models live beside the file that names them.
    if str(base) not in sys.path:
        sys.path.insert(0, str(base))
    try:
        # Models and metrics are only known to be right when they can be built.
        Parts(config, "main")
    except (ConfigError, ModelError) as error:
        raise type(error)(f"{path}: {error}") from error
    return config


def _explain(found: Any) -> str:
    """One line of pydantic's findings: the key, what was expected, what came."""
    key = ".".join(str(part) for part in found["loc"])
    if found["type"] == "missing":
        return f"{key}: required, but missing"
    if found["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    if found["type"] == "value_error":
        # A rule of our own over several keys: its sentence says what it found.
        sentence = found["msg"].removeprefix("Value error, ")
        return f"{key}: {sentence}" if key else f"expected {sentence}"
    expected = (
        found["msg"].removeprefix("Input should be ").replace("String should match", "text that matches")
    )
    return f"{key}: expected {expected}, got {found['input']!r}"
