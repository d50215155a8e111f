"""Makes a run's folder and recovery store ready, once for all processes of a run.

First they are locked, and everything is looked at that can be wrong; only then is what an earlier run has
left kept aside, or replaced.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bytewax.recovery import RecoveryConfig

from dataflows.config import FlowConfig
from dataflows.connectors.kafka.producer import check_topics
from dataflows.connectors.registry import open_source
from dataflows.console import PlainConsole
from dataflows.lifecycle.locks import Locks
from dataflows.lifecycle.run_id import identity, note_store
from dataflows.loopback import is_loopback
from dataflows.registry.open import reserve_name
from dataflows.registry.start_version import check_start
from dataflows.runtime import earlier_run, recovery_store
from dataflows.runtime.dataflow import build_flow
from dataflows.runtime.store_check import check_store
from dataflows.views.terminal.run import relative
from engine.errors import ConfigError, OutputError
from engine.private_files import private_folder
from engine.seal import load_key

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run writes, and what becomes of what is there.

    Attributes:
        config: What to run.
        recovery: The folder that keeps progress, if there is one.
        overwrite: Whether the results of an earlier run are replaced, and not kept aside.
        processes: How many processes the run has.
    """

    config: FlowConfig
    recovery: Path | None = None
    overwrite: bool = False
    processes: int = 1

    @property
    def run(self) -> Path:
        """The run's folder."""
        return self.config.run_dir


def member(addresses: str, process: int, *, trust_network: bool = False) -> Member:
    """A process as the command line names it.

    Args:
        addresses: host:port of each process, with commas between.
        process: Which of them this is.
        trust_network: Whether they may be those of a network that others can reach.

    Raises:
        ConfigError: When it is none of the addresses, or one is beyond this machine and may not be.
    """
    found = tuple(part.strip() for part in addresses.replace(";", ",").split(",") if part.strip())
    for address in found:
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ConfigError(f"--addresses: expected host:port for each process, got {address!r}")
        if not trust_network and not is_loopback(host):
            raise ConfigError(
                f"--addresses: expected 127.0.0.1 or localhost, got {address}: whoever reaches that port can "
                f"run code as this user. For a network that only the processes can reach, add "
                f"--trust-network (docs/scaling.md)"
            )
    if not 0 <= process < len(found):
        raise ConfigError(
            f"--process: expected 0 to {len(found) - 1} for {len(found)} addresses, got {process}"
        )
    return Member(found, process)


def shared_wish(run: Path, who: Member | None) -> Path | None:
    """The file that asks all processes of a cluster to stop; `None` for a single process."""
    return None if who is None else run / _WISH


@contextmanager
def reserved(place: Place) -> Iterator[Locks]:
    """Locks the run's folder, its recovery store and its name in the registry, until the end of the block.

    Raises:
        OutputError: When one of them is in use or cannot be written, or the store is not this run's.
        ConfigError: When the run cannot both begin anew and go on.
        RegistryError: When the registry cannot be written to.
    """
    with Locks() as locks:
        _lock_folders(place, locks)
        reserve_name(place.config, locks)
        yield locks


def _lock_folders(place: Place, locks: Locks) -> None:
    locks.take_folder(place.run, str(place.run))
    if place.recovery is not None:
        earlier_run.check_store(place.run, place.recovery, overwrite=place.overwrite)
        try:
            private_folder(place.recovery)
        except OSError as error:
            raise OutputError(f"--recovery {place.recovery}: cannot be made: {error.strerror}") from error
        locks.take_folder(place.recovery, f"--recovery {place.recovery}")


def prepare(place: Place, locks: Locks, console: PlainConsole) -> None:
    """Puts the store right for a run that goes on; for a new one it clears the folder and makes the store.

    In a cluster process 0 does so, before the others can write: they meet only afterwards.

    Args:
        place: Where the run writes.
        locks: Those of the run.
        console: Where it is said what became of earlier results.

    Raises:
        RiverkeeperError: When something is wrong with the run; then what was there is as it was.
    """
    run, recovery = place.run, place.recovery
    (run / _WISH).unlink(missing_ok=True)
    earlier_run.remove_leftovers(run)
    if recovery is not None and recovery_store.exists(recovery):
        check_store(recovery, load_key(os.environ))
        recovery_store.forget_unfinished(recovery)
        return
    if earlier_run.has_results(run):
        _check_all(place.config)
        if not place.overwrite:
            aside = relative(earlier_run.keep_aside(run))
            _lock_folders(place, locks)  # those that were moved
            console.print(
                f"earlier results are kept in {aside} ('run --overwrite' replaces them)",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    earlier_run.remove_results(run)
    if recovery is not None:
        note_store(run, recovery)
        parts = 1 if place.processes == 1 else max(_PARTS_OF_A_CLUSTER, place.processes)
        recovery_store.make_store(recovery, parts, identity(run))


def store_of(recovery: Path | None, *, wait: bool) -> RecoveryConfig | None:
    """The recovery store as Bytewax knows it, checked: `prepare` has done so for the process that leads.

    Args:
        recovery: Its folder, if there is one.
        wait: Whether another process makes it.

    Raises:
        OutputError: When that process does not come, or the store is not as it was written.
        ConfigError: When the key is too short.
    """
    if recovery is None:
        return None
    if wait:
        recovery_store.wait_for_store(recovery)
        check_store(recovery, load_key(os.environ))
    return RecoveryConfig(recovery, timedelta(0))  # type: ignore[no-untyped-call]  # Bytewax leaves it untyped


def _check_all(config: FlowConfig) -> None:
    """Opens whatever the run will open.

    Raises:
        RiverkeeperError: When something of it is not there or not right.
    """
    build_flow(config)
    with closing(open_source(config).open(None)) as reader:
        reader.take()
    if config.kafka is not None:
        check_topics(config.kafka)
    check_start(config)
