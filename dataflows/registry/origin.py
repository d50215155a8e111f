"""The configuration that a version was learned under."""

import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from dataflows.config import FlowConfig, load_config
from dataflows.registry.open import open_at
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


def flow_of(where: Opened, kept: VersionRef) -> FlowConfig:
    """The configuration of the version's run, from the log.

    Code is imported only where the flow's own file names it too: a writer of the log must not choose
    what this process imports.

    Raises:
        RegistryError: When the log has none, it is of another Riverkeeper, or it names the user's own code.
    """
    bodies = [entry.body for entry in where.registry.log.entries(run=kept.entry.run, kinds=["run"])]
    before = [body for body in bodies if body["config_sha256"] == kept.row.config_sha256]
    if not before:
        if where.flow is not None:
            return where.flow
        raise RegistryError(
            f"{kept.place}: the log does not say under which configuration it learned; name the flow's file "
            f"with --registry"
        )
    # A folder that was moved is where its flow's file is now.
    base = where.flow.base if where.flow else Path(before[-1]["base"])
    try:
        config = FlowConfig.model_validate(before[-1]["config"] | {"base": base})
    except ValidationError as error:
        raise RegistryError(
            f"{kept.place}: its configuration cannot be read by this Riverkeeper: {error}"
        ) from error
    unknown = set(config.allowed) - set(where.flow.allowed if where.flow else ())
    if unknown:
        raise RegistryError(
            f"{kept.place}: its configuration names code of your own ({', '.join(sorted(unknown))}); name "
            f"the flow's file, which names it too, with --registry"
        )
    if str(config.base) not in sys.path:
        sys.path.insert(0, str(config.base))
    return config


def allowed_for(where: Opened) -> tuple[str, ...]:
    """Modules whose classes a saved model may hold, besides River's: those of the flow's file."""
    return where.flow.allowed if where.flow else ()
