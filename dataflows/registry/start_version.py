"""The version that a flow begins from."""

from dataflows.config import FlowConfig
from dataflows.registry.open import open_registry, user
from engine.registry.versions import Learned, Start


def check_start(config: FlowConfig) -> None:
    """Looks for the version that `registry.start` names.

    Raises:
        RegistryError: When there is no such version, or its bytes are not there.
    """
    if config.registry.start is not None:
        registry = open_registry(config)
        registry.read(registry.find(config.registry.start))


def read_start(config: FlowConfig) -> Start | None:
    """The one that `registry.start` names; the log says that it was loaded.

    Raises:
        RegistryError: When there is no such version, or its bytes are not there.
        SnapshotError: When it cannot be restored.
    """
    if config.registry.start is None:
        return None
    registry = open_registry(config)
    kept = registry.find(config.registry.start)
    registry.load(kept, config.allowed, user(), f"a start of run {config.run.name}")
    row = kept.row
    learned = Learned(row.learned, row.learned_from, row.learned_to)
    return Start(kept.place, registry.read(kept), learned)
