"""Makes a run's folder and recovery store ready, once for all processes of a cluster."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bytewax.recovery import RecoveryConfig

from dataflows.alerts.sink import DELIVERED
from dataflows.config import FlowConfig
from dataflows.connectors.registry import RUN_FILES
from dataflows.lifecycle import commands, run_id
from dataflows.lifecycle.status_file import STATUS
from dataflows.runtime import key_cache, recovery_store
from engine.core.streams import STREAMS
from engine.errors import ConfigError, OutputError

_FILES = (
    *(f"{stream}.jsonl" for stream in STREAMS),
    *commands.FILES,
    *RUN_FILES,
    *key_cache.FILES,
    DELIVERED,
    STATUS,
    run_id.FILE,
    "reports/*-[0-9]*.json",
    "reports/*-[0-9]*.html",
    "report.html",
    "explain-*.html",
    "workspace/*-*-*-*-*/*.json",
    "workspace/*-*-*-*-*/snapshots/*.json",
)
"""What a run writes beside its streams: only these are removed, in case the folder holds anything else."""

_WISH = "stop"
"""The file by which any process of a cluster asks the reading process to stop."""

_PARTS_OF_A_CLUSTER = 8
"""Parts of a new store: as many workers of a cluster can write at once. It cannot be changed later."""


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a cluster.

    Attributes:
        addresses: Of all processes, host:port, the same in each of them.
        process: Which of them this is.
    """

    addresses: tuple[str, ...]
    process: int


def member(addresses: str, process: int) -> Member:
    """A process as the command line names it.

    Raises:
        ConfigError: When it is none of the addresses.
    """
    found = tuple(part.strip() for part in addresses.replace(";", ",").split(",") if part.strip())
    for address in found:
        port = address.rpartition(":")[2]
        if ":" not in address or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ConfigError(f"--addresses: expected host:port for each process, got {address!r}")
    if not 0 <= process < len(found):
        raise ConfigError(
            f"--process: expected 0 to {len(found) - 1} for {len(found)} addresses, got {process}"
        )
    return Member(found, process)


def shared_wish(run: Path, who: Member | None) -> Path | None:
    """The file that asks all processes of a cluster to stop; `None` for a single process."""
    return None if who is None else run / _WISH


def prepare(config: FlowConfig, recovery: Path | None, who: Member | None) -> RecoveryConfig | None:
    """Clears what an earlier run has left, unless this one goes on with it; makes or mends the store.

    In a cluster process 0 does so, before the others can write: they meet only afterwards.

    Raises:
        OutputError: When a folder cannot be used, or process 0 does not come.
    """
    first = who is None or who.process == 0
    if first:
        (config.run_dir / _WISH).unlink(missing_ok=True)
        if recovery is not None and recovery_store.exists(recovery):
            recovery_store.forget_unfinished(recovery)
        else:
            clear(config.run_dir)
            if recovery is not None:
                recovery_store.make_store(
                    recovery, 1 if who is None else max(_PARTS_OF_A_CLUSTER, len(who.addresses))
                )
    if recovery is None:
        return None
    if not first:
        recovery_store.wait_for_store(recovery)
    return RecoveryConfig(recovery, timedelta(0))  # type: ignore[no-untyped-call]  # Bytewax leaves it untyped


def clear(run_dir: Path) -> None:
    """Removes what an earlier run wrote, and nothing else.

    Raises:
        OutputError: When the folder cannot be used.
    """
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        for pattern in _FILES:
            for stale in run_dir.glob(pattern):
                stale.unlink()
    except OSError as error:
        raise OutputError(f"{run_dir}: cannot be written: {error.strerror}") from error
