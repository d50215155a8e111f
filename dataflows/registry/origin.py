"""The configuration that a version was learned under."""

import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from dataflows.config import FlowConfig, load_config
from dataflows.registry.open import RunBody, open_at
from engine.errors import RegistryError
from engine.registry.registry import Registry
from engine.registry.version_ref import VersionRef


@dataclass(frozen=True, slots=True)
class Opened:
    """A registry, and the flow that named it; `None` when its folder was named."""

    registry: Registry
    flow: FlowConfig | None

    def close(self) -> None:
        """Ends the connection."""
        self.registry.log.close()


def opened(place: Path) -> Opened:
    """The registry in a folder, or of a flow's configuration file.

    Raises:
        RiverkeeperError: When there is none.
    """
    return Opened(open_at(place), load_config(place) if place.suffix == ".toml" else None)


def runs_of(where: Opened, place: Path) -> Path:
    """The folder with the runs of a registry: that of its flow, else the one that the registry is in."""
    return place.resolve().parent if where.flow is None else where.flow.run_dir.parent


def flow_of(where: Opened, kept: VersionRef) -> FlowConfig:
    """The configuration of the version's run, from the log.

    Code is imported only where the flow's own file names it too: a writer of the log must not choose
    what this process imports.

    Raises:
        RegistryError: When the log has none or it was changed, it is of another Riverkeeper, or it names the
            user's own code.
    """
    log = where.registry.log
    runs = log.entries(run=kept.entry.run, kinds=["run"])
    begun = [(entry, entry.read(RunBody)) for entry in runs]
    before = [(entry, body) for entry, body in begun if body.config_sha256 == kept.row.config_sha256]
    if not before:
        if where.flow is not None:
            return where.flow
        raise RegistryError(
            f"{kept.place}: the log does not say under which configuration it learned; name the flow's file "
            f"with --registry"
        )
    # A folder that was moved is where its flow's file is now.
    entry, body = before[-1]
    log.checked(entry, kept.place)
    base = where.flow.base if where.flow else Path(body.base)
    try:
        config = FlowConfig.model_validate(body.config | {"base": base})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
        raise RegistryError(
            f"{kept.place}: its configuration cannot be read by this Riverkeeper: {wrong}"
        ) from error
    return _checked(config, where.flow, kept.place)


def _checked(config: FlowConfig, flow: FlowConfig | None, place: str) -> FlowConfig:
    """A configuration from the log, once the flow's own file names what it imports and calls."""
    unknown = _own_code(config) - (_own_code(flow) if flow else set())
    if unknown:
        raise RegistryError(
            f"{place}: its configuration names code of your own ({', '.join(sorted(unknown))}); name "
            f"the flow's file, which names it too, with --registry"
        )
    if flow is None:
        return config  # without code of the user's; the log alone must not say where modules lie
    if str(config.base) not in sys.path:
        sys.path.insert(0, str(config.base))
    if config.kafka is None or flow.kafka is None:
        return config
    connected = config.kafka.model_copy(update={"properties": flow.kafka.properties})
    return config.model_copy(update={"kafka": connected})


def _own_code(config: FlowConfig) -> set[str]:
    """What a configuration imports or calls besides Riverkeeper and its libraries."""
    extras = (
        str(entry if isinstance(entry, str) else entry.get("type")) for entry in config.monitoring.extra
    )
    # librdkafka has properties that load a library or run a command.
    settings = (f"kafka.properties.{name}" for name in (config.kafka.properties if config.kafka else ()))
    return {*config.allowed, *(extra for extra in extras if ":" in extra), *settings}


def allowed_for(where: Opened) -> tuple[str, ...]:
    """Modules whose classes a saved model may hold, besides River's: those of the flow's file."""
    return where.flow.allowed if where.flow else ()
