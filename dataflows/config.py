"""One TOML file that says everything: what to read, the engine's sections, where results go."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from dataflows.alerts.config import DestinationsConfig
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.kafka.config import KafkaConfig
from engine.config import EngineConfig
from engine.config_reading import make_importable, read_toml, validated
from engine.contract.files import read_flow
from engine.core.streams import STREAMS
from engine.errors import ConfigError, ModelError
from engine.records.config import RecordConfig, Section
from engine.registry.config import RegistryConfig
from engine.requirements import require

_MOST_NAME = 200
"""Bytes of a run's name: folders are called after it, with a number behind."""

MOST_PORT = 65_535


class RunConfig(Section):
    """Where results go, and how often progress is made safe."""

    name: str = Field(
        description="The run's name: results go to <folder>/<name>/. Those of an earlier run are kept aside "
        "as <name>.1, <name>.2 and so on.",
        pattern=r"^\w[\w.-]*$",
    )
    folder: str = Field(default="runs", description="The folder of runs, relative to the config file.")
    snapshot_interval: float = Field(
        default=10.0, gt=0, description="Seconds between snapshots for recovery; work since is done again."
    )
    metrics: str | None = Field(
        default=None,
        description="host:port at which Prometheus finds this process's metrics (/metrics); process I of "
        "several is at the port + I. None when omitted.",
        pattern=r"^[\w.:\[\]-]+:\d+$",
    )
    resident_keys: int | None = Field(
        default=None,
        ge=1,
        description="Model keys whose models are in memory, for each process: those that had records last. "
        "The others wait in a file of the run's folder and are brought back, some milliseconds each. All "
        "when omitted.",
    )
    leave_out: list[str] = Field(
        default=[],
        description="Streams that have no file in the run's folder, such as ['predictions'], whose file "
        "grows as long as a flow runs. Their topics of [kafka.outputs] get them all the same.",
    )
    keep_reports: int = Field(
        default=1000,
        ge=1,
        description="How many of Evidently's reports each model key keeps in reports/, the newest (about "
        "50 kB each; a full one 1 MB). Their lines in reports.jsonl stay.",
    )
    keep_reports_seconds: float | None = Field(
        default=None,
        gt=0,
        description="And how old they may become, in seconds of event time from the newest window's end.",
    )

    @field_validator("name")
    @classmethod
    def _file_name(cls, value: str) -> str:
        if (size := len(value.encode())) > _MOST_NAME:
            raise ValueError(f"expected at most {_MOST_NAME} bytes, since it names a folder; got {size}")
        return value

    @field_validator("metrics")
    @classmethod
    def _port(cls, value: str | None) -> str | None:
        if value is not None and not 0 < int(value.rpartition(":")[2]) <= MOST_PORT:
            raise ValueError(f"expected a port from 1 to {MOST_PORT}, got {value!r}")
        return value

    @field_validator("leave_out")
    @classmethod
    def _streams(cls, value: list[str]) -> list[str]:
        if wrong := [name for name in value if name not in STREAMS]:
            raise ValueError(f"expected some of {', '.join(STREAMS)}; got {wrong[0]!r}")
        return value


class FlowConfig(EngineConfig):
    """The whole file. `base` is the folder it lies in; paths in it are relative to that."""

    run: RunConfig
    input: InputConfig = Field(default=InputConfig())
    kafka: KafkaConfig | None = Field(default=None)
    alerts: DestinationsConfig = Field(default=DestinationsConfig())
    registry: RegistryConfig = Field(default=RegistryConfig())
    base: Path = Field(default=Path(), exclude=True, description="Set when the file is read; not a key.")

    @model_validator(mode="after")
    def _pinned_rows(self) -> Self:
        if (self.window.reference == "pinned") != (self.input.reference is not None):
            raise ValueError(
                'window.reference = "pinned" together with input.reference, which names the file; got one'
            )
        return self

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        topics = self.kafka is not None and self.kafka.input is not None
        if topics == (self.input.path is not None):
            raise ValueError(f"input.path or [kafka.input], got {'both' if topics else 'neither'}")
        if topics and self.input.labels is not None:
            raise ValueError("kafka.input.labels together with [kafka.input], got input.labels")
        if topics and self.input.follow:
            raise ValueError("input.follow with input.path alone: topics go on by themselves; got both")
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.run.name == self.registry.folder:
            raise ValueError(f"run.name other than registry.folder; both are {self.run.name!r}")
        return self

    @property
    def run_dir(self) -> Path:
        """Where results go."""
        return self.base / self.run.folder / self.run.name


def load_config(path: Path) -> FlowConfig:
    """Reads and checks a configuration file, and makes modules that lie beside it importable.

    Models and metrics are not built, so River is not imported: see `check_buildable`.

    Raises:
        ConfigError: Naming the file, the key, what was expected and what came.
    """
    content = read_flow(path)
    base = path.resolve().parent
    if "base" in content:
        raise ConfigError(f"{path}: base: unknown key")
    config = validated(FlowConfig, {**content, "base": base}, str(path))
    make_importable(base)
    return config


def check_buildable(config: FlowConfig, path: Path) -> None:
    """Builds the models, metrics and detectors of a configuration once, before a run or a check begins.

    And looks for the extras that it asks for, without importing them.

    Args:
        config: What the file says.
        path: The file, for the message.

    Raises:
        ConfigError: When a metric or a detector cannot be built.
        ModelError: When a model cannot.
        MissingExtraError: When it asks for what is not installed.
    """
    if config.monitoring.reports:
        require("evidently", f"{path}: monitoring.reports = true", "reports")
    if config.kafka is not None:
        require("confluent_kafka", f"{path}: [kafka]", "kafka")
    from engine.core.engine import Engine  # noqa: PLC0415 - it imports River, which takes seconds

    try:
        Engine(config, "main").close()
    except (ConfigError, ModelError) as error:
        raise type(error)(f"{path}: {error}") from error


def read_sections(path: Path) -> tuple[RecordConfig, InputConfig | None]:
    """What a flow's file says of records and input; the rest of it need not be right, or there, yet.

    Raises:
        ConfigError: Naming the file, the key, what was expected and what came.
    """
    content = read_toml(path, "It is a flow's file, and 'riverkeeper init' writes an example")
    found = validated(
        _Sections, {key: content[key] for key in ("record", "input") if key in content}, str(path)
    )
    return found.record, found.input


class _Sections(Section):
    record: RecordConfig = RecordConfig()
    input: InputConfig | None = None
